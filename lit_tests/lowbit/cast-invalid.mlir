// RUN: lowbit-opt %s --split-input-file --parsing-diagnostics --verify-diagnostics | filecheck %s

// CHECK: x is no constant that could be checked; say with overflow wrap or saturate
func.func @f(%x: tensor<2x3xi8>) {
  %a = lowbit.cast %x : (tensor<2x3xi8>) -> tensor<2x3x!lowbit.signed<4>>
  func.return
}

// -----

// CHECK: x: 2 at index [3] is not a value of code bipolar<2>
func.func @f() {
  %c = arith.constant dense<[-3, -1, 1, 2]> : tensor<4xi8>
  %a = lowbit.cast %c : (tensor<4xi8>) -> tensor<4x!lowbit.bipolar<2>>
  func.return
}

// -----

// CHECK: x: 15 at index [1] is not a value of code signed<4>
func.func @f() {
  %c = arith.constant dense<[3, -1]> : tensor<2xi4>
  %a = lowbit.cast %c unsigned : (tensor<2xi4>) -> tensor<2x!lowbit.signed<4>>
  func.return
}

// -----

// CHECK: integers wrap or saturate to unipolar and signed codes, not to bipolar<1>
func.func @f(%x: tensor<2x3xi8>) {
  %a = lowbit.cast %x overflow wrap : (tensor<2x3xi8>) -> tensor<2x3x!lowbit.bipolar<1>>
  func.return
}

// -----

// CHECK: overflow 'clip': wrap and saturate are allowed
func.func @f(%x: tensor<2x3xi8>) {
  %a = lowbit.cast %x overflow clip : (tensor<2x3xi8>) -> tensor<2x3x!lowbit.signed<1>>
  func.return
}

// -----

// CHECK: x must be a tensor of i8 or i4, got tensor<2x3xi32>
func.func @f(%x: tensor<2x3xi32>) {
  %a = lowbit.cast %x overflow wrap : (tensor<2x3xi32>) -> tensor<2x3x!lowbit.signed<2>>
  func.return
}

// -----

// CHECK: result has shape [3, 2], x has [2, 3]
func.func @f(%x: tensor<2x3xi8>) {
  %a = lowbit.cast %x overflow wrap : (tensor<2x3xi8>) -> tensor<3x2x!lowbit.signed<2>>
  func.return
}
