// RUN: lowbit-opt %s -p lowbit-model-to-integers | filecheck %s

// Scales, zero points and the quantiser are thresholds on integer sums: of a sum s they make
// (0.75 s - 0.5) / 0.5 = 1.5 s - 1, which rounds to 1 or more where s > 1, to 2 or more where
// s >= 5/3 and to 3 where s > 7/3, for halves round to even.

// CHECK: func.func @f(%[[X:.*]]: tensor<1x4xf32>) -> tensor<1x2xf32>
// CHECK-NEXT: %[[KEY:.*]] = lowbit.sort_key %[[X]]
// CHECK-NEXT: %[[ZERO:.*]] = arith.constant dense<-1> : tensor<1x1xi32>
// CHECK-NEXT: %[[SIGN:.*]] = lowbit.fused_glue %[[KEY]], %[[ZERO]] form threshold axis 0
// CHECK-SAME: -> tensor<1x4x!lowbit.bipolar<1>>
// CHECK: %[[ACC:.*]] = lowbit.matmul %[[SIGN]], %{{.*}} -> tensor<1x2xi32>
// CHECK-NEXT: %[[T:.*]] = arith.constant dense<{{\[}}[2, 2, 3], [2, 2, 3]]> : tensor<2x3xi32>
// CHECK-NEXT: %[[Q:.*]] = lowbit.fused_glue %[[ACC]], %[[T]] form threshold
// CHECK-SAME: -> tensor<1x2x!lowbit.unipolar<2>>
// CHECK-NEXT: lowbit.dequantize %[[Q]] scale [5.000000e-01]
func.func @f(%x: tensor<1x4xf32>) -> tensor<1x2xf32> {
  %one = qonnx.constant dense<1.0> : tensor<f32>
  %s = qonnx.node "BipolarQuant"(%x, %one) : (tensor<1x4xf32>, tensor<f32>) -> tensor<1x4xf32>
  %w = qonnx.constant dense<[[1.0, -1.0], [1.0, 1.0], [-1.0, 1.0], [1.0, 1.0]]> : tensor<4x2xf32>
  %y = qonnx.node "MatMul"(%s, %w) : (tensor<1x4xf32>, tensor<4x2xf32>) -> tensor<1x2xf32>
  %factor = qonnx.constant dense<0.75> : tensor<f32>
  %scaled = qonnx.node "Mul"(%y, %factor) : (tensor<1x2xf32>, tensor<f32>) -> tensor<1x2xf32>
  %half = qonnx.constant dense<0.5> : tensor<f32>
  %moved = qonnx.node "Sub"(%scaled, %half) : (tensor<1x2xf32>, tensor<f32>) -> tensor<1x2xf32>
  %zero = qonnx.constant dense<0.0> : tensor<f32>
  %bits = qonnx.constant dense<2.0> : tensor<f32>
  %q = qonnx.node "Quant"(%moved, %half, %zero, %bits) {signed = 0 : i64, narrow = 0 : i64}
    : (tensor<1x2xf32>, tensor<f32>, tensor<f32>, tensor<f32>) -> tensor<1x2xf32>
  func.return %q : tensor<1x2xf32>
}
