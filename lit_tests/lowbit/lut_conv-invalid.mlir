// RUN: lowbit-opt %s --split-input-file --parsing-diagnostics --verify-diagnostics | filecheck %s

// CHECK: x must lie in #lowbit.packed<axis = 3, word = i64, order = [0, 1, p, 3, 2], frame = [0, 0, 1, 1, 1, 1, 0, 0]>
!x = tensor<1x4x4x70x!lowbit.unipolar<2>, #lowbit.packed<axis = 3, word = i32, order = [0, 1, p, 3, 2], frame = [0, 0, 1, 1, 1, 1, 0, 0]>>
!w = tensor<8x3x3x70x!lowbit.signed<2>, #lowbit.packed<axis = 3, word = i64, order = [0, p, 1, 2, 3], lanes = [0, 64], index = [6, 64]>>
func.func @f(%x: !x, %w: !w) {
  %a = lowbit.lut_conv %x, %w padding [1, 1, 1, 1] : (!x, !w) -> tensor<1x4x4x8xi32>
  func.return
}

// -----

// CHECK: x must lie in #lowbit.packed<axis = 3, word = i64, order = [0, 1, p, 3, 2], frame = [0, 0, 1, 1, 1, 1, 0, 0]>
!x = tensor<1x4x4x70x!lowbit.unipolar<2>, #lowbit.packed<axis = 3, word = i64, order = [0, 1, p, 3, 2]>>
!w = tensor<8x3x3x70x!lowbit.signed<2>, #lowbit.packed<axis = 3, word = i64, order = [0, p, 1, 2, 3], lanes = [0, 64], index = [6, 64]>>
func.func @f(%x: !x, %w: !w) {
  %a = lowbit.lut_conv %x, %w padding [1, 1, 1, 1] : (!x, !w) -> tensor<1x4x4x8xi32>
  func.return
}

// -----

// CHECK: w must lie in #lowbit.packed<axis = 3, word = i64, order = [0, p, 1, 2, 3], lanes = [0, 64], index = [6, 64]>
!x = tensor<1x4x4x70x!lowbit.unipolar<2>, #lowbit.packed<axis = 3, word = i64, order = [0, 1, p, 3, 2], frame = [0, 0, 1, 1, 1, 1, 0, 0]>>
!w = tensor<8x3x3x70x!lowbit.signed<2>, #lowbit.packed<axis = 3, word = i32, order = [0, p, 1, 2, 3], lanes = [0, 64], index = [6, 64]>>
func.func @f(%x: !x, %w: !w) {
  %a = lowbit.lut_conv %x, %w padding [1, 1, 1, 1] : (!x, !w) -> tensor<1x4x4x8xi32>
  func.return
}

// -----

// CHECK: w must be cut into table indices (#lowbit.packed<.. index = ..>)
!x = tensor<1x4x4x70x!lowbit.unipolar<2>, #lowbit.packed<axis = 3, word = i64, order = [0, 1, p, 3, 2], frame = [0, 0, 1, 1, 1, 1, 0, 0]>>
!w = tensor<8x3x3x70x!lowbit.signed<2>, #lowbit.packed<axis = 3, word = i64, order = [0, p, 1, 2, 3], lanes = [0, 64]>>
func.func @f(%x: !x, %w: !w) {
  %a = lowbit.lut_conv %x, %w padding [1, 1, 1, 1] : (!x, !w) -> tensor<1x4x4x8xi32>
  func.return
}

// -----

// CHECK: tables of partial sums take unipolar and bipolar activations
!x = tensor<1x4x4x70x!lowbit.signed<2>, #lowbit.packed<axis = 3, word = i64, order = [0, 1, p, 3, 2], frame = [0, 0, 1, 1, 1, 1, 0, 0]>>
!w = tensor<8x3x3x70x!lowbit.signed<2>, #lowbit.packed<axis = 3, word = i64, order = [0, p, 1, 2, 3], lanes = [0, 64], index = [6, 64]>>
func.func @f(%x: !x, %w: !w) {
  %a = lowbit.lut_conv %x, %w padding [1, 1, 1, 1] : (!x, !w) -> tensor<1x4x4x8xi32>
  func.return
}

// -----

// CHECK: 6 activations of 6 bits sum to 378, more than a byte of a table holds
!x = tensor<1x4x4x70x!lowbit.unipolar<6>, #lowbit.packed<axis = 3, word = i64, order = [0, 1, p, 3, 2], frame = [0, 0, 1, 1, 1, 1, 0, 0]>>
!w = tensor<8x3x3x70x!lowbit.signed<2>, #lowbit.packed<axis = 3, word = i64, order = [0, p, 1, 2, 3], lanes = [0, 64], index = [6, 64]>>
func.func @f(%x: !x, %w: !w) {
  %a = lowbit.lut_conv %x, %w padding [1, 1, 1, 1] : (!x, !w) -> tensor<1x4x4x8xi32>
  func.return
}

// -----

// CHECK: the codes of x and w need a correction operand
!x = tensor<1x4x4x70x!lowbit.unipolar<2>, #lowbit.packed<axis = 3, word = i64, order = [0, 1, p, 3, 2], frame = [0, 0, 1, 1, 1, 1, 0, 0]>>
!w = tensor<8x3x3x70x!lowbit.bipolar<1>, #lowbit.packed<axis = 3, word = i64, order = [0, p, 1, 2, 3], lanes = [0, 64], index = [6, 64]>>
func.func @f(%x: !x, %w: !w) {
  %a = lowbit.lut_conv %x, %w padding [1, 1, 1, 1] : (!x, !w) -> tensor<1x4x4x8xi32>
  func.return
}

// -----

// CHECK: #lowbit.packed: index = [6, 48] needs 1 to 8 bits, and a register of a multiple of 4 bytes that divides the 64 lanes
!x = tensor<1x4x4x70x!lowbit.unipolar<2>, #lowbit.packed<axis = 3, word = i64, order = [0, 1, p, 3, 2], frame = [0, 0, 1, 1, 1, 1, 0, 0]>>
!w = tensor<8x3x3x70x!lowbit.signed<2>, #lowbit.packed<axis = 3, word = i64, order = [0, p, 1, 2, 3], lanes = [0, 64], index = [6, 48]>>
func.func @f(%x: !x, %w: !w) {
  %a = lowbit.lut_conv %x, %w padding [1, 1, 1, 1] : (!x, !w) -> tensor<1x4x4x8xi32>
  func.return
}

// -----

// CHECK: #lowbit.packed: index is [bits, register], for words of bits in lanes
!x = tensor<1x4x4x70x!lowbit.unipolar<2>, #lowbit.packed<axis = 3, word = i64, order = [0, 1, p, 3, 2], frame = [0, 0, 1, 1, 1, 1, 0, 0]>>
!w = tensor<8x3x3x70x!lowbit.signed<2>, #lowbit.packed<axis = 3, word = i64, order = [0, p, 1, 2, 3], index = [6, 64]>>
func.func @f(%x: !x, %w: !w) {
  %a = lowbit.lut_conv %x, %w padding [1, 1, 1, 1] : (!x, !w) -> tensor<1x4x4x8xi32>
  func.return
}
