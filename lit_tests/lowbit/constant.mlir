// RUN: ROUNDTRIP
// RUN: GENERIC_ROUNDTRIP

// Small unpacked constants print their values, others the bytes of their memory image.

// CHECK: lowbit.constant [0, 1, 2, 3] : tensor<4x!lowbit.unipolar<2>>
// CHECK: lowbit.constant [1, -1, 1, 1] : tensor<2x2x!lowbit.bipolar<1>>
// CHECK: lowbit.constant [-8, 7, -1, 0] : tensor<2x1x2x!lowbit.signed<4>>
// CHECK: lowbit.constant [9, -5] : tensor<2x!lowbit.codebook<1, [9, -5]>>
// CHECK: lowbit.constant [1] : tensor<!lowbit.bipolar<1>>
func.func @f() {
  %a = lowbit.constant [0, 1, 2, 3] : tensor<4x!lowbit.unipolar<2>>
  %b = lowbit.constant [1, -1, 1, 1] : tensor<2x2x!lowbit.bipolar<1>>
  %c = lowbit.constant [-8, 7, -1, 0] : tensor<2x1x2x!lowbit.signed<4>>
  %d = lowbit.constant [9, -5] : tensor<2x!lowbit.codebook<1, [9, -5]>>
  %e = lowbit.constant [1] : tensor<!lowbit.bipolar<1>>
  func.return
}

// -----

// The bytes of an unpacked constant are bit patterns, sign-extended for signed codes.
// CHECK: lowbit.constant [0, 3] : tensor<2x!lowbit.unipolar<2>>
// CHECK: lowbit.constant [1, -2] : tensor<2x!lowbit.signed<2>>
func.func @f() {
  %a = lowbit.constant "0x0003" : tensor<2x!lowbit.unipolar<2>>
  %b = lowbit.constant "0x01fe" : tensor<2x!lowbit.signed<2>>
  func.return
}

// -----

// CHECK: lowbit.constant "0xff01000055010000" : tensor<9x!lowbit.unipolar<2>, #lowbit.packed<axis = 0, word = i32, order = [p, 0]>>
// CHECK: lowbit.constant "0x0500" : tensor<3x!lowbit.unipolar<2>, #lowbit.packed<axis = 0, word = i8, order = [p, 0]>>
// CHECK: lowbit.constant [1] {name = "w"} : tensor<1x!lowbit.unipolar<2>>
func.func @f() {
  %a = lowbit.constant "0xff01000055010000" : tensor<9x!lowbit.unipolar<2>, #lowbit.packed<axis = 0, word = i32, order = [p, 0]>>
  %b = lowbit.constant [1, 0, 1] : tensor<3x!lowbit.unipolar<2>, #lowbit.packed<axis = 0, word = i8, order = [p, 0]>>
  %c = lowbit.constant [1] {name = "w"} : tensor<1x!lowbit.unipolar<2>>
  func.return
}

// -----

// 65 elements: bytes
// CHECK: lowbit.constant "0x0100010100010001010001000101000100010100010001010001000101000100010100010001010001000101000100010100010001010001000101000100010100" : tensor<65x!lowbit.bipolar<1>>
func.func @f() {
  %a = lowbit.constant [1, -1, 1, 1, -1, 1, -1, 1, 1, -1, 1, -1, 1, 1, -1, 1, -1, 1, 1, -1, 1, -1, 1, 1, -1, 1, -1, 1, 1, -1, 1, -1, 1, 1, -1, 1, -1, 1, 1, -1, 1, -1, 1, 1, -1, 1, -1, 1, 1, -1, 1, -1, 1, 1, -1, 1, -1, 1, 1, -1, 1, -1, 1, 1, -1] : tensor<65x!lowbit.bipolar<1>>
  func.return
}
