// RUN: lowbit-opt %s -p 'lowbit-select-kernel{target=znver5 strategy=dot}' | filecheck %s
// An image of three channels is read in words of neighbouring columns, at any byte: seven columns of
// taps are 21 bytes, or six words. The frame has room for the last one.

// CHECK-LABEL: func.func @columns
// CHECK-NEXT:  %[[X:.*]] = lowbit.reshape %x : {{.*}} -> tensor<1x8x24x1x!lowbit.unipolar<8>>
// CHECK-NEXT:  %[[W:.*]] = lowbit.reshape %w : {{.*}} -> tensor<16x7x21x1x!lowbit.signed<8>>
// CHECK-NEXT:  %[[XP:.*]] = lowbit.bitpack %[[X]] : {{.*}} #lowbit.packed<axis = 3, word = i8, order = [0, 1, 2, 3], frame = [0, 0, 3, 3, 9, 12, 0, 0], bytes = levels>>
// CHECK-NEXT:  %[[WP:.*]] = lowbit.bitpack %[[W]] : {{.*}} #lowbit.packed<axis = 2, word = i32, order = [0, 1, 2, 3], lanes = [0, {{[0-9]+}}], bytes = values>>
// CHECK-NEXT:  lowbit.dot_conv %[[XP]], %[[WP]] strides [2, 6] padding [3, 3, 9, 9] schedule
func.func @columns(%x: tensor<1x8x8x3x!lowbit.unipolar<8>>, %w: tensor<16x7x7x3x!lowbit.signed<8>>) -> tensor<1x4x4x16xi32> {
  %y = lowbit.conv2d %x, %w strides [2, 2] padding [3, 3, 3, 3] : (tensor<1x8x8x3x!lowbit.unipolar<8>>, tensor<16x7x7x3x!lowbit.signed<8>>) -> tensor<1x4x4x16xi32>
  func.return %y : tensor<1x4x4x16xi32>
}
