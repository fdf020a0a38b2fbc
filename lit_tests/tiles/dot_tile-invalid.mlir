// RUN: lowbit-opt %s --split-input-file --parsing-diagnostics --verify-diagnostics | filecheck %s

// CHECK: i16_steps 137: i16 holds 0 to 136 sums of two products of levels of unipolar<4> and signed<4>
!x = memref<1x3x5x4xi32>
!w = memref<1x3x3x4x8xi32>
func.func @f(%x: !x, %w: !w, %n: index) {
  %0 = lowbit.dot_tile %x, %w, %n, %n, %n, %n, %n pixels 1 vectors 1 x_code !lowbit.unipolar<4> w_code !lowbit.signed<4> i16_steps 137 : (!x, !w, index, index, index, index, index) -> vector<8xi32>
  func.return
}

// -----

// CHECK: x must hold words of i32, got i64
!x = memref<1x3x5x4xi64>
!w = memref<1x3x3x4x8xi64>
func.func @f(%x: !x, %w: !w, %n: index) {
  %0 = lowbit.dot_tile %x, %w, %n, %n, %n, %n, %n pixels 1 vectors 1 x_code !lowbit.unipolar<4> w_code !lowbit.signed<4> : (!x, !w, index, index, index, index, index) -> vector<8xi32>
  func.return
}

// -----

// CHECK: weights of bipolar<8> do not fit in i8
!x = memref<1x3x5x4xi32>
!w = memref<1x3x3x4x8xi32>
func.func @f(%x: !x, %w: !w, %n: index) {
  %0 = lowbit.dot_tile %x, %w, %n, %n, %n, %n, %n pixels 1 vectors 1 x_code !lowbit.unipolar<4> w_code !lowbit.bipolar<8> : (!x, !w, index, index, index, index, index) -> vector<8xi32>
  func.return
}

// -----

// CHECK: needs 5 indices: n, row, column, channel word, block; or 7, with the first row of taps and the one behind the last
!x = memref<1x3x5x4xi32>
!w = memref<1x3x3x4x8xi32>
func.func @f(%x: !x, %w: !w, %n: index) {
  %0 = lowbit.dot_tile %x, %w, %n, %n, %n, %n, %n, %n pixels 1 vectors 1 x_code !lowbit.unipolar<4> w_code !lowbit.signed<4> : (!x, !w, index, index, index, index, index, index) -> vector<8xi32>
  func.return
}

// -----

// CHECK: padding needs 2 integers, left and right, not negative
!x = memref<1x3x5x4xi32>
!w = memref<1x3x3x4x8xi32>
func.func @f(%x: !x, %w: !w, %n: index) {
  %0 = lowbit.dot_tile %x, %w, %n, %n, %n, %n, %n pixels 1 vectors 1 padding [1, -1] x_code !lowbit.unipolar<4> w_code !lowbit.signed<4> : (!x, !w, index, index, index, index, index) -> vector<8xi32>
  func.return
}
