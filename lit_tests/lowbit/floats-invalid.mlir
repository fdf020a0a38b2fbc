// RUN: lowbit-opt %s --split-input-file --parsing-diagnostics --verify-diagnostics | filecheck %s

// CHECK: scale has 2 entries: 1, or 3 for dimension -1, are needed
func.func @f(%x: tensor<2x3xf32>) {
  %a = lowbit.affine %x scale [1.0, 2.0] : (tensor<2x3xf32>) -> tensor<2x3xf32>
  func.return
}

// -----

// CHECK: axis 2 is not one of the 2 dimensions
func.func @f(%x: tensor<2x3xf32>) {
  %a = lowbit.affine %x axis 2 : (tensor<2x3xf32>) -> tensor<2x3xf32>
  func.return
}

// -----

// CHECK: offset must be finite, got [inf]
func.func @f(%x: tensor<2x3xf32>) {
  %a = lowbit.affine %x offset [0x7f800000] : (tensor<2x3xf32>) -> tensor<2x3xf32>
  func.return
}

// -----

// CHECK: variance + epsilon must be positive
func.func @f(%x: tensor<2x3xf32>) {
  %a = lowbit.batch_norm %x mean [0.0] variance [1.0, 0.0, 1.0] epsilon [0.0] : (tensor<2x3xf32>) -> tensor<2x3xf32>
  func.return
}

// -----

// CHECK: epsilon is one number
func.func @f(%x: tensor<2x3xf32>) {
  %a = lowbit.batch_norm %x mean [0.0] variance [1.0] epsilon [0.1, 0.1, 0.1] : (tensor<2x3xf32>) -> tensor<2x3xf32>
  func.return
}

// -----

// CHECK: low must not be above high
func.func @f(%x: tensor<2x3xf32>) {
  %a = lowbit.clip %x low [0.0] high [6.0, -1.0, 6.0] : (tensor<2x3xf32>) -> tensor<2x3xf32>
  func.return
}

// -----

// CHECK: to 'up': half_even, half_up, half_away, floor are allowed
func.func @f(%x: tensor<2x3xf32>) {
  %a = lowbit.round %x to up : (tensor<2x3xf32>) -> tensor<2x3xf32>
  func.return
}

// -----

// CHECK: property 'mean' expected in operation 'lowbit.batch_norm'
func.func @f(%x: tensor<2x3xf32>) {
  %a = lowbit.batch_norm %x variance [1.0] : (tensor<2x3xf32>) -> tensor<2x3xf32>
  func.return
}

// -----

// CHECK: x must be tensor<2x3xf32>, got tensor<2x3xi32>
func.func @f(%x: tensor<2x3xi32>) {
  %a = lowbit.clip %x low [0.0] : (tensor<2x3xi32>) -> tensor<2x3xf32>
  func.return
}
