// RUN: ROUNDTRIP
// RUN: GENERIC_ROUNDTRIP

// (M, K) by (K, N).

// CHECK: lowbit.matmul %{{.*}}, %{{.*}} : (tensor<5x70x!lowbit.unipolar<2>>, tensor<70x9x!lowbit.bipolar<1>>) -> tensor<5x9xi32>
func.func @f(%x: tensor<5x70x!lowbit.unipolar<2>>, %w: tensor<70x9x!lowbit.bipolar<1>>) {
  %a = lowbit.matmul %x, %w : (tensor<5x70x!lowbit.unipolar<2>>, tensor<70x9x!lowbit.bipolar<1>>) -> tensor<5x9xi32>
  func.return
}
