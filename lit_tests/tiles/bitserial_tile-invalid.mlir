// RUN: lowbit-opt %s --split-input-file --parsing-diagnostics --verify-diagnostics | filecheck %s

// CHECK: x must hold words of i16, i32 or i64, got i8
!x = memref<1x3x1x4x5xi8>
!w = memref<1x1x3x3x4x8xi8>
func.func @f(%x: !x, %w: !w, %n: index) {
  %0 = lowbit.bitserial_tile %x, %w, %n, %n, %n, %n, %n pixels 1 vectors 1 x_code !lowbit.unipolar<1> w_code !lowbit.bipolar<1> : (!x, !w, index, index, index, index, index) -> vector<8xi32>
  func.return
}

// -----

// 2047 words of 16 bits count to 32752, which is i16.

// CHECK: needs 1 results of vector<8xi16>
!x = memref<1x1x1x2047x1xi16>
!w = memref<1x1x1x1x2047x8xi16>
func.func @f(%x: !x, %w: !w, %n: index) {
  %0 = lowbit.bitserial_tile %x, %w, %n, %n, %n, %n, %n pixels 1 vectors 1 x_code !lowbit.unipolar<1> w_code !lowbit.unipolar<1> : (!x, !w, index, index, index, index, index) -> vector<8xi32>
  func.return
}

// -----

// 2048 of them count to 32768, which is not.

// CHECK: needs 2 results of vector<4xi32>
!x = memref<1x1x1x2048x1xi16>
!w = memref<1x1x1x1x2048x8xi16>
func.func @f(%x: !x, %w: !w, %n: index) {
  %0 = lowbit.bitserial_tile %x, %w, %n, %n, %n, %n, %n pixels 1 vectors 1 x_code !lowbit.unipolar<1> w_code !lowbit.unipolar<1> : (!x, !w, index, index, index, index, index) -> vector<8xi16>
  func.return
}

// -----

// Downwards they reach -32768, which is i16 again.

// CHECK: needs 1 results of vector<8xi16>
!x = memref<1x1x1x2048x1xi16>
!w = memref<1x1x1x1x2048x8xi16>
func.func @f(%x: !x, %w: !w, %n: index) {
  %0:2 = lowbit.bitserial_tile %x, %w, %n, %n, %n, %n, %n pixels 1 vectors 1 x_code !lowbit.unipolar<1> w_code !lowbit.bipolar<1> : (!x, !w, index, index, index, index, index) -> (vector<4xi32>, vector<4xi32>)
  func.return
}

// -----

// CHECK: w has 2^31 elements or more: [1, 1, 1, 2147483647, 5000, 8]
!x = memref<1x1x1x5000x1xi16>
!w = memref<1x1x1x2147483647x5000x8xi16>
func.func @f(%x: !x, %w: !w, %n: index) {
  %0:2 = lowbit.bitserial_tile %x, %w, %n, %n, %n, %n, %n pixels 1 vectors 1 unroll 0 x_code !lowbit.unipolar<1> w_code !lowbit.unipolar<1> : (!x, !w, index, index, index, index, index) -> (vector<4xi32>, vector<4xi32>)
  func.return
}

// -----

// CHECK: x must have known, positive extents
!x = memref<1x1x1x?x1xi16>
!w = memref<1x1x1x1x8x8xi16>
func.func @f(%x: !x, %w: !w, %n: index) {
  %0 = lowbit.bitserial_tile %x, %w, %n, %n, %n, %n, %n pixels 1 vectors 1 unroll 0 x_code !lowbit.unipolar<1> w_code !lowbit.unipolar<1> : (!x, !w, index, index, index, index, index) -> vector<8xi16>
  func.return
}

// -----

// CHECK: unroll 2: a body of 60000 steps, more than 16384
!x = memref<1x1x1x1x1xi32>
!w = memref<1x1x1x60000x1x8xi32>
func.func @f(%x: !x, %w: !w, %n: index) {
  %0 = lowbit.bitserial_tile %x, %w, %n, %n, %n, %n, %n pixels 1 vectors 1 unroll 2 x_code !lowbit.unipolar<1> w_code !lowbit.unipolar<1> : (!x, !w, index, index, index, index, index) -> vector<8xi32>
  func.return
}

// -----

// CHECK: step and the 2 integers of dilation must be positive
!x = memref<1x1x1x1x1xi32>
!w = memref<1x1x1x3x1x8xi32>
func.func @f(%x: !x, %w: !w, %n: index) {
  %0 = lowbit.bitserial_tile %x, %w, %n, %n, %n, %n, %n pixels 1 vectors 1 step 0 x_code !lowbit.unipolar<1> w_code !lowbit.unipolar<1> : (!x, !w, index, index, index, index, index) -> vector<8xi32>
  func.return
}

// -----

// CHECK: needs 4611686018427387904 results of vector<8xi32>
!x = memref<1x3x1x4x5xi32>
!w = memref<1x1x3x3x4x8xi32>
func.func @f(%x: !x, %w: !w, %n: index) {
  %0 = lowbit.bitserial_tile %x, %w, %n, %n, %n, %n, %n pixels 4611686018427387904 vectors 1 x_code !lowbit.unipolar<1> w_code !lowbit.bipolar<1> : (!x, !w, index, index, index, index, index) -> vector<8xi32>
  func.return
}
