// RUN: lowbit-opt %s -p lowbit-sink-max-pools | filecheck %s

// CHECK: func.func @f(%[[X:.*]]: tensor<1x2x4x4xf32>)
// CHECK: %[[R:.*]] = qonnx.node "Relu"(%[[X]]) : (tensor<1x2x4x4xf32>) -> tensor<1x2x4x4xf32>
// CHECK-NEXT: %[[Q:.*]] = qonnx.node "BipolarQuant"(%[[R]], %{{.*}} -> tensor<1x2x4x4xf32>
// CHECK-NEXT: %[[P:.*]] = qonnx.node "MaxPool"(%[[Q]]) {{.*}} -> tensor<1x2x2x2xf32>
// CHECK-NEXT: func.return %[[P]]
func.func @f(%x: tensor<1x2x4x4xf32>) -> tensor<1x2x2x2xf32> {
  %one = qonnx.constant dense<1.0> : tensor<f32>
  %p = qonnx.node "MaxPool"(%x) {kernel_shape = array<i64: 2, 2>, strides = array<i64: 2, 2>}
    : (tensor<1x2x4x4xf32>) -> tensor<1x2x2x2xf32>
  %r = qonnx.node "Relu"(%p) : (tensor<1x2x2x2xf32>) -> tensor<1x2x2x2xf32>
  %q = qonnx.node "BipolarQuant"(%r, %one)
    : (tensor<1x2x2x2xf32>, tensor<f32>) -> tensor<1x2x2x2xf32>
  func.return %q : tensor<1x2x2x2xf32>
}

// What falls, here by a negative scale, stays behind the pool.

// CHECK: func.func @negative(%[[X:.*]]: tensor<1x2x4x4xf32>)
// CHECK: %[[P:.*]] = qonnx.node "MaxPool"(%[[X]])
// CHECK: qonnx.node "BipolarQuant"(%[[P]]
func.func @negative(%x: tensor<1x2x4x4xf32>) -> tensor<1x2x2x2xf32> {
  %scale = qonnx.constant dense<-1.0> : tensor<f32>
  %p = qonnx.node "MaxPool"(%x) {kernel_shape = array<i64: 2, 2>, strides = array<i64: 2, 2>}
    : (tensor<1x2x4x4xf32>) -> tensor<1x2x2x2xf32>
  %q = qonnx.node "BipolarQuant"(%p, %scale)
    : (tensor<1x2x2x2xf32>, tensor<f32>) -> tensor<1x2x2x2xf32>
  func.return %q : tensor<1x2x2x2xf32>
}
