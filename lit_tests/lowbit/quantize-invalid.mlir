// RUN: lowbit-opt %s --split-input-file --parsing-diagnostics --verify-diagnostics | filecheck %s

// CHECK: property 'scale' expected in operation 'lowbit.quantize'
func.func @f(%x: tensor<3x4xf32>) {
  %a = lowbit.quantize %x  : (tensor<3x4xf32>) -> tensor<3x4x!lowbit.signed<4>>
  func.return
}

// -----

// CHECK: scale must be positive and finite, got [0.0]
func.func @f(%x: tensor<3x4xf32>) {
  %a = lowbit.quantize %x scale [0.0] : (tensor<3x4xf32>) -> tensor<3x4x!lowbit.signed<4>>
  func.return
}

// -----

// CHECK: scale must be positive and finite, got []
func.func @f(%x: tensor<3x4xf32>) {
  %a = lowbit.quantize %x scale [] : (tensor<3x4xf32>) -> tensor<3x4x!lowbit.signed<4>>
  func.return
}

// -----

// CHECK: scale must be positive and finite, got [1.0, -2.0, 1.0, 1.0]
func.func @f(%x: tensor<3x4xf32>) {
  %a = lowbit.quantize %x scale [1.0, -2.0, 1.0, 1.0] : (tensor<3x4xf32>) -> tensor<3x4x!lowbit.signed<4>>
  func.return
}

// -----

// CHECK: the number does not fit in f32
func.func @f(%x: tensor<3x4xf32>) {
  %a = lowbit.quantize %x scale [1.0e+300] : (tensor<3x4xf32>) -> tensor<3x4x!lowbit.signed<4>>
  func.return
}

// -----

// CHECK: scale has 3 entries: 1, or 4 for dimension -1, are needed
func.func @f(%x: tensor<3x4xf32>) {
  %a = lowbit.quantize %x scale [1.0, 2.0, 3.0] : (tensor<3x4xf32>) -> tensor<3x4x!lowbit.signed<4>>
  func.return
}

// -----

// CHECK: axis 2 is not one of the 2 dimensions
func.func @f(%x: tensor<3x4xf32>) {
  %a = lowbit.quantize %x scale [1.0] axis 2 : (tensor<3x4xf32>) -> tensor<3x4x!lowbit.signed<4>>
  func.return
}

// -----

// CHECK: axis -1 is not one of the 0 dimensions
func.func @f(%x: tensor<f32>) {
  %a = lowbit.quantize %x scale [1.0] : (tensor<f32>) -> tensor<!lowbit.signed<4>>
  func.return
}

// -----

// CHECK: round 'up': half_even, half_up, half_away are allowed
func.func @f(%x: tensor<3x4xf32>) {
  %a = lowbit.quantize %x scale [1.0] round up : (tensor<3x4xf32>) -> tensor<3x4x!lowbit.signed<4>>
  func.return
}

// -----

// CHECK: lowbit.quantize: clause 'scales' is unknown; allowed: scale, axis, round
func.func @f(%x: tensor<3x4xf32>) {
  %a = lowbit.quantize %x scales [1.0] : (tensor<3x4xf32>) -> tensor<3x4x!lowbit.signed<4>>
  func.return
}

// -----

// CHECK: lowbit.quantize: clause 'scale' is given twice; allowed: scale, axis, round
func.func @f(%x: tensor<3x4xf32>) {
  %a = lowbit.quantize %x scale [1.0] scale [2.0] : (tensor<3x4xf32>) -> tensor<3x4x!lowbit.signed<4>>
  func.return
}

// -----

// CHECK: x must be tensor<3x4xf32>, got tensor<3x4xf64>
func.func @f(%x: tensor<3x4xf64>) {
  %a = lowbit.quantize %x scale [1.0] : (tensor<3x4xf64>) -> tensor<3x4x!lowbit.signed<4>>
  func.return
}

// -----

// CHECK: x must have known, positive extents, got ?x4
func.func @f(%x: tensor<?x4xf32>) {
  %a = lowbit.quantize %x scale [1.0] : (tensor<?x4xf32>) -> tensor<3x4x!lowbit.signed<4>>
  func.return
}

// -----

// CHECK: result must be tensor<3x4x!lowbit.signed<4>>, got tensor<4x3x!lowbit.signed<4>>
func.func @f(%x: tensor<3x4xf32>) {
  %a = lowbit.quantize %x scale [1.0] : (tensor<3x4xf32>) -> tensor<4x3x!lowbit.signed<4>>
  func.return
}

// -----

// CHECK: quantize gives affine codes, got codebook<1, [1, 2]>
func.func @f(%x: tensor<3x4xf32>) {
  %a = lowbit.quantize %x scale [1.0] : (tensor<3x4xf32>) -> tensor<3x4x!lowbit.codebook<1, [1, 2]>>
  func.return
}

// -----

// CHECK: result must be tensor<3x4x!lowbit.signed<4>>, got tensor<3x4x!lowbit.signed<4>, #lowbit.packed
!r = tensor<3x4x!lowbit.signed<4>, #lowbit.packed<axis = 1, word = i8, order = [p, 0, 1]>>
func.func @f(%x: tensor<3x4xf32>) {
  %a = lowbit.quantize %x scale [1.0] : (tensor<3x4xf32>) -> !r
  func.return
}

// -----

// CHECK: Expected attribute f32 but got i64
func.func @f(%x: tensor<3x4xf32>) {
  %a = "lowbit.quantize"(%x) <{scale = array<i64: 1>, axis = -1 : i64, round = "half_up"}> : (tensor<3x4xf32>) -> tensor<3x4x!lowbit.signed<4>>
  func.return
}

// -----

// CHECK: property 'axis' expected in operation 'lowbit.quantize'
func.func @f(%x: tensor<3x4xf32>) {
  %a = "lowbit.quantize"(%x) <{scale = array<f32: 1.0>, round = "half_up"}> : (tensor<3x4xf32>) -> tensor<3x4x!lowbit.signed<4>>
  func.return
}
