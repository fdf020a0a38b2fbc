// RUN: ROUNDTRIP
// RUN: GENERIC_ROUNDTRIP

// f32 to the nearest value of a code; half_even and axis -1 are the defaults.

// CHECK: lowbit.quantize %{{.*}} scale [5.000000e-01] : (tensor<3x4xf32>) -> tensor<3x4x!lowbit.signed<4>>
// CHECK: lowbit.quantize %{{.*}} scale [1.000000e+00, 2.000000e+00, 3.500000e+00] axis 0 round half_up : (tensor<3x4xf32>) -> tensor<3x4x!lowbit.bipolar<1>>
// CHECK: lowbit.quantize %{{.*}} scale [1.000000e+00, 2.000000e+00, 3.000000e+00, 1.000000e-01] round half_away : (tensor<3x4xf32>) -> tensor<3x4x!lowbit.unipolar<2>>
// CHECK: lowbit.quantize %{{.*}} scale [1.000000e+00] : (tensor<3x4xf32>) -> tensor<3x4x!lowbit.unipolar<2>>
func.func @f(%x: tensor<3x4xf32>) {
  %a = lowbit.quantize %x scale [5.000000e-01] : (tensor<3x4xf32>) -> tensor<3x4x!lowbit.signed<4>>
  %b = lowbit.quantize %x scale [1.0, 2, 3.5] axis 0 round half_up : (tensor<3x4xf32>) -> tensor<3x4x!lowbit.bipolar<1>>
  %c = lowbit.quantize %x round half_away scale [1.0, 2.0, 3.0, 0.1] : (tensor<3x4xf32>) -> tensor<3x4x!lowbit.unipolar<2>>
  %d = lowbit.quantize %x scale [1.0] axis -1 round half_even : (tensor<3x4xf32>) -> tensor<3x4x!lowbit.unipolar<2>>
  func.return
}
