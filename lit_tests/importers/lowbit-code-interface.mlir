// RUN: lowbit-opt %s -p lowbit-code-interface | filecheck %s

// CHECK: func.func @f(%[[X:.*]]: tensor<1x2x2x!lowbit.unipolar<1>>, %{{.*}}) -> tensor<1x4xi32>
// CHECK-NEXT: %[[FLAT:.*]] = lowbit.reshape %[[X]]
// CHECK-NOT: sort_key
// CHECK: %[[ACC:.*]] = lowbit.matmul %[[FLAT]]
// CHECK-NEXT: func.return %[[ACC]]
func.func @f(%x: tensor<1x2x2xf32>, %w: tensor<4x4x!lowbit.bipolar<1>>) -> tensor<1x4xf32> {
  %flat = lowbit.reshape %x : (tensor<1x2x2xf32>) -> tensor<1x4xf32>
  %k = lowbit.sort_key %flat : (tensor<1x4xf32>) -> tensor<1x4xi32>
  %t = arith.constant dense<0> : tensor<1x1xi32>
  %q = lowbit.fused_glue %k, %t form threshold axis 0
    : (tensor<1x4xi32>, tensor<1x1xi32>) -> tensor<1x4x!lowbit.unipolar<1>>
  %acc = lowbit.matmul %q, %w
    : (tensor<1x4x!lowbit.unipolar<1>>, tensor<4x4x!lowbit.bipolar<1>>) -> tensor<1x4xi32>
  %y = lowbit.dequantize %acc scale [0.25] : (tensor<1x4xi32>) -> tensor<1x4xf32>
  %z = lowbit.affine %y offset [1.0] : (tensor<1x4xf32>) -> tensor<1x4xf32>
  func.return %z : tensor<1x4xf32>
}

// Scales of channels keep their floats.

// CHECK: func.func @channels(%{{.*}}: tensor<1x2xi32>) -> tensor<1x2xf32>
func.func @channels(%x: tensor<1x2xi32>) -> tensor<1x2xf32> {
  %y = lowbit.dequantize %x scale [0.25, 0.5] : (tensor<1x2xi32>) -> tensor<1x2xf32>
  func.return %y : tensor<1x2xf32>
}
