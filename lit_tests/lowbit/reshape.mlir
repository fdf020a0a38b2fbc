// RUN: ROUNDTRIP
// RUN: GENERIC_ROUNDTRIP

// CHECK: lowbit.reshape %{{.*}} : (tensor<2x3x4x!lowbit.unipolar<2>>) -> tensor<2x12x!lowbit.unipolar<2>>
func.func @f(%x: tensor<2x3x4x!lowbit.unipolar<2>>) {
  %a = lowbit.reshape %x : (tensor<2x3x4x!lowbit.unipolar<2>>) -> tensor<2x12x!lowbit.unipolar<2>>
  func.return
}

// -----

// CHECK: lowbit.reshape %{{.*}} : (tensor<6xf32>) -> tensor<3x1x2xf32>
func.func @f(%x: tensor<6xf32>) {
  %a = lowbit.reshape %x : (tensor<6xf32>) -> tensor<3x1x2xf32>
  func.return
}
