// RUN: ROUNDTRIP
// RUN: GENERIC_ROUNDTRIP

// Without a kernel it is the average of the whole image.

// CHECK: lowbit.avg_pool2d %{{.*}} kernel [8, 6] strides [8, 6] : (tensor<1x8x6x16x!lowbit.unipolar<2>>) -> tensor<1x1x1x16x!lowbit.unipolar<2>>
func.func @f(%x: tensor<1x8x6x16x!lowbit.unipolar<2>>) {
  %a = lowbit.avg_pool2d %x : (tensor<1x8x6x16x!lowbit.unipolar<2>>) -> tensor<1x1x1x16x!lowbit.unipolar<2>>
  func.return
}

// -----

// CHECK: lowbit.avg_pool2d %{{.*}} kernel [3, 3] strides [2, 2] padding [1, 1, 1, 1] layout nchw round half_away count_padding : (tensor<1x16x8x8x!lowbit.signed<4>>) -> tensor<1x16x4x4x!lowbit.signed<4>>
func.func @f(%x: tensor<1x16x8x8x!lowbit.signed<4>>) {
  %a = lowbit.avg_pool2d %x kernel [3, 3] strides [2, 2] padding [1, 1, 1, 1] layout nchw round half_away count_padding : (tensor<1x16x8x8x!lowbit.signed<4>>) -> tensor<1x16x4x4x!lowbit.signed<4>>
  func.return
}
