// RUN: ROUNDTRIP
// RUN: GENERIC_ROUNDTRIP

// Strides are the kernel where they are not given. Packed, only the frame may change.

// CHECK: lowbit.max_pool2d %{{.*}} kernel [2, 2] strides [2, 2] : (tensor<1x8x8x16x!lowbit.unipolar<2>>) -> tensor<1x4x4x16x!lowbit.unipolar<2>>
func.func @f(%x: tensor<1x8x8x16x!lowbit.unipolar<2>>) {
  %a = lowbit.max_pool2d %x kernel [2, 2] : (tensor<1x8x8x16x!lowbit.unipolar<2>>) -> tensor<1x4x4x16x!lowbit.unipolar<2>>
  func.return
}

// -----

// CHECK: lowbit.max_pool2d %{{.*}} kernel [3, 3] strides [2, 2] padding [1, 1, 1, 1] : (tensor<1x8x8x16x!lowbit.unipolar<2>>) -> tensor<1x4x4x16x!lowbit.unipolar<2>>
func.func @f(%x: tensor<1x8x8x16x!lowbit.unipolar<2>>) {
  %a = lowbit.max_pool2d %x kernel [3, 3] strides [2, 2] padding [1, 1, 1, 1] : (tensor<1x8x8x16x!lowbit.unipolar<2>>) -> tensor<1x4x4x16x!lowbit.unipolar<2>>
  func.return
}

// -----

// CHECK: lowbit.max_pool2d %{{.*}} kernel [2, 2] strides [2, 2] layout nchw : (tensor<1x16x8x8x!lowbit.unipolar<2>>) -> tensor<1x16x4x4x!lowbit.unipolar<2>>
func.func @f(%x: tensor<1x16x8x8x!lowbit.unipolar<2>>) {
  %a = lowbit.max_pool2d %x kernel [2, 2] layout nchw : (tensor<1x16x8x8x!lowbit.unipolar<2>>) -> tensor<1x16x4x4x!lowbit.unipolar<2>>
  func.return
}

// -----

// CHECK: lowbit.max_pool2d %{{.*}} kernel [2, 2] strides [2, 2] : (tensor<1x8x8x16x!lowbit.unipolar<2>, #lowbit.packed<axis = 3, word = i32, order = [0, 1, p, 3, 2], frame = [0, 0, 1, 1, 1, 1, 0, 0]>>) -> tensor<1x4x4x16x!lowbit.unipolar<2>, #lowbit.packed<axis = 3, word = i32, order = [0, 1, p, 3, 2]>>
!x = tensor<1x8x8x16x!lowbit.unipolar<2>, #lowbit.packed<axis = 3, word = i32, order = [0, 1, p, 3, 2], frame = [0, 0, 1, 1, 1, 1, 0, 0]>>
!r = tensor<1x4x4x16x!lowbit.unipolar<2>, #lowbit.packed<axis = 3, word = i32, order = [0, 1, p, 3, 2]>>
func.func @f(%x: !x) {
  %a = lowbit.max_pool2d %x kernel [2, 2] : (!x) -> !r
  func.return
}
