// RUN: lowbit-opt %s -p canonicalize,cse,cse --print-ir-before-all --print-ir-after-all 2>&1 >/dev/null | filecheck %s --check-prefix=ALL
// RUN: lowbit-opt %s -p canonicalize,cse,cse --mlir-print-ir-after-change 2>&1 >/dev/null | filecheck %s --check-prefix=CHANGE
// RUN: lowbit-opt %s -p canonicalize,cse,cse --timing --pass-statistics 2>&1 >/dev/null | filecheck %s --check-prefix=REPORT

func.func @f(%a: i32) -> i32 {
  %0 = arith.addi %a, %a : i32
  %1 = arith.addi %a, %a : i32
  %2 = arith.muli %0, %1 : i32
  func.return %2 : i32
}

// ALL:      // -----// IR Dump Before canonicalize //----- //
// ALL:      // -----// IR Dump After canonicalize //----- //
// ALL-NEXT: builtin.module {
// ALL:      // -----// IR Dump Before cse //----- //
// ALL:      // -----// IR Dump After cse //----- //
// ALL:      // -----// IR Dump Before cse //----- //
// ALL:      // -----// IR Dump After cse //----- //
// ALL:      arith.addi
// ALL-NEXT: arith.muli

// CHANGE-NOT:  IR Dump After canonicalize
// CHANGE:      // -----// IR Dump After cse //----- //
// CHANGE-NOT:  IR Dump After cse

// REPORT:      Execution time report
// REPORT:      ----Wall time----  ----Name----
// REPORT-NEXT: Parser
// REPORT-NEXT: Verifier
// REPORT-NEXT: canonicalize
// REPORT-NEXT: cse
// REPORT-NEXT: cse
// REPORT-NEXT: Output
// REPORT-NEXT: Rest
// REPORT-NEXT: (100.0%)  Total
// REPORT:      Pass statistics report
// REPORT:      canonicalize: 6 -> 6 ops
// REPORT-NEXT: cse: 6 -> 5 ops
// REPORT-NEXT:   arith.addi: 2 -> 1 (-1)
// REPORT-NEXT: cse: 5 -> 5 ops
