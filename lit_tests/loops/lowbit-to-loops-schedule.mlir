// RUN: lowbit-opt %s -p 'lowbit-to-loops{target=znver5}' --split-input-file | filecheck %s
// RUN: not lowbit-opt %s -p 'lowbit-to-loops{target=x86-64-v3}' --split-input-file 2>&1 | filecheck %s --check-prefix=AVX2

// A schedule that one target has registers for and another has not.

!x = tensor<5x70x!lowbit.unipolar<2>, #lowbit.packed<axis = 1, word = i32, order = [p, 0, 1]>>
!w = tensor<70x9x!lowbit.unipolar<1>, #lowbit.packed<axis = 0, word = i32, order = [1, p, 0], lanes = [1, 64]>>

// CHECK-LABEL: func.func @gemm_0_bitserial_gemm
// CHECK:         lowbit.bitserial_tile {{.*}} pixels 5 vectors 4
// AVX2: error: {{.*}}lowbit-to-loops-schedule.mlir:[[# @LINE + 2]]:3: pass 'lowbit-lower-contractions': 'lowbit.bitserial_gemm': schedule: tile 5x4 needs 50 vector registers; x86-64-v3 has 16
func.func @gemm(%x: !x, %w: !w) -> tensor<5x9xi32> {
  %y = lowbit.bitserial_gemm %x, %w schedule #lowbit.schedule<tile = 5x4, unroll = 0, order = rows> : (!x, !w) -> tensor<5x9xi32>
  func.return %y : tensor<5x9xi32>
}
