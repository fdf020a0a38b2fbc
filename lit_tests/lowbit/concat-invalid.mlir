// RUN: lowbit-opt %s --split-input-file --parsing-diagnostics --verify-diagnostics | filecheck %s

// CHECK: the operands have [4, 5] in dimension 2, the result 8
func.func @f(%x: tensor<2x3x4xi32>, %y: tensor<2x3x5xi32>) {
  %a = lowbit.concat %x, %y : (tensor<2x3x4xi32>, tensor<2x3x5xi32>) -> tensor<2x3x8xi32>
  func.return
}

// -----

// CHECK: input 1 but for its layout must be tensor<2x3x5xi32>, got tensor<2x2x5xi32>
func.func @f(%x: tensor<2x3x4xi32>, %y: tensor<2x2x5xi32>) {
  %a = lowbit.concat %x, %y : (tensor<2x3x4xi32>, tensor<2x2x5xi32>) -> tensor<2x3x9xi32>
  func.return
}

// -----

// CHECK: input 0 but for its layout must be tensor<2x4xi32>, got tensor<2x4xf32>
func.func @f(%x: tensor<2x4xf32>, %y: tensor<2x4xi32>) {
  %a = lowbit.concat %x, %y : (tensor<2x4xf32>, tensor<2x4xi32>) -> tensor<2x8xi32>
  func.return
}

// -----

// CHECK: axis 2 is not one of the 2 dimensions
func.func @f(%x: tensor<2x4xi32>, %y: tensor<2x4xi32>) {
  %a = lowbit.concat %x, %y axis 2 : (tensor<2x4xi32>, tensor<2x4xi32>) -> tensor<2x8xi32>
  func.return
}

// -----

// CHECK: packed operands are packed along axis 0
func.func @f(%x: tensor<2x4x!lowbit.unipolar<2>, #lowbit.packed<axis = 1, word = i32, order = [p, 0, 1]>>, %y: tensor<2x4x!lowbit.unipolar<2>, #lowbit.packed<axis = 1, word = i32, order = [p, 0, 1]>>) {
  %a = lowbit.concat %x, %y axis 0 : (tensor<2x4x!lowbit.unipolar<2>, #lowbit.packed<axis = 1, word = i32, order = [p, 0, 1]>>, tensor<2x4x!lowbit.unipolar<2>, #lowbit.packed<axis = 1, word = i32, order = [p, 0, 1]>>) -> tensor<4x4x!lowbit.unipolar<2>, #lowbit.packed<axis = 1, word = i32, order = [p, 0, 1]>>
  func.return
}

// -----

// CHECK: input 1 must lie as the result, but for its frame
func.func @f(%x: tensor<2x4x!lowbit.unipolar<2>, #lowbit.packed<axis = 1, word = i32, order = [p, 0, 1]>>, %y: tensor<2x4x!lowbit.unipolar<2>>) {
  %a = lowbit.concat %x, %y : (tensor<2x4x!lowbit.unipolar<2>, #lowbit.packed<axis = 1, word = i32, order = [p, 0, 1]>>, tensor<2x4x!lowbit.unipolar<2>>) -> tensor<2x8x!lowbit.unipolar<2>, #lowbit.packed<axis = 1, word = i32, order = [p, 0, 1]>>
  func.return
}

// -----

// CHECK: concat takes planes of words or bytes of levels
func.func @f(%x: tensor<2x4x!lowbit.unipolar<2>, #lowbit.packed<axis = 1, word = i32, order = [p, 0, 1], groups = 2>>, %y: tensor<2x4x!lowbit.unipolar<2>, #lowbit.packed<axis = 1, word = i32, order = [p, 0, 1], groups = 2>>) {
  %a = lowbit.concat %x, %y : (tensor<2x4x!lowbit.unipolar<2>, #lowbit.packed<axis = 1, word = i32, order = [p, 0, 1], groups = 2>>, tensor<2x4x!lowbit.unipolar<2>, #lowbit.packed<axis = 1, word = i32, order = [p, 0, 1], groups = 2>>) -> tensor<2x8x!lowbit.unipolar<2>, #lowbit.packed<axis = 1, word = i32, order = [p, 0, 1], groups = 2>>
  func.return
}
