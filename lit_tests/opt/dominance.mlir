// RUN: lowbit-opt %s --split-input-file --verify-diagnostics | filecheck %s
// RUN: not lowbit-opt %s -p lowbit-pipeline 2>&1 | filecheck %s --check-prefix=PLACE
// RUN: not lowbit-opt %s -p lowbit-fold-constants 2>&1 | filecheck %s --check-prefix=PLACE

// PLACE: {{^}}error: {{.*}}dominance.mlir:[[# @LINE + 3]]:3: 'lowbit.add': operand does not dominate this use: operand #0, a result of 'lowbit.add'
// CHECK: operand does not dominate this use: operand #0, a result of 'lowbit.add'
func.func @later(%x: tensor<4xi32>) -> tensor<4xi32> {
  %b = lowbit.add %a, %x : (tensor<4xi32>, tensor<4xi32>) -> tensor<4xi32>
  %a = lowbit.add %x, %x : (tensor<4xi32>, tensor<4xi32>) -> tensor<4xi32>
  func.return %b : tensor<4xi32>
}

// -----

// CHECK: operand does not dominate this use: operand #0, a result of 'lowbit.unpack'
!x = tensor<1x8x8x16x!lowbit.unipolar<2>>
!p = tensor<1x8x8x16x!lowbit.unipolar<2>, #lowbit.packed<axis = 3, word = i32, order = [0, 1, p, 3, 2]>>
func.func @cycle(%x: !x) -> !x {
  %p = lowbit.bitpack %u : (!x) -> !p
  %u = lowbit.unpack %p : (!p) -> !x
  func.return %u : !x
}

// -----

// CHECK: operand does not dominate this use: operand #1, a result of 'arith.constant'
func.func @epilogue(%x: tensor<8x70x!lowbit.signed<4>, #lowbit.packed<axis = 1, word = i32, order = [p, 0, 1]>>, %w: tensor<70x9x!lowbit.unipolar<1>, #lowbit.packed<axis = 0, word = i32, order = [1, p, 0], lanes = [1, 4]>>) {
  %y = lowbit.bitserial_gemm %x, %w : (tensor<8x70x!lowbit.signed<4>, #lowbit.packed<axis = 1, word = i32, order = [p, 0, 1]>>, tensor<70x9x!lowbit.unipolar<1>, #lowbit.packed<axis = 0, word = i32, order = [1, p, 0], lanes = [1, 4]>>) -> tensor<8x9x!lowbit.unipolar<1>> epilogue {
  ^bb0(%acc: tensor<8x9xi32>):
    %g = lowbit.fused_glue %acc, %t form threshold : (tensor<8x9xi32>, tensor<9x1xi32>) -> tensor<8x9x!lowbit.unipolar<1>>
    lowbit.yield %g : (tensor<8x9x!lowbit.unipolar<1>>) -> ()
  }
  %t = arith.constant dense<1> : tensor<9x1xi32>
  func.return
}
