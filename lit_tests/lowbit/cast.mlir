// RUN: ROUNDTRIP
// RUN: GENERIC_ROUNDTRIP

// CHECK: lowbit.cast %{{.*}} overflow wrap : (tensor<2x3xi8>) -> tensor<2x3x!lowbit.signed<4>>
func.func @f(%x: tensor<2x3xi8>) {
  %a = lowbit.cast %x overflow wrap : (tensor<2x3xi8>) -> tensor<2x3x!lowbit.signed<4>>
  func.return
}

// -----

// CHECK: lowbit.cast %{{.*}} overflow saturate unsigned : (tensor<2x3xi8>) -> tensor<2x3x!lowbit.unipolar<2>>
func.func @f(%x: tensor<2x3xi8>) {
  %a = lowbit.cast %x unsigned overflow saturate : (tensor<2x3xi8>) -> tensor<2x3x!lowbit.unipolar<2>>
  func.return
}

// -----

// Constants are checked.

// CHECK: lowbit.cast %{{.*}} : (tensor<4xi4>) -> tensor<4x!lowbit.bipolar<2>>
func.func @f() {
  %c = arith.constant dense<[-3, -1, 1, 3]> : tensor<4xi4>
  %a = lowbit.cast %c : (tensor<4xi4>) -> tensor<4x!lowbit.bipolar<2>>
  func.return
}
