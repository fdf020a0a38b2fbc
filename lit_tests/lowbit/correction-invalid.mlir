// RUN: lowbit-opt %s --split-input-file --parsing-diagnostics --verify-diagnostics | filecheck %s

// CHECK: property 'x_code' expected in operation 'lowbit.correction'
func.func @f(%w: tensor<32x3x3x16x!lowbit.bipolar<1>>) {
  %a = lowbit.correction %w image [8, 8] : (tensor<32x3x3x16x!lowbit.bipolar<1>>) -> tensor<1x1x32xi32>
  func.return
}

// -----

// CHECK: x_code must be an affine code, got codebook<1, [1, 2]>
func.func @f(%w: tensor<32x3x3x16x!lowbit.bipolar<1>>) {
  %a = lowbit.correction %w x_code !lowbit.codebook<1, [1, 2]> image [8, 8] : (tensor<32x3x3x16x!lowbit.bipolar<1>>) -> tensor<1x1x32xi32>
  func.return
}

// -----

// CHECK: x_code must be an affine code, got i32
func.func @f(%w: tensor<32x3x3x16x!lowbit.bipolar<1>>) {
  %a = lowbit.correction %w x_code i32 image [8, 8] : (tensor<32x3x3x16x!lowbit.bipolar<1>>) -> tensor<1x1x32xi32>
  func.return
}

// -----

// CHECK: image needs 2 positive integers, height and width
func.func @f(%w: tensor<32x3x3x16x!lowbit.bipolar<1>>) {
  %a = lowbit.correction %w x_code !lowbit.unipolar<2> : (tensor<32x3x3x16x!lowbit.bipolar<1>>) -> tensor<1x1x32xi32>
  func.return
}

// -----

// CHECK: image needs 2 positive integers, height and width
func.func @f(%w: tensor<32x3x3x16x!lowbit.bipolar<1>>) {
  %a = lowbit.correction %w x_code !lowbit.unipolar<2> image [8, 0] : (tensor<32x3x3x16x!lowbit.bipolar<1>>) -> tensor<1x1x32xi32>
  func.return
}

// -----

// CHECK: the filter does not fit in the height: 3 taps, dilation 1, on 0 + 2 + 0
func.func @f(%w: tensor<32x3x3x16x!lowbit.bipolar<1>>) {
  %a = lowbit.correction %w x_code !lowbit.unipolar<2> image [2, 8] : (tensor<32x3x3x16x!lowbit.bipolar<1>>) -> tensor<1x1x32xi32>
  func.return
}

// -----

// CHECK: w: kernels take affine codes, got codebook<1, [1, 2]>
func.func @f(%w: tensor<32x3x3x16x!lowbit.codebook<1, [1, 2]>>) {
  %a = lowbit.correction %w x_code !lowbit.unipolar<2> image [8, 8] : (tensor<32x3x3x16x!lowbit.codebook<1, [1, 2]>>) -> tensor<1x1x32xi32>
  func.return
}

// -----

// CHECK: w must not be packed
!w = tensor<32x3x3x16x!lowbit.bipolar<1>, #lowbit.packed<axis = 3, word = i32, order = [0, p, 1, 2, 3], lanes = [0, 16]>>
func.func @f(%w: !w) {
  %a = lowbit.correction %w x_code !lowbit.unipolar<2> image [8, 8] : (!w) -> tensor<1x1x32xi32>
  func.return
}

// -----

// CHECK: w must have 4 dimensions, got 3
func.func @f(%w: tensor<32x3x16x!lowbit.bipolar<1>>) {
  %a = lowbit.correction %w x_code !lowbit.unipolar<2> image [8, 8] : (tensor<32x3x16x!lowbit.bipolar<1>>) -> tensor<1x1x32xi32>
  func.return
}

// -----

// CHECK: result must be tensor<3x3x32xi32>, got tensor<1x1x32xi32>
func.func @f(%w: tensor<32x3x3x16x!lowbit.bipolar<1>>) {
  %a = lowbit.correction %w x_code !lowbit.bipolar<1> image [8, 8] padding [1, 1, 1, 1] : (tensor<32x3x3x16x!lowbit.bipolar<1>>) -> tensor<1x1x32xi32>
  func.return
}
