// RUN: lowbit-opt %s --split-input-file --parsing-diagnostics --verify-diagnostics | filecheck %s

// CHECK: property 'kernel' expected in operation 'lowbit.max_pool2d'
func.func @f(%x: tensor<1x8x8x16x!lowbit.unipolar<2>>) {
  %a = lowbit.max_pool2d %x strides [2, 2] : (tensor<1x8x8x16x!lowbit.unipolar<2>>) -> tensor<1x4x4x16x!lowbit.unipolar<2>>
  func.return
}

// -----

// CHECK: kernel and strides need 2 integers, padding 4
func.func @f(%x: tensor<1x8x8x16x!lowbit.unipolar<2>>) {
  %a = lowbit.max_pool2d %x kernel [2] : (tensor<1x8x8x16x!lowbit.unipolar<2>>) -> tensor<1x4x4x16x!lowbit.unipolar<2>>
  func.return
}

// -----

// CHECK: kernel and strides must be positive, padding not negative
func.func @f(%x: tensor<1x8x8x16x!lowbit.unipolar<2>>) {
  %a = lowbit.max_pool2d %x kernel [2, 0] : (tensor<1x8x8x16x!lowbit.unipolar<2>>) -> tensor<1x4x4x16x!lowbit.unipolar<2>>
  func.return
}

// -----

// CHECK: kernel and strides must be positive, padding not negative
func.func @f(%x: tensor<1x8x8x16x!lowbit.unipolar<2>>) {
  %a = lowbit.max_pool2d %x kernel [2, 2] padding [-1, 0, 0, 0] : (tensor<1x8x8x16x!lowbit.unipolar<2>>) -> tensor<1x4x4x16x!lowbit.unipolar<2>>
  func.return
}

// -----

// CHECK: padding [2, 0, 0, 0] must be smaller than the kernel [2, 2], or a window holds no element
func.func @f(%x: tensor<1x8x8x16x!lowbit.unipolar<2>>) {
  %a = lowbit.max_pool2d %x kernel [2, 2] padding [2, 0, 0, 0] : (tensor<1x8x8x16x!lowbit.unipolar<2>>) -> tensor<1x4x4x16x!lowbit.unipolar<2>>
  func.return
}

// -----

// CHECK: kernel [9, 2] does not fit in 8x8 with padding [0, 0, 0, 0]
func.func @f(%x: tensor<1x8x8x16x!lowbit.unipolar<2>>) {
  %a = lowbit.max_pool2d %x kernel [9, 2] : (tensor<1x8x8x16x!lowbit.unipolar<2>>) -> tensor<1x4x4x16x!lowbit.unipolar<2>>
  func.return
}

// -----

// CHECK: result must be [1, 2, 2, 16] of unipolar<2>, got tensor<1x4x4x16x!lowbit.unipolar<2>>
func.func @f(%x: tensor<1x8x8x16x!lowbit.unipolar<2>>) {
  %a = lowbit.max_pool2d %x kernel [4, 4] : (tensor<1x8x8x16x!lowbit.unipolar<2>>) -> tensor<1x4x4x16x!lowbit.unipolar<2>>
  func.return
}

// -----

// CHECK: result must be [1, 4, 4, 16] of unipolar<2>, got tensor<1x4x4x16x!lowbit.signed<2>>
func.func @f(%x: tensor<1x8x8x16x!lowbit.unipolar<2>>) {
  %a = lowbit.max_pool2d %x kernel [2, 2] : (tensor<1x8x8x16x!lowbit.unipolar<2>>) -> tensor<1x4x4x16x!lowbit.signed<2>>
  func.return
}

// -----

// CHECK: max_pool2d takes affine codes, got codebook<1, [1, 2]>
func.func @f(%x: tensor<1x8x8x16x!lowbit.codebook<1, [1, 2]>>) {
  %a = lowbit.max_pool2d %x kernel [2, 2] : (tensor<1x8x8x16x!lowbit.codebook<1, [1, 2]>>) -> tensor<1x4x4x16x!lowbit.unipolar<2>>
  func.return
}

// -----

// CHECK: x and result must both be packed or both not
!x = tensor<1x8x8x16x!lowbit.unipolar<2>, #lowbit.packed<axis = 3, word = i32, order = [0, 1, p, 3, 2]>>
func.func @f(%x: !x) {
  %a = lowbit.max_pool2d %x kernel [2, 2] : (!x) -> tensor<1x4x4x16x!lowbit.unipolar<2>>
  func.return
}

// -----

// CHECK: max_pool2d reads rows of words
!x = tensor<1x8x8x16x!lowbit.unipolar<2>, #lowbit.packed<axis = 3, word = i32, order = [0, p, 1, 2, 3]>>
!r = tensor<1x4x4x16x!lowbit.unipolar<2>, #lowbit.packed<axis = 3, word = i32, order = [0, 1, p, 3, 2]>>
func.func @f(%x: !x) {
  %a = lowbit.max_pool2d %x kernel [2, 2] : (!x) -> !r
  func.return
}

// -----

// CHECK: x and result must both hold words of bits or both bytes
!x = tensor<1x8x8x16x!lowbit.unipolar<2>, #lowbit.packed<axis = 3, word = i32, order = [0, 1, p, 3, 2]>>
!r = tensor<1x4x4x16x!lowbit.unipolar<2>, #lowbit.packed<axis = 3, word = i32, order = [0, 1, 2, 3], bytes = levels>>
func.func @f(%x: !x) {
  %a = lowbit.max_pool2d %x kernel [2, 2] : (!x) -> !r
  func.return
}

// -----

// CHECK: x and result must have words of the same width
!x = tensor<1x8x8x16x!lowbit.unipolar<2>, #lowbit.packed<axis = 3, word = i32, order = [0, 1, p, 3, 2]>>
!r = tensor<1x4x4x16x!lowbit.unipolar<2>, #lowbit.packed<axis = 3, word = i64, order = [0, 1, p, 3, 2]>>
func.func @f(%x: !x) {
  %a = lowbit.max_pool2d %x kernel [2, 2] : (!x) -> !r
  func.return
}

// -----

// CHECK: #lowbit.packed: extent 16 of dimension 3 cannot be cut into 3 equal groups
!x = tensor<1x8x8x16x!lowbit.unipolar<2>, #lowbit.packed<axis = 3, word = i32, order = [0, 1, p, 3, 2], groups = 3>>
!r = tensor<1x4x4x16x!lowbit.unipolar<2>, #lowbit.packed<axis = 3, word = i32, order = [0, 1, p, 3, 2], groups = 3>>
func.func @f(%x: !x) {
  %a = lowbit.max_pool2d %x kernel [2, 2] : (!x) -> !r
  func.return
}
