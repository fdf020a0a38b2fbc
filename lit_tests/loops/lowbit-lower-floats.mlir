// RUN: lowbit-opt %s -p 'lowbit-bufferize{target=znver5},lowbit-lower-floats{target=znver5}' | filecheck %s

// Sums of f32 stay in registers over all taps; lanes of a reduced row are joined at its end.

// CHECK-LABEL: func.func private @main_0_float_conv2d(
// CHECK:         simd.broadcast_load %{{.*}} : memref<1x6x6x4xf32> to vector<16xf32>
// CHECK:         vector.fma
// CHECK:         vector.store %{{.*}} : memref<1x6x6x16xf32>, vector<16xf32>
// CHECK-LABEL: func.func private @main_1_reduce(
// CHECK:           simd.cmpf ogt
// CHECK:         vector.extract
// CHECK:         vector.store %{{.*}} : memref<1x6x6x1xf32>, vector<1xf32>
func.func @main(%x: tensor<1x6x6x4xf32>) -> tensor<1x6x6x1xf32> {
  %w = arith.constant dense<0.5> : tensor<3x3x4x16xf32>
  %y = lowbit.float_conv2d %x, %w padding [1, 1, 1, 1] : (tensor<1x6x6x4xf32>, tensor<3x3x4x16xf32>) -> tensor<1x6x6x16xf32>
  %m = lowbit.reduce %y function max : (tensor<1x6x6x16xf32>) -> tensor<1x6x6x1xf32>
  func.return %m : tensor<1x6x6x1xf32>
}
