// RUN: ROUNDTRIP
// RUN: GENERIC_ROUNDTRIP

// Activations in words of 64 channels as for bit-serial kernels, weights as indices of tables; these
// codes need no correction.

// CHECK: lowbit.lut_conv %{{.*}}, %{{.*}} padding [1, 1, 1, 1] schedule #lowbit.schedule<tile = 4x4, unroll = 1, order = rows> : (tensor<1x4x4x70x!lowbit.unipolar<2>, #lowbit.packed<axis = 3, word = i64, order = [0, 1, p, 3, 2], frame = [0, 0, 1, 1, 1, 1, 0, 0]>>, tensor<8x3x3x70x!lowbit.signed<2>, #lowbit.packed<axis = 3, word = i64, order = [0, p, 1, 2, 3], lanes = [0, 64], index = [6, 64]>>) -> tensor<1x4x4x8xi32>
!x = tensor<1x4x4x70x!lowbit.unipolar<2>, #lowbit.packed<axis = 3, word = i64, order = [0, 1, p, 3, 2], frame = [0, 0, 1, 1, 1, 1, 0, 0]>>
!w = tensor<8x3x3x70x!lowbit.signed<2>, #lowbit.packed<axis = 3, word = i64, order = [0, p, 1, 2, 3], lanes = [0, 64], index = [6, 64]>>
func.func @f(%x: !x, %w: !w) {
  %a = lowbit.lut_conv %x, %w padding [1, 1, 1, 1] schedule #lowbit.schedule<tile = 4x4, unroll = 1, order = rows> : (!x, !w) -> tensor<1x4x4x8xi32>
  func.return
}
