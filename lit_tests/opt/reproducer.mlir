// RUN: not lowbit-opt %s -p cse,convert-linalg-to-loops,canonicalize --crash-reproducer=%t --print-ir-after-failure 2>&1 | filecheck %s --check-prefix=FAIL
// RUN: filecheck %s --check-prefix=FILE --input-file %t
// RUN: not lowbit-opt --run-reproducer %t 2>&1 | filecheck %s --check-prefix=AGAIN
// RUN: lowbit-opt %t -p cse | filecheck %s

#id = affine_map<(i) -> (i)>
func.func @f(%a: tensor<4xi32>) -> tensor<4xi32> {
  %one = arith.constant 1 : i32
  %two = arith.constant 1 : i32
  %r = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel"]}
      ins(%a : tensor<4xi32>) outs(%a : tensor<4xi32>) {
  ^bb0(%x: i32, %y: i32):
    linalg.yield %x : i32
  } -> tensor<4xi32>
  func.return %r : tensor<4xi32>
}

// FAIL:      // -----// IR Dump After convert-linalg-to-loops Failed //----- //
// FAIL-NEXT: "builtin.module"
// FAIL:      {{^}}error: pass 'convert-linalg-to-loops': lowering for linalg.generic

// The file holds the IR as cse left it, and only the pass that failed.
// FILE:      // configuration: lowbit-opt {{.*}}reproducer.mlir -p cse,
// FILE-NEXT: builtin.module {
// FILE:      linalg.generic
// FILE:      {-#
// FILE-NEXT:   external_resources: {
// FILE-NEXT:     mlir_reproducer: {
// FILE-NEXT:       pipeline: "builtin.module(convert-linalg-to-loops)",
// FILE-NEXT:       verify_each: true

// AGAIN: {{^}}error: pass 'convert-linalg-to-loops': lowering for linalg.generic

// Without --run-reproducer the trailer is skipped.
// CHECK: linalg.generic
