// RUN: lowbit-opt %s -p lowbit-fold-model-constants | filecheck %s

// Quantisers of constants stay.

// CHECK: func.func @f
// CHECK-NEXT: %[[W:.*]] = qonnx.constant dense<1.000000e+00> : tensor<4x2xf32> named "w"
// CHECK-NEXT: %[[SCALE:.*]] = qonnx.constant dense<3.000000e+00> : tensor<f32>
// CHECK-NEXT: %[[Q:.*]] = qonnx.node "BipolarQuant"(%[[W]], %[[SCALE]])
// CHECK-NEXT: qonnx.node "MatMul"(%{{.*}}, %[[Q]])
// CHECK-NEXT: func.return
func.func @f(%x: tensor<1x4xf32>) -> tensor<1x2xf32> {
  %w = qonnx.constant dense<1.0> : tensor<4x2xf32> named "w"
  %nine = qonnx.constant dense<9.0> : tensor<f32>
  %unused = qonnx.constant dense<7.0> : tensor<f32>
  %scale = qonnx.node "Sqrt"(%nine) version 13 : (tensor<f32>) -> tensor<f32>
  %q = qonnx.node "BipolarQuant"(%w, %scale) : (tensor<4x2xf32>, tensor<f32>) -> tensor<4x2xf32>
  %y = qonnx.node "MatMul"(%x, %q) : (tensor<1x4xf32>, tensor<4x2xf32>) -> tensor<1x2xf32>
  func.return %y : tensor<1x2xf32>
}
