// RUN: lowbit-opt %s --split-input-file --parsing-diagnostics --verify-diagnostics | filecheck %s

// CHECK: x cannot be bipolar: averages are not all odd
func.func @f(%x: tensor<1x8x8x16x!lowbit.bipolar<2>>) {
  %a = lowbit.avg_pool2d %x kernel [2, 2] : (tensor<1x8x8x16x!lowbit.bipolar<2>>) -> tensor<1x4x4x16x!lowbit.bipolar<2>>
  func.return
}

// -----

// CHECK: avg_pool2d takes affine codes, got codebook<1, [1, 2]>
func.func @f(%x: tensor<1x8x8x16x!lowbit.codebook<1, [1, 2]>>) {
  %a = lowbit.avg_pool2d %x kernel [2, 2] : (tensor<1x8x8x16x!lowbit.codebook<1, [1, 2]>>) -> tensor<1x4x4x16x!lowbit.unipolar<2>>
  func.return
}

// -----

// CHECK: x and result must not be packed; use lowbit.unpack
!x = tensor<1x8x8x16x!lowbit.unipolar<2>, #lowbit.packed<axis = 3, word = i32, order = [0, 1, p, 3, 2]>>
func.func @f(%x: !x) {
  %a = lowbit.avg_pool2d %x kernel [2, 2] : (!x) -> tensor<1x4x4x16x!lowbit.unipolar<2>>
  func.return
}

// -----

// CHECK: round 'half_odd': half_even, half_up, half_away, floor are allowed
func.func @f(%x: tensor<1x8x8x16x!lowbit.unipolar<2>>) {
  %a = lowbit.avg_pool2d %x kernel [2, 2] round half_odd : (tensor<1x8x8x16x!lowbit.unipolar<2>>) -> tensor<1x4x4x16x!lowbit.unipolar<2>>
  func.return
}

// -----

// CHECK: result must be [1, 1, 1, 16] of unipolar<2>, got tensor<1x4x4x16x!lowbit.unipolar<2>>
func.func @f(%x: tensor<1x8x8x16x!lowbit.unipolar<2>>) {
  %a = lowbit.avg_pool2d %x : (tensor<1x8x8x16x!lowbit.unipolar<2>>) -> tensor<1x4x4x16x!lowbit.unipolar<2>>
  func.return
}

// -----

// CHECK: kernel [4096, 4096] holds more than 4194304 elements
func.func @f(%x: tensor<1x4096x4096x1x!lowbit.unipolar<2>>) {
  %a = lowbit.avg_pool2d %x : (tensor<1x4096x4096x1x!lowbit.unipolar<2>>) -> tensor<1x1x1x1x!lowbit.unipolar<2>>
  func.return
}

// -----

// CHECK: kernel [512, 512] holds more than 65536 elements where those of the padding are not counted
func.func @f(%x: tensor<1x600x600x1x!lowbit.unipolar<2>>) {
  %a = lowbit.avg_pool2d %x kernel [512, 512] strides [1, 1] padding [1, 0, 0, 0] : (tensor<1x600x600x1x!lowbit.unipolar<2>>) -> tensor<1x90x89x1x!lowbit.unipolar<2>>
  func.return
}

// -----

// CHECK: x must have 4 dimensions, got 2
func.func @f(%x: tensor<8x8x!lowbit.unipolar<2>>) {
  %a = lowbit.avg_pool2d %x kernel [2, 2] : (tensor<8x8x!lowbit.unipolar<2>>) -> tensor<4x4x!lowbit.unipolar<2>>
  func.return
}
