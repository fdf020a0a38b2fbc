// RUN: ROUNDTRIP
// RUN: GENERIC_ROUNDTRIP

// Values of any code, or i32 sums, to f32.

// CHECK: lowbit.dequantize %{{.*}} scale [2.500000e-01] : (tensor<3x4x!lowbit.bipolar<1>>) -> tensor<3x4xf32>
// CHECK: lowbit.dequantize %{{.*}} scale [1.000000e+00, 2.000000e+00, 3.000000e+00] axis 0 : (tensor<3x4xi32>) -> tensor<3x4xf32>
// CHECK: lowbit.dequantize %{{.*}} scale [1.000000e+00] : (tensor<3x4x!lowbit.codebook<1, [1, 9]>>) -> tensor<3x4xf32>
func.func @f(%x: tensor<3x4x!lowbit.bipolar<1>>, %y: tensor<3x4xi32>, %z: tensor<3x4x!lowbit.codebook<1, [1, 9]>>) {
  %a = lowbit.dequantize %x scale [2.500000e-01] : (tensor<3x4x!lowbit.bipolar<1>>) -> tensor<3x4xf32>
  %b = lowbit.dequantize %y scale [1.0, 2.0, 3.0] axis 0 : (tensor<3x4xi32>) -> tensor<3x4xf32>
  %c = lowbit.dequantize %z scale [1.0] : (tensor<3x4x!lowbit.codebook<1, [1, 9]>>) -> tensor<3x4xf32>
  func.return
}
