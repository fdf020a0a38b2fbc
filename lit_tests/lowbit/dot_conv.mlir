// RUN: ROUNDTRIP
// RUN: GENERIC_ROUNDTRIP

// Channels of four bytes a word, innermost; these codes need no correction.

// CHECK: lowbit.dot_conv %{{.*}}, %{{.*}} padding [1, 1, 1, 1] schedule #lowbit.schedule<tile = 7x1, unroll = 0, order = rows> : (tensor<1x4x4x6x!lowbit.unipolar<4>, #lowbit.packed<axis = 3, word = i32, order = [0, 1, 2, 3], frame = [0, 0, 1, 1, 1, 1, 0, 0], bytes = levels>>, tensor<8x3x3x6x!lowbit.signed<4>, #lowbit.packed<axis = 3, word = i32, order = [0, 1, 2, 3], lanes = [0, 16], bytes = values>>) -> tensor<1x4x4x8xi32>
!x = tensor<1x4x4x6x!lowbit.unipolar<4>, #lowbit.packed<axis = 3, word = i32, order = [0, 1, 2, 3], frame = [0, 0, 1, 1, 1, 1, 0, 0], bytes = levels>>
!w = tensor<8x3x3x6x!lowbit.signed<4>, #lowbit.packed<axis = 3, word = i32, order = [0, 1, 2, 3], lanes = [0, 16], bytes = values>>
func.func @f(%x: !x, %w: !w) {
  %a = lowbit.dot_conv %x, %w padding [1, 1, 1, 1] schedule #lowbit.schedule<tile = 7x1, unroll = 0, order = rows> : (!x, !w) -> tensor<1x4x4x8xi32>
  func.return
}
