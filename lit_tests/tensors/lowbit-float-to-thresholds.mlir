// RUN: lowbit-opt %s -p lowbit-float-to-thresholds | filecheck %s

!x = tensor<1x8x!lowbit.unipolar<2>>
!w = tensor<8x3x!lowbit.bipolar<1>>
!f = tensor<1x3xf32>
!q = tensor<1x3x!lowbit.unipolar<2>>

// Slopes of 1/4, of 0 and of -1/4: sums of 2, 6 and 10; never; -2, -6 and -10 from above.

// CHECK: func.func @scale_and_relu
// CHECK: %[[ACC:.*]] = lowbit.matmul
// CHECK-DAG: %[[T:.*]] = arith.constant dense<{{\[}}[3, 6, 11], [25, 25, 25], [3, 6, 11]]> : tensor<3x3xi32>
// CHECK-DAG: %[[FLIP:.*]] = arith.constant dense<[false, false, true]> : tensor<3xi1>
// CHECK: %[[Q:.*]] = lowbit.fused_glue %[[ACC]], %[[T]], %[[FLIP]] form threshold
// CHECK-NEXT: func.return %[[Q]]
func.func @scale_and_relu(%x: !x, %w: !w) -> !q {
  %acc = lowbit.matmul %x, %w : (!x, !w) -> tensor<1x3xi32>
  %f = lowbit.dequantize %acc scale [0.25] : (tensor<1x3xi32>) -> !f
  %g = lowbit.affine %f scale [1.0, 0.0, -1.0] : (!f) -> !f
  %h = lowbit.clip %g low [0.0] : (!f) -> !f
  %q = lowbit.quantize %h scale [1.0] : (!f) -> !q
  func.return %q : !q
}

// Channels of two dimensions are told apart.

// CHECK: func.func @two_dimensions
// CHECK-NOT: lowbit.fused_glue
// CHECK: lowbit.quantize
func.func @two_dimensions(%acc: tensor<2x3xi32>) -> tensor<2x3x!lowbit.unipolar<2>> {
  %f = lowbit.dequantize %acc scale [1.0, 2.0, 3.0] : (tensor<2x3xi32>) -> tensor<2x3xf32>
  %q = lowbit.quantize %f scale [1.0, 2.0] axis 0 : (tensor<2x3xf32>) -> tensor<2x3x!lowbit.unipolar<2>>
  func.return %q : tensor<2x3x!lowbit.unipolar<2>>
}

// The largest sum is no NaN, but 0 times infinity is.

// CHECK: func.func @nan
// CHECK-NOT: lowbit.fused_glue
// CHECK: lowbit.quantize
func.func @nan(%acc: tensor<2x3xi32>) -> tensor<2x3x!lowbit.unipolar<2>> {
  %f = lowbit.dequantize %acc scale [3.0e38] : (tensor<2x3xi32>) -> tensor<2x3xf32>
  %g = lowbit.affine %f scale [0.0] : (tensor<2x3xf32>) -> tensor<2x3xf32>
  %q = lowbit.quantize %g scale [1.0] : (tensor<2x3xf32>) -> tensor<2x3x!lowbit.unipolar<2>>
  func.return %q : tensor<2x3x!lowbit.unipolar<2>>
}

// A level that no i32 reaches has no threshold in i32.

// CHECK: func.func @never
// CHECK-NOT: lowbit.fused_glue
// CHECK: lowbit.quantize
func.func @never(%acc: tensor<2x3xi32>) -> tensor<2x3x!lowbit.unipolar<2>> {
  %f = lowbit.dequantize %acc scale [1.0e-9] : (tensor<2x3xi32>) -> tensor<2x3xf32>
  %q = lowbit.quantize %f scale [1.0] : (tensor<2x3xf32>) -> tensor<2x3x!lowbit.unipolar<2>>
  func.return %q : tensor<2x3x!lowbit.unipolar<2>>
}

// Another tensor is added in between.

// CHECK: func.func @not_a_chain
// CHECK-NOT: lowbit.fused_glue
// CHECK: lowbit.quantize
func.func @not_a_chain(%f: tensor<2x3xf32>) -> tensor<2x3x!lowbit.unipolar<2>> {
  %g = lowbit.clip %f low [0.0] : (tensor<2x3xf32>) -> tensor<2x3xf32>
  %q = lowbit.quantize %g scale [1.0] : (tensor<2x3xf32>) -> tensor<2x3x!lowbit.unipolar<2>>
  func.return %q : tensor<2x3x!lowbit.unipolar<2>>
}
