// RUN: ROUNDTRIP
// RUN: GENERIC_ROUNDTRIP

// CHECK: func.func @f
func.func @f(%x: tensor<?x3x8x8xf32>) -> !qonnx.unknown {
  // CHECK-NEXT: qonnx.constant dense<1.000000e+00> : tensor<8x3x3x3xf32> named "conv.weight"
  %w = qonnx.constant dense<1.0> : tensor<8x3x3x3xf32> named "conv.weight"
  // CHECK-NEXT: qonnx.constant dense<[[1, 3]]> : tensor<1x2xui2>
  %n = qonnx.constant dense<[[1, 3]]> : tensor<1x2xui2>
  // CHECK-NEXT: qonnx.absent
  %none = qonnx.absent
  // CHECK-NEXT: qonnx.node "Conv"(%{{.*}}, %{{.*}}) version 13 {pads = array<i64: 1, 1, 1, 1>} named "conv"
  // CHECK-SAME: : (tensor<?x3x8x8xf32>, tensor<8x3x3x3xf32>) -> !qonnx.unknown
  %y = qonnx.node "Conv"(%x, %w) version 13 {pads = array<i64: 1, 1, 1, 1>} named "conv"
    : (tensor<?x3x8x8xf32>, tensor<8x3x3x3xf32>) -> !qonnx.unknown
  // CHECK-NEXT: qonnx.node "BipolarQuant"(%{{.*}}, %{{.*}}) domain "onnx.brevitas"
  %q = qonnx.node "BipolarQuant"(%y, %y) domain "onnx.brevitas"
    : (!qonnx.unknown, !qonnx.unknown) -> !qonnx.unknown
  // CHECK-NEXT: qonnx.node "Clip"(%{{.*}}, %{{.*}}, %{{.*}}) :
  %c = qonnx.node "Clip"(%q, %none, %y)
    : (!qonnx.unknown, !qonnx.unknown, !qonnx.unknown) -> !qonnx.unknown
  func.return %c : !qonnx.unknown
}
