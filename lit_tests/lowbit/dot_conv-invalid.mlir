// RUN: lowbit-opt %s --split-input-file --parsing-diagnostics --verify-diagnostics | filecheck %s

// CHECK: x must lie in #lowbit.packed<axis = 3, word = i32, order = [0, 1, 2, 3], frame = [0, 0, 1, 1, 1, 1, 0, 0], bytes = levels>
!x = tensor<1x4x4x6x!lowbit.unipolar<4>, #lowbit.packed<axis = 3, word = i32, order = [0, 1, 2, 3], bytes = levels>>
!w = tensor<8x3x3x6x!lowbit.signed<4>, #lowbit.packed<axis = 3, word = i32, order = [0, 1, 2, 3], lanes = [0, 16], bytes = values>>
func.func @f(%x: !x, %w: !w) {
  %a = lowbit.dot_conv %x, %w padding [1, 1, 1, 1] : (!x, !w) -> tensor<1x4x4x8xi32>
  func.return
}

// -----

// CHECK: w must lie in {{.*}} bytes = values>
!x = tensor<1x4x4x6x!lowbit.unipolar<4>, #lowbit.packed<axis = 3, word = i32, order = [0, 1, 2, 3], frame = [0, 0, 1, 1, 1, 1, 0, 0], bytes = levels>>
!w = tensor<8x3x3x6x!lowbit.signed<4>, #lowbit.packed<axis = 3, word = i32, order = [0, 1, 2, 3], lanes = [0, 16], bytes = digits>>
func.func @f(%x: !x, %w: !w) {
  %a = lowbit.dot_conv %x, %w padding [1, 1, 1, 1] : (!x, !w) -> tensor<1x4x4x8xi32>
  func.return
}

// -----

// CHECK: x and w must be packed
!x = tensor<1x4x4x6x!lowbit.unipolar<4>, #lowbit.packed<axis = 3, word = i32, order = [0, 1, 2, 3], frame = [0, 0, 1, 1, 1, 1, 0, 0], bytes = levels>>
!w = tensor<8x3x3x6x!lowbit.signed<4>>
func.func @f(%x: !x, %w: !w) {
  %a = lowbit.dot_conv %x, %w padding [1, 1, 1, 1] : (!x, !w) -> tensor<1x4x4x8xi32>
  func.return
}

// -----

// CHECK: the codes of x and w need a correction operand
!x = tensor<1x4x4x6x!lowbit.signed<4>, #lowbit.packed<axis = 3, word = i32, order = [0, 1, 2, 3], frame = [0, 0, 1, 1, 1, 1, 0, 0], bytes = levels>>
!w = tensor<8x3x3x6x!lowbit.signed<4>, #lowbit.packed<axis = 3, word = i32, order = [0, 1, 2, 3], lanes = [0, 16], bytes = values>>
func.func @f(%x: !x, %w: !w) {
  %a = lowbit.dot_conv %x, %w padding [1, 1, 1, 1] : (!x, !w) -> tensor<1x4x4x8xi32>
  func.return
}

// -----

// CHECK: #lowbit.packed: bytes = values: i8 cannot hold those of bipolar<8>
!x = tensor<1x4x4x6x!lowbit.unipolar<4>, #lowbit.packed<axis = 3, word = i32, order = [0, 1, 2, 3], frame = [0, 0, 1, 1, 1, 1, 0, 0], bytes = levels>>
!w = tensor<8x3x3x6x!lowbit.bipolar<8>, #lowbit.packed<axis = 3, word = i32, order = [0, 1, 2, 3], lanes = [0, 16], bytes = values>>
func.func @f(%x: !x, %w: !w) {
  %a = lowbit.dot_conv %x, %w padding [1, 1, 1, 1] : (!x, !w) -> tensor<1x4x4x8xi32>
  func.return
}

// -----

// CHECK: #lowbit.packed: order must name each of the 5 dimensions once
!x = tensor<1x4x4x6x!lowbit.unipolar<4>, #lowbit.packed<axis = 3, word = i32, order = [0, 1, p, 2, 3], frame = [0, 0, 1, 1, 1, 1, 0, 0], bytes = levels>>
!w = tensor<8x3x3x6x!lowbit.signed<4>, #lowbit.packed<axis = 3, word = i32, order = [0, 1, 2, 3], lanes = [0, 16], bytes = values>>
func.func @f(%x: !x, %w: !w) {
  %a = lowbit.dot_conv %x, %w padding [1, 1, 1, 1] : (!x, !w) -> tensor<1x4x4x8xi32>
  func.return
}

// -----

// CHECK: sums of 131072 products of levels of bipolar<8> and signed<7> can leave i32
!x = tensor<1x1x1x131072x!lowbit.bipolar<8>, #lowbit.packed<axis = 3, word = i32, order = [0, 1, 2, 3], bytes = levels>>
!w = tensor<1x1x1x131072x!lowbit.signed<7>, #lowbit.packed<axis = 3, word = i32, order = [0, 1, 2, 3], lanes = [0, 16], bytes = values>>
func.func @f(%x: !x, %w: !w) {
  %a = lowbit.dot_conv %x, %w : (!x, !w) -> tensor<1x1x1x1xi32>
  func.return
}

// -----

// CHECK: products of levels of unipolar<8> and signed<8> are too large for words of i16
!x = tensor<1x4x4x6x!lowbit.unipolar<8>, #lowbit.packed<axis = 3, word = i16, order = [0, 1, 2, 3], bytes = levels>>
!w = tensor<8x3x3x6x!lowbit.signed<8>, #lowbit.packed<axis = 3, word = i16, order = [0, 1, 2, 3], lanes = [0, 16], bytes = digits>>
func.func @f(%x: !x, %w: !w) {
  %a = lowbit.dot_conv %x, %w : (!x, !w) -> tensor<1x2x2x8xi32>
  func.return
}

// -----

// CHECK: x and w must have words of i8, i16 or i32, got i64
!x = tensor<1x4x4x6x!lowbit.unipolar<2>, #lowbit.packed<axis = 3, word = i64, order = [0, 1, 2, 3], bytes = levels>>
!w = tensor<8x3x3x6x!lowbit.signed<2>, #lowbit.packed<axis = 3, word = i64, order = [0, 1, 2, 3], lanes = [0, 16], bytes = values>>
func.func @f(%x: !x, %w: !w) {
  %a = lowbit.dot_conv %x, %w : (!x, !w) -> tensor<1x2x2x8xi32>
  func.return
}
