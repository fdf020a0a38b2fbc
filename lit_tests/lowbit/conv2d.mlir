// RUN: ROUNDTRIP
// RUN: GENERIC_ROUNDTRIP

// Clauses that have their default are left out; they come in any order.

// CHECK: lowbit.conv2d %{{.*}}, %{{.*}} : (tensor<1x8x8x16x!lowbit.unipolar<2>>, tensor<32x3x3x16x!lowbit.bipolar<1>>) -> tensor<1x6x6x32xi32>
func.func @f(%x: tensor<1x8x8x16x!lowbit.unipolar<2>>, %w: tensor<32x3x3x16x!lowbit.bipolar<1>>) {
  %a = lowbit.conv2d %x, %w : (tensor<1x8x8x16x!lowbit.unipolar<2>>, tensor<32x3x3x16x!lowbit.bipolar<1>>) -> tensor<1x6x6x32xi32>
  func.return
}

// -----

// CHECK: lowbit.conv2d %{{.*}}, %{{.*}} padding [1, 1, 1, 1] : (tensor<1x8x8x16x!lowbit.unipolar<2>>, tensor<32x3x3x16x!lowbit.bipolar<1>>) -> tensor<1x8x8x32xi32>
func.func @f(%x: tensor<1x8x8x16x!lowbit.unipolar<2>>, %w: tensor<32x3x3x16x!lowbit.bipolar<1>>) {
  %a = lowbit.conv2d %x, %w padding [1, 1, 1, 1] : (tensor<1x8x8x16x!lowbit.unipolar<2>>, tensor<32x3x3x16x!lowbit.bipolar<1>>) -> tensor<1x8x8x32xi32>
  func.return
}

// -----

// CHECK: lowbit.conv2d %{{.*}}, %{{.*}} strides [2, 1] padding [0, 1, 2, 3] dilation [1, 2] : (tensor<1x8x8x16x!lowbit.unipolar<2>>, tensor<32x3x3x16x!lowbit.bipolar<1>>) -> tensor<1x4x9x32xi32>
func.func @f(%x: tensor<1x8x8x16x!lowbit.unipolar<2>>, %w: tensor<32x3x3x16x!lowbit.bipolar<1>>) {
  %a = lowbit.conv2d %x, %w strides [2, 1] padding [0, 1, 2, 3] dilation [1, 2] : (tensor<1x8x8x16x!lowbit.unipolar<2>>, tensor<32x3x3x16x!lowbit.bipolar<1>>) -> tensor<1x4x9x32xi32>
  func.return
}

// -----

// CHECK: lowbit.conv2d %{{.*}}, %{{.*}} groups 2 layout nchw : (tensor<1x16x8x8x!lowbit.unipolar<2>>, tensor<32x8x3x3x!lowbit.signed<2>>) -> tensor<1x32x6x6xi32>
func.func @f(%x: tensor<1x16x8x8x!lowbit.unipolar<2>>, %w: tensor<32x8x3x3x!lowbit.signed<2>>) {
  %a = lowbit.conv2d %x, %w layout nchw groups 2 strides [1, 1] : (tensor<1x16x8x8x!lowbit.unipolar<2>>, tensor<32x8x3x3x!lowbit.signed<2>>) -> tensor<1x32x6x6xi32>
  func.return
}

// -----

// All codes, codebooks too
// CHECK: lowbit.conv2d %{{.*}}, %{{.*}} : (tensor<1x8x8x16x!lowbit.codebook<1, [5, 9]>>, tensor<32x3x3x16x!lowbit.unipolar<8>>) -> tensor<1x6x6x32xi32>
func.func @f(%x: tensor<1x8x8x16x!lowbit.codebook<1, [5, 9]>>, %w: tensor<32x3x3x16x!lowbit.unipolar<8>>) {
  %a = lowbit.conv2d %x, %w : (tensor<1x8x8x16x!lowbit.codebook<1, [5, 9]>>, tensor<32x3x3x16x!lowbit.unipolar<8>>) -> tensor<1x6x6x32xi32>
  func.return
}
