// RUN: ROUNDTRIP
// RUN: GENERIC_ROUNDTRIP

// A constant per output channel, and per border class for bipolar activations.

// CHECK: lowbit.correction %{{.*}} x_code !lowbit.unipolar<2> image [8, 8] padding [1, 1, 1, 1] : (tensor<32x3x3x16x!lowbit.bipolar<1>>) -> tensor<1x1x32xi32>
func.func @f(%w: tensor<32x3x3x16x!lowbit.bipolar<1>>) {
  %a = lowbit.correction %w x_code !lowbit.unipolar<2> image [8, 8] padding [1, 1, 1, 1] : (tensor<32x3x3x16x!lowbit.bipolar<1>>) -> tensor<1x1x32xi32>
  func.return
}

// -----

// CHECK: lowbit.correction %{{.*}} x_code !lowbit.bipolar<1> image [8, 8] padding [1, 1, 1, 1] : (tensor<32x3x3x16x!lowbit.bipolar<1>>) -> tensor<3x3x32xi32>
func.func @f(%w: tensor<32x3x3x16x!lowbit.bipolar<1>>) {
  %a = lowbit.correction %w x_code !lowbit.bipolar<1> image [8, 8] padding [1, 1, 1, 1] : (tensor<32x3x3x16x!lowbit.bipolar<1>>) -> tensor<3x3x32xi32>
  func.return
}

// -----

// CHECK: lowbit.correction %{{.*}} x_code !lowbit.bipolar<1> image [8, 8] strides [2, 2] padding [1, 1, 0, 0] : (tensor<32x3x3x16x!lowbit.bipolar<1>>) -> tensor<2x1x32xi32>
func.func @f(%w: tensor<32x3x3x16x!lowbit.bipolar<1>>) {
  %a = lowbit.correction %w x_code !lowbit.bipolar<1> image [8, 8] strides [2, 2] padding [1, 1, 0, 0] : (tensor<32x3x3x16x!lowbit.bipolar<1>>) -> tensor<2x1x32xi32>
  func.return
}

// -----

// CHECK: lowbit.correction %{{.*}} x_code !lowbit.bipolar<1> : (tensor<70x9x!lowbit.signed<2>>) -> tensor<1x1x9xi32>
func.func @f(%w: tensor<70x9x!lowbit.signed<2>>) {
  %a = lowbit.correction %w x_code !lowbit.bipolar<1> : (tensor<70x9x!lowbit.signed<2>>) -> tensor<1x1x9xi32>
  func.return
}

// -----

// CHECK: lowbit.correction %{{.*}} x_code !lowbit.bipolar<1> image [8, 8] groups 2 layout nchw : (tensor<32x8x3x3x!lowbit.signed<2>>) -> tensor<1x1x32xi32>
func.func @f(%w: tensor<32x8x3x3x!lowbit.signed<2>>) {
  %a = lowbit.correction %w x_code !lowbit.bipolar<1> image [8, 8] groups 2 layout nchw : (tensor<32x8x3x3x!lowbit.signed<2>>) -> tensor<1x1x32xi32>
  func.return
}
