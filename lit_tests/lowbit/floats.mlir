// RUN: ROUNDTRIP
// RUN: GENERIC_ROUNDTRIP

// CHECK: lowbit.affine %{{.*}} scale [1.500000e+00, -2.000000e+00, 0.000000e+00] : (tensor<2x3xf32>) -> tensor<2x3xf32>
// CHECK: lowbit.batch_norm %{{.*}} mean [0.000000e+00] variance [1.000000e+00, 4.000000e+00] gamma [-1.000000e+00] axis 0 : (tensor<2x3xf32>) -> tensor<2x3xf32>
// CHECK: lowbit.clip %{{.*}} low [0.000000e+00] high [6.000000e+00] : (tensor<2x3xf32>) -> tensor<2x3xf32>
// CHECK: lowbit.round %{{.*}} to floor : (tensor<2x3xf32>) -> tensor<2x3xf32>
func.func @f(%x: tensor<2x3xf32>) {
  %a = lowbit.affine %x scale [1.5, -2.0, 0.0] : (tensor<2x3xf32>) -> tensor<2x3xf32>
  %b = lowbit.batch_norm %a mean [0.0] variance [1.0, 4.0] gamma [-1.0] axis 0 : (tensor<2x3xf32>) -> tensor<2x3xf32>
  %c = lowbit.clip %b low [0.0] high [6.0] : (tensor<2x3xf32>) -> tensor<2x3xf32>
  %d = lowbit.round %c to floor : (tensor<2x3xf32>) -> tensor<2x3xf32>
  func.return
}
