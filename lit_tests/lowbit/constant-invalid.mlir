// RUN: lowbit-opt %s --split-input-file --parsing-diagnostics --verify-diagnostics | filecheck %s

// CHECK: lowbit.constant: constant: 0 at index [1] is not a value of code bipolar<1> (odd numbers -1 .. 1)
func.func @f() {
  %a = lowbit.constant [1, 0] : tensor<2x!lowbit.bipolar<1>>
  func.return
}

// -----

// CHECK: lowbit.constant: 3 values given, tensor<2x!lowbit.bipolar<1>> takes 2
func.func @f() {
  %a = lowbit.constant [1, 1, 1] : tensor<2x!lowbit.bipolar<1>>
  func.return
}

// -----

// CHECK: lowbit.constant: result must have known, positive extents, got ?
func.func @f() {
  %a = lowbit.constant [1] : tensor<?x!lowbit.bipolar<1>>
  func.return
}

// -----

// CHECK: lowbit.constant: result must have known, positive extents, got 0
func.func @f() {
  %a = lowbit.constant [] : tensor<0x!lowbit.bipolar<1>>
  func.return
}

// -----

// CHECK: lowbit.constant: result must be a tensor of a value code (!lowbit.unipolar<b>, bipolar, signed or codebook), got tensor<1xi32>
func.func @f() {
  %a = lowbit.constant [1] : tensor<1xi32>
  func.return
}

// -----

// CHECK: lowbit.constant: 99999999999999999999 is not a value of code bipolar<1> (odd numbers -1 .. 1)
func.func @f() {
  %a = lowbit.constant [99999999999999999999] : tensor<1x!lowbit.bipolar<1>>
  func.return
}

// -----

// CHECK: lowbit.constant: the bytes of a constant are written "0x.."
func.func @f() {
  %a = lowbit.constant "01" : tensor<1x!lowbit.bipolar<1>>
  func.return
}

// -----

// CHECK: lowbit.constant: non-hexadecimal number found
func.func @f() {
  %a = lowbit.constant "0xzz" : tensor<1x!lowbit.bipolar<1>>
  func.return
}

// -----

// CHECK: 2 bytes given, tensor<1x!lowbit.bipolar<1>> takes 1
func.func @f() {
  %a = lowbit.constant "0x0001" : tensor<1x!lowbit.bipolar<1>>
  func.return
}

// -----

// CHECK: byte 1, 0x02, sets bits that no element of tensor<2x!lowbit.bipolar<1>> has
func.func @f() {
  %a = lowbit.constant "0x0102" : tensor<2x!lowbit.bipolar<1>>
  func.return
}

// -----

// CHECK: byte 0, 0x02, sets bits that no element of tensor<1x!lowbit.signed<2>> has
func.func @f() {
  %a = lowbit.constant "0x02" : tensor<1x!lowbit.signed<2>>
  func.return
}

// -----

// CHECK: byte 1, 0x03, sets bits that no element of
func.func @f() {
  %a = lowbit.constant "0xff03" : tensor<9x!lowbit.bipolar<1>, #lowbit.packed<axis = 0, word = i16, order = [p, 0]>>
  func.return
}

// -----

// CHECK: property 'image' expected in operation 'lowbit.constant'
func.func @f() {
  %a = "lowbit.constant"() : () -> tensor<1x!lowbit.bipolar<1>>
  func.return
}

// -----

// CHECK: Expected attribute i8 but got i32
func.func @f() {
  %a = "lowbit.constant"() <{image = array<i32: 1>}> : () -> tensor<4x!lowbit.bipolar<1>>
  func.return
}
