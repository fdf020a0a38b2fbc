// RUN: lowbit-opt %s --split-input-file --parsing-diagnostics --verify-diagnostics | filecheck %s

// CHECK: the table must be memref<1x16xi8> or memref<65536xi8>, got memref<1x64xi8>
!x = memref<1x3x5x4xi32>
!w = memref<1x3x3x4x8xi32>
func.func @f(%t: memref<1x64xi8>, %x: !x, %w: !w, %n: index) {
  %0 = lowbit.product_lut_tile %t, %x, %w, %n, %n, %n, %n, %n pixels 1 vectors 1 x_code !lowbit.unipolar<2> w_code !lowbit.signed<2> : (memref<1x64xi8>, !x, !w, index, index, index, index, index) -> vector<8xi32>
  func.return
}

// -----

// CHECK: x must hold words of i32, got i64
!x = memref<1x3x5x4xi64>
!w = memref<1x3x3x4x8xi64>
func.func @f(%t: memref<1x16xi8>, %x: !x, %w: !w, %n: index) {
  %0 = lowbit.product_lut_tile %t, %x, %w, %n, %n, %n, %n, %n pixels 1 vectors 1 x_code !lowbit.unipolar<2> w_code !lowbit.signed<2> : (memref<1x16xi8>, !x, !w, index, index, index, index, index) -> vector<8xi32>
  func.return
}

// -----

// CHECK: tables of products are indexed by 8 bits at most, unipolar<5> and signed<4> have 9
!x = memref<1x3x5x4xi32>
!w = memref<1x3x3x4x8xi32>
func.func @f(%t: memref<1x512xi8>, %x: !x, %w: !w, %n: index) {
  %0 = lowbit.product_lut_tile %t, %x, %w, %n, %n, %n, %n, %n pixels 1 vectors 1 x_code !lowbit.unipolar<5> w_code !lowbit.signed<4> : (memref<1x512xi8>, !x, !w, index, index, index, index, index) -> vector<8xi32>
  func.return
}

// -----

// CHECK: tiles of looked up products skip no taps in the padding
!x = memref<1x3x5x4xi32>
!w = memref<1x3x3x4x8xi32>
func.func @f(%t: memref<1x16xi8>, %x: !x, %w: !w, %n: index) {
  %0 = lowbit.product_lut_tile %t, %x, %w, %n, %n, %n, %n, %n pixels 1 vectors 1 padding [1, 0] x_code !lowbit.unipolar<2> w_code !lowbit.signed<2> : (memref<1x16xi8>, !x, !w, index, index, index, index, index) -> vector<8xi32>
  func.return
}
