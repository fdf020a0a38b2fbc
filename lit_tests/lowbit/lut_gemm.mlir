// RUN: ROUNDTRIP
// RUN: GENERIC_ROUNDTRIP

// Indices of tables of 16 entries, two registers of 16 output channels a block. Bipolar weights need a
// correction.

// CHECK: lowbit.lut_gemm %{{.*}}, %{{.*}}, %{{.*}} : (tensor<5x300x!lowbit.bipolar<2>, #lowbit.packed<axis = 1, word = i64, order = [p, 1, 0]>>, tensor<300x9x!lowbit.bipolar<1>, #lowbit.packed<axis = 0, word = i64, order = [1, p, 0], lanes = [1, 32], index = [4, 16]>>, tensor<1x1x9xi32>) -> tensor<5x9xi32>
!x = tensor<5x300x!lowbit.bipolar<2>, #lowbit.packed<axis = 1, word = i64, order = [p, 1, 0]>>
!w = tensor<300x9x!lowbit.bipolar<1>, #lowbit.packed<axis = 0, word = i64, order = [1, p, 0], lanes = [1, 32], index = [4, 16]>>
func.func @f(%x: !x, %w: !w, %c: tensor<1x1x9xi32>) {
  %a = lowbit.lut_gemm %x, %w, %c : (!x, !w, tensor<1x1x9xi32>) -> tensor<5x9xi32>
  func.return
}
