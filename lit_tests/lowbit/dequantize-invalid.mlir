// RUN: lowbit-opt %s --split-input-file --parsing-diagnostics --verify-diagnostics | filecheck %s

// CHECK: property 'scale' expected in operation 'lowbit.dequantize'
func.func @f(%x: tensor<3x4x!lowbit.signed<4>>) {
  %a = lowbit.dequantize %x  : (tensor<3x4x!lowbit.signed<4>>) -> tensor<3x4xf32>
  func.return
}

// -----

// CHECK: x (where not i32) must be a tensor of a value code
func.func @f(%x: tensor<3x4xi8>) {
  %a = lowbit.dequantize %x scale [1.0] : (tensor<3x4xi8>) -> tensor<3x4xf32>
  func.return
}

// -----

// CHECK: x must not be packed; use lowbit.unpack
!x = tensor<3x4x!lowbit.signed<4>, #lowbit.packed<axis = 1, word = i8, order = [p, 0, 1]>>
func.func @f(%x: !x) {
  %a = lowbit.dequantize %x scale [1.0] : (!x) -> tensor<3x4xf32>
  func.return
}

// -----

// CHECK: result must be tensor<3x4xf32>, got tensor<3x4xi32>
func.func @f(%x: tensor<3x4x!lowbit.signed<4>>) {
  %a = lowbit.dequantize %x scale [1.0] : (tensor<3x4x!lowbit.signed<4>>) -> tensor<3x4xi32>
  func.return
}

// -----

// CHECK: scale has 2 entries: 1, or 4 for dimension -1, are needed
func.func @f(%x: tensor<3x4x!lowbit.signed<4>>) {
  %a = lowbit.dequantize %x scale [1.0, 2.0] : (tensor<3x4x!lowbit.signed<4>>) -> tensor<3x4xf32>
  func.return
}
