// RUN: lowbit-opt %s --split-input-file --parsing-diagnostics --verify-diagnostics | filecheck %s

// CHECK: rhs has shape [3, 2], result has [2, 3]
func.func @f(%x: tensor<2x3x!lowbit.unipolar<2>>, %y: tensor<3x2x!lowbit.unipolar<2>>) {
  %a = lowbit.add %x, %y : (tensor<2x3x!lowbit.unipolar<2>>, tensor<3x2x!lowbit.unipolar<2>>) -> tensor<2x3xi32>
  func.return
}

// -----

// CHECK: result cannot be bipolar: sums are not all odd
func.func @f(%x: tensor<2x3x!lowbit.unipolar<2>>, %y: tensor<2x3x!lowbit.unipolar<2>>) {
  %a = lowbit.add %x, %y : (tensor<2x3x!lowbit.unipolar<2>>, tensor<2x3x!lowbit.unipolar<2>>) -> tensor<2x3x!lowbit.bipolar<1>>
  func.return
}

// -----

// CHECK: lhs (where not i32) must be a tensor of a value code
func.func @f(%x: tensor<2x3xi8>, %y: tensor<2x3x!lowbit.unipolar<2>>) {
  %a = lowbit.add %x, %y : (tensor<2x3xi8>, tensor<2x3x!lowbit.unipolar<2>>) -> tensor<2x3xi32>
  func.return
}

// -----

// CHECK: rhs must be i32 or an unpacked affine code
func.func @f(%x: tensor<2x3x!lowbit.unipolar<2>>, %y: tensor<2x3x!lowbit.codebook<1, [1, 2]>>) {
  %a = lowbit.add %x, %y : (tensor<2x3x!lowbit.unipolar<2>>, tensor<2x3x!lowbit.codebook<1, [1, 2]>>) -> tensor<2x3xi32>
  func.return
}

// -----

// CHECK: lhs must be i32 or an unpacked affine code
!x = tensor<2x3x!lowbit.unipolar<2>, #lowbit.packed<axis = 1, word = i8, order = [p, 0, 1]>>
func.func @f(%x: !x, %y: tensor<2x3x!lowbit.unipolar<2>>) {
  %a = lowbit.add %x, %y : (!x, tensor<2x3x!lowbit.unipolar<2>>) -> tensor<2x3xi32>
  func.return
}

// -----

// CHECK: lhs (where not i32) may be encoded as #lowbit.packed only, got tensor<2x3x!lowbit.unipolar<2>, 3 : i32>
func.func @f(%x: tensor<2x3x!lowbit.unipolar<2>, 3 : i32>, %y: tensor<2x3x!lowbit.unipolar<2>>) {
  %a = lowbit.add %x, %y : (tensor<2x3x!lowbit.unipolar<2>, 3 : i32>, tensor<2x3x!lowbit.unipolar<2>>) -> tensor<2x3xi32>
  func.return
}

// -----

// CHECK: result must have known, positive extents, got 2x?
func.func @f(%x: tensor<2x?xi32>, %y: tensor<2x?xi32>) {
  %a = lowbit.add %x, %y : (tensor<2x?xi32>, tensor<2x?xi32>) -> tensor<2x?xi32>
  func.return
}

// -----

// CHECK: Expected 2 operands, but got 1
func.func @f(%x: tensor<2x3x!lowbit.unipolar<2>>) {
  %a = lowbit.add %x : (tensor<2x3x!lowbit.unipolar<2>>) -> tensor<2x3xi32>
  func.return
}
