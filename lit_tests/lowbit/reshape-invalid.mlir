// RUN: lowbit-opt %s --split-input-file --parsing-diagnostics --verify-diagnostics | filecheck %s

// CHECK: x has 24 elements, [2, 3, 4], the result 22, [2, 11]
func.func @f(%x: tensor<2x3x4xi32>) {
  %a = lowbit.reshape %x : (tensor<2x3x4xi32>) -> tensor<2x11xi32>
  func.return
}

// -----

// CHECK: result must be tensor<24xi32>, got tensor<24xf32>
func.func @f(%x: tensor<2x3x4xi32>) {
  %a = lowbit.reshape %x : (tensor<2x3x4xi32>) -> tensor<24xf32>
  func.return
}

// -----

// CHECK: result must have known, positive extents, got 2x?
func.func @f(%x: tensor<2x3x4xi32>) {
  %a = lowbit.reshape %x : (tensor<2x3x4xi32>) -> tensor<2x?xi32>
  func.return
}

// -----

// CHECK: x must be tensor<2x16x!lowbit.unipolar<2>>, got tensor<2x16x!lowbit.unipolar<2>, #lowbit.packed
!x = tensor<2x16x!lowbit.unipolar<2>, #lowbit.packed<axis = 1, word = i32, order = [0, p, 1]>>
func.func @f(%x: !x) {
  %a = lowbit.reshape %x : (!x) -> tensor<32x!lowbit.unipolar<2>>
  func.return
}
