// RUN: lowbit-opt %s --split-input-file --parsing-diagnostics --verify-diagnostics | filecheck %s

// CHECK: i16_steps 137: i16 holds 0 to 136 sums of two products of levels of unipolar<4> and signed<4>
!x = memref<1x3x5x4xi32>
!w = memref<1x3x3x4x8xi32>
func.func @f(%x: !x, %w: !w, %n: index) {
  %0 = lowbit.dot_tile %x, %w, %n, %n, %n, %n, %n pixels 1 vectors 1 x_code !lowbit.unipolar<4> w_code !lowbit.signed<4> i16_steps 137 : (!x, !w, index, index, index, index, index) -> vector<8xi32>
  func.return
}

// -----

// CHECK: x must hold words of i8, i16 or i32, got i64
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

// -----

// CHECK: w_bits 3: 1, 2, 4 and 8 are allowed
!x = memref<1x3x5x4xi32>
!w = memref<1x3x3x4x8xi32>
func.func @f(%x: !x, %w: !w, %n: index) {
  %0 = lowbit.dot_tile %x, %w, %n, %n, %n, %n, %n pixels 1 vectors 1 x_code !lowbit.unipolar<4> w_code !lowbit.signed<2> w_bits 3 : (!x, !w, index, index, index, index, index) -> vector<8xi32>
  func.return
}

// -----

// CHECK: w_bits 2 cannot hold the levels of signed<4>
!x = memref<1x3x5x4xi32>
!w = memref<1x3x3x1x8xi32>
func.func @f(%x: !x, %w: !w, %n: index) {
  %0 = lowbit.dot_tile %x, %w, %n, %n, %n, %n, %n pixels 1 vectors 1 x_code !lowbit.unipolar<4> w_code !lowbit.signed<4> w_bits 2 : (!x, !w, index, index, index, index, index) -> vector<8xi32>
  func.return
}

// -----

// CHECK: w_exponent 7: i8 cannot hold values of signed<2> times 2^7
!x = memref<1x3x5x4xi32>
!w = memref<1x3x3x1x8xi32>
func.func @f(%x: !x, %w: !w, %n: index) {
  %0 = lowbit.dot_tile %x, %w, %n, %n, %n, %n, %n pixels 1 vectors 1 x_code !lowbit.unipolar<4> w_code !lowbit.signed<2> w_bits 2 w_exponent 7 : (!x, !w, index, index, index, index, index) -> vector<8xi32>
  func.return
}

// -----

// CHECK: w_exponent 1: only the values of levels are scaled
!x = memref<1x3x5x4xi32>
!w = memref<1x3x3x4x8xi32>
func.func @f(%x: !x, %w: !w, %n: index) {
  %0 = lowbit.dot_tile %x, %w, %n, %n, %n, %n, %n pixels 1 vectors 1 x_code !lowbit.unipolar<4> w_code !lowbit.signed<2> w_exponent 1 : (!x, !w, index, index, index, index, index) -> vector<8xi32>
  func.return
}

// -----

// CHECK: places 4: a byte of levels of 2 bits has no such number of them
!x = memref<1x3x5x4xi32>
!w = memref<1x3x3x1x8xi32>
func.func @f(%x: !x, %w: !w, %n: index) {
  %0 = lowbit.dot_tile %x, %w, %n, %n, %n, %n, %n pixels 1 vectors 1 x_code !lowbit.unipolar<4> w_code !lowbit.signed<2> w_bits 2 places 4 : (!x, !w, index, index, index, index, index) -> vector<8xi32>
  func.return
}

// -----

// CHECK: x_words 9: 2 words of w hold 5 to 8
!x = memref<1x3x5x9xi32>
!w = memref<1x3x3x2x8xi32>
func.func @f(%x: !x, %w: !w, %n: index) {
  %0 = lowbit.dot_tile %x, %w, %n, %n, %n, %n, %n pixels 1 vectors 1 x_code !lowbit.unipolar<4> w_code !lowbit.signed<2> w_bits 2 x_words 9 : (!x, !w, index, index, index, index, index) -> vector<8xi32>
  func.return
}

// -----

// CHECK: sums of 16777212 products of levels of unipolar<8> and signed<2> can leave i32
!x = memref<1x1x1x4194303xi32>
!w = memref<1x1x1x1048576x8xi32>
func.func @f(%x: !x, %w: !w, %n: index) {
  %0 = lowbit.dot_tile %x, %w, %n, %n, %n, %n, %n pixels 1 vectors 1 x_code !lowbit.unipolar<8> w_code !lowbit.signed<2> w_bits 2 x_words 4194303 : (!x, !w, index, index, index, index, index) -> vector<8xi32>
  func.return
}

// -----

// CHECK: i16_steps 1: i16 holds 0 to 0 sums of two products of levels of unipolar<8> and signed<2>
!x = memref<1x1x1x4xi32>
!w = memref<1x1x1x1x8xi32>
func.func @f(%x: !x, %w: !w, %n: index) {
  %0 = lowbit.dot_tile %x, %w, %n, %n, %n, %n, %n pixels 1 vectors 1 x_code !lowbit.unipolar<8> w_code !lowbit.signed<2> w_bits 2 w_exponent 6 i16_steps 1 : (!x, !w, index, index, index, index, index) -> vector<8xi32>
  func.return
}

// -----

// CHECK: digit_words 11: a byte holds the sums of 1 to 10 products of words of i16
!x = memref<1x3x5x4xi16>
!w = memref<1x3x3x4x8xi16>
func.func @f(%x: !x, %w: !w, %n: index) {
  %0:2 = lowbit.dot_tile %x, %w, %n, %n, %n, %n, %n pixels 1 vectors 2 x_code !lowbit.unipolar<2> w_code !lowbit.signed<2> i16_steps 1 digit_words 11 : (!x, !w, index, index, index, index, index) -> (vector<4xi32>, vector<4xi32>)
  func.return
}

// -----

// CHECK: digit_words 1: a byte holds the sums of 0 to 0 products of words of i8
!x = memref<1x3x5x4xi8>
!w = memref<1x3x3x4x8xi8>
func.func @f(%x: !x, %w: !w, %n: index) {
  %0:2 = lowbit.dot_tile %x, %w, %n, %n, %n, %n, %n pixels 1 vectors 2 x_code !lowbit.unipolar<2> w_code !lowbit.signed<2> i16_steps 1 digit_words 1 : (!x, !w, index, index, index, index, index) -> (vector<4xi32>, vector<4xi32>)
  func.return
}

// -----

// CHECK: i16_steps 2731: i16 holds 1 to 2730 sums of two products
!x = memref<1x3x5x4xi16>
!w = memref<1x3x3x4x8xi16>
func.func @f(%x: !x, %w: !w, %n: index) {
  %0:2 = lowbit.dot_tile %x, %w, %n, %n, %n, %n, %n pixels 1 vectors 2 x_code !lowbit.unipolar<2> w_code !lowbit.signed<2> i16_steps 2731 digit_words 1 : (!x, !w, index, index, index, index, index) -> (vector<4xi32>, vector<4xi32>)
  func.return
}

// -----

// CHECK: i16_steps 0: i16 holds 1 to 5461 products of
!x = memref<1x3x5x4xi8>
!w = memref<1x3x3x4x8xi8>
func.func @f(%x: !x, %w: !w, %n: index) {
  %0:2 = lowbit.dot_tile %x, %w, %n, %n, %n, %n, %n pixels 1 vectors 2 x_code !lowbit.unipolar<2> w_code !lowbit.signed<2> : (!x, !w, index, index, index, index, index) -> (vector<4xi32>, vector<4xi32>)
  func.return
}

// -----

// CHECK: i16_steps 2: i16 holds 1 to 1 products of
!x = memref<1x3x5x4xi8>
!w = memref<1x3x3x4x8xi8>
func.func @f(%x: !x, %w: !w, %n: index) {
  %0:2 = lowbit.dot_tile %x, %w, %n, %n, %n, %n, %n pixels 1 vectors 2 x_code !lowbit.unipolar<8> w_code !lowbit.signed<8> places 1 i16_steps 2 : (!x, !w, index, index, index, index, index) -> (vector<4xi32>, vector<4xi32>)
  func.return
}

// -----

// CHECK: x_run 3: a power of two is needed
!x = memref<1x3x5x4xi8>
!w = memref<1x3x3x4x8xi8>
func.func @f(%x: !x, %w: !w, %n: index) {
  %0:2 = lowbit.dot_tile %x, %w, %n, %n, %n, %n, %n pixels 1 vectors 2 x_code !lowbit.unipolar<2> w_code !lowbit.signed<2> i16_steps 1 x_run 3 : (!x, !w, index, index, index, index, index) -> (vector<4xi32>, vector<4xi32>)
  func.return
}

// -----

// CHECK: vectors 1: lanes of i16 are widened to two of i32
!x = memref<1x3x5x4xi8>
!w = memref<1x3x3x4x8xi8>
func.func @f(%x: !x, %w: !w, %n: index) {
  %0:1 = lowbit.dot_tile %x, %w, %n, %n, %n, %n, %n pixels 1 vectors 1 x_code !lowbit.unipolar<2> w_code !lowbit.signed<2> i16_steps 1 : (!x, !w, index, index, index, index, index) -> (vector<8xi32>)
  func.return
}

// -----

// CHECK: w_bits 2: words of i32 alone hold levels of few bits
!x = memref<1x3x5x4xi8>
!w = memref<1x3x3x4x8xi8>
func.func @f(%x: !x, %w: !w, %n: index) {
  %0:2 = lowbit.dot_tile %x, %w, %n, %n, %n, %n, %n pixels 1 vectors 2 x_code !lowbit.unipolar<2> w_code !lowbit.signed<2> i16_steps 1 w_bits 2 : (!x, !w, index, index, index, index, index) -> (vector<4xi32>, vector<4xi32>)
  func.return
}

// -----

// CHECK: places 1: words of i16 hold digits
!x = memref<1x3x5x4xi16>
!w = memref<1x3x3x4x8xi16>
func.func @f(%x: !x, %w: !w, %n: index) {
  %0:2 = lowbit.dot_tile %x, %w, %n, %n, %n, %n, %n pixels 1 vectors 2 x_code !lowbit.unipolar<2> w_code !lowbit.signed<2> i16_steps 1 digit_words 1 places 1 : (!x, !w, index, index, index, index, index) -> (vector<4xi32>, vector<4xi32>)
  func.return
}
