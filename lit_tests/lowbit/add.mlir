// RUN: ROUNDTRIP
// RUN: GENERIC_ROUNDTRIP

// Residual sums: i32, or clipped to a unipolar or signed code.

// CHECK: lowbit.add %{{.*}}, %{{.*}} : (tensor<2x3x!lowbit.unipolar<2>>, tensor<2x3x!lowbit.bipolar<1>>) -> tensor<2x3xi32>
func.func @f(%x: tensor<2x3x!lowbit.unipolar<2>>, %y: tensor<2x3x!lowbit.bipolar<1>>) {
  %a = lowbit.add %x, %y : (tensor<2x3x!lowbit.unipolar<2>>, tensor<2x3x!lowbit.bipolar<1>>) -> tensor<2x3xi32>
  func.return
}

// -----

// CHECK: lowbit.add %{{.*}}, %{{.*}} : (tensor<2x3xi32>, tensor<2x3x!lowbit.signed<4>>) -> tensor<2x3x!lowbit.signed<8>>
func.func @f(%x: tensor<2x3xi32>, %y: tensor<2x3x!lowbit.signed<4>>) {
  %a = lowbit.add %x, %y : (tensor<2x3xi32>, tensor<2x3x!lowbit.signed<4>>) -> tensor<2x3x!lowbit.signed<8>>
  func.return
}

// -----

// CHECK: lowbit.add %{{.*}}, %{{.*}} : (tensor<2x3xi32>, tensor<2x3xi32>) -> tensor<2x3x!lowbit.unipolar<8>>
func.func @f(%x: tensor<2x3xi32>, %y: tensor<2x3xi32>) {
  %a = lowbit.add %x, %y : (tensor<2x3xi32>, tensor<2x3xi32>) -> tensor<2x3x!lowbit.unipolar<8>>
  func.return
}
