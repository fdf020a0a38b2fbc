// RUN: ROUNDTRIP
// RUN: GENERIC_ROUNDTRIP

// Weights are levels shifted by the bits of x. Codebooks without a 0 need a correction.

// CHECK: lowbit.product_lut_conv %{{.*}}, %{{.*}}, %{{.*}} padding [1, 1, 1, 1] schedule #lowbit.schedule<tile = 7x1, unroll = 0, order = rows> : (tensor<1x4x4x6x!lowbit.codebook<2, [9, -7, 2, -1]>, #lowbit.packed<axis = 3, word = i32, order = [0, 1, 2, 3], frame = [0, 0, 1, 1, 1, 1, 0, 0], bytes = levels>>, tensor<8x3x3x6x!lowbit.signed<3>, #lowbit.packed<axis = 3, word = i32, order = [0, 1, 2, 3], lanes = [0, 16], bytes = levels, shift = 2>>, tensor<3x3x8xi32>) -> tensor<1x4x4x8xi32>
!x = tensor<1x4x4x6x!lowbit.codebook<2, [9, -7, 2, -1]>, #lowbit.packed<axis = 3, word = i32, order = [0, 1, 2, 3], frame = [0, 0, 1, 1, 1, 1, 0, 0], bytes = levels>>
!w = tensor<8x3x3x6x!lowbit.signed<3>, #lowbit.packed<axis = 3, word = i32, order = [0, 1, 2, 3], lanes = [0, 16], bytes = levels, shift = 2>>
func.func @f(%x: !x, %w: !w, %c: tensor<3x3x8xi32>) {
  %a = lowbit.product_lut_conv %x, %w, %c padding [1, 1, 1, 1] schedule #lowbit.schedule<tile = 7x1, unroll = 0, order = rows> : (!x, !w, tensor<3x3x8xi32>) -> tensor<1x4x4x8xi32>
  func.return
}
