// RUN: ROUNDTRIP
// RUN: GENERIC_ROUNDTRIP

// CHECK: lowbit.sort_key %{{.*}} : (tensor<2x3xf32>) -> tensor<2x3xi32>
func.func @f(%x: tensor<2x3xf32>) {
  %a = lowbit.sort_key %x : (tensor<2x3xf32>) -> tensor<2x3xi32>
  func.return
}
