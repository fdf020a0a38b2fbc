// RUN: lowbit-opt %s -p 'lowbit-infer-model-shapes{batch=2}' | filecheck %s

// CHECK: func.func @f(%{{.*}}: tensor<2x3x8x8xf32>) -> tensor<2x128xf32>
func.func @f(%x: tensor<?x3x8x8xf32>) -> !qonnx.unknown {
  %w = qonnx.constant dense<1.0> : tensor<8x3x3x3xf32>
  // CHECK: -> tensor<2x8x4x4xf32>
  %y = qonnx.node "Conv"(%x, %w) {pads = array<i64: 1, 1, 1, 1>, strides = array<i64: 2, 2>}
    : (tensor<?x3x8x8xf32>, tensor<8x3x3x3xf32>) -> !qonnx.unknown
  // CHECK: -> tensor<4xi64>
  %s = qonnx.node "Shape"(%y) : (!qonnx.unknown) -> !qonnx.unknown
  %zero = qonnx.constant dense<[0]> : tensor<1xi64>
  // CHECK: -> tensor<1xi64>
  %n = qonnx.node "Gather"(%s, %zero) : (!qonnx.unknown, tensor<1xi64>) -> !qonnx.unknown
  %rest = qonnx.constant dense<[-1]> : tensor<1xi64>
  // CHECK: -> tensor<2xi64>
  %shape = qonnx.node "Concat"(%n, %rest) {axis = 0 : i64}
    : (!qonnx.unknown, tensor<1xi64>) -> !qonnx.unknown
  // CHECK: -> tensor<2x128xf32>
  %z = qonnx.node "Reshape"(%y, %shape) : (!qonnx.unknown, !qonnx.unknown) -> !qonnx.unknown
  func.return %z : !qonnx.unknown
}
