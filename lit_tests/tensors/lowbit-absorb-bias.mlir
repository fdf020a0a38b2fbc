// RUN: lowbit-opt %s -p lowbit-absorb-bias | filecheck %s

!x = tensor<2x8x!lowbit.unipolar<2>>
!w = tensor<8x3x!lowbit.bipolar<1>>
!acc = tensor<2x3xi32>
!q = tensor<2x3x!lowbit.unipolar<1>>

// CHECK: func.func @thresholds
// CHECK: %[[ACC:.*]] = lowbit.matmul
// CHECK: %[[T:.*]] = arith.constant dense<{{\[}}[-1], [-2], [8]]> : tensor<3x1xi32>
// CHECK: lowbit.fused_glue %[[ACC]], %[[T]], %{{.*}} form threshold
func.func @thresholds(%x: !x, %w: !w) -> !q {
  %acc = lowbit.matmul %x, %w : (!x, !w) -> !acc
  %b = arith.constant dense<[[1, 2, 3], [1, 2, 3]]> : !acc
  %sum = lowbit.add %acc, %b : (!acc, !acc) -> !acc
  %t = arith.constant dense<[[0], [0], [5]]> : tensor<3x1xi32>
  %f = arith.constant dense<[false, false, true]> : tensor<3xi1>
  %q = lowbit.fused_glue %sum, %t, %f form threshold : (!acc, tensor<3x1xi32>, tensor<3xi1>) -> !q
  func.return %q : !q
}

// CHECK: func.func @offsets
// CHECK: %[[ACC:.*]] = lowbit.matmul
// CHECK: %[[O:.*]] = arith.constant dense<[11, 22, 33]> : tensor<3xi32>
// CHECK: lowbit.fused_glue %[[ACC]], %[[O]], %{{.*}} form shift
func.func @offsets(%x: !x, %w: !w, %s: tensor<3xi32>) -> !q {
  %acc = lowbit.matmul %x, %w : (!x, !w) -> !acc
  %b = arith.constant dense<[[1, 2, 3], [1, 2, 3]]> : !acc
  %sum = lowbit.add %b, %acc : (!acc, !acc) -> !acc
  %o = arith.constant dense<[10, 20, 30]> : tensor<3xi32>
  %q = lowbit.fused_glue %sum, %o, %s form shift : (!acc, tensor<3xi32>, tensor<3xi32>) -> !q
  func.return %q : !q
}

// Rows that differ, sums that may saturate, parameters that are not known.

// CHECK: func.func @rows
// CHECK: lowbit.add
func.func @rows(%x: !x, %w: !w) -> !q {
  %acc = lowbit.matmul %x, %w : (!x, !w) -> !acc
  %b = arith.constant dense<[[1, 2, 3], [1, 2, 4]]> : !acc
  %sum = lowbit.add %acc, %b : (!acc, !acc) -> !acc
  %t = arith.constant dense<[[0], [0], [5]]> : tensor<3x1xi32>
  %q = lowbit.fused_glue %sum, %t form threshold : (!acc, tensor<3x1xi32>) -> !q
  func.return %q : !q
}

// CHECK: func.func @saturating
// CHECK: lowbit.add
func.func @saturating(%acc: !acc) -> !q {
  %b = arith.constant dense<1> : !acc
  %sum = lowbit.add %acc, %b : (!acc, !acc) -> !acc
  %t = arith.constant dense<[[0], [0], [5]]> : tensor<3x1xi32>
  %q = lowbit.fused_glue %sum, %t form threshold : (!acc, tensor<3x1xi32>) -> !q
  func.return %q : !q
}

// CHECK: func.func @unknown
// CHECK: lowbit.add
func.func @unknown(%x: !x, %w: !w, %t: tensor<3x1xi32>) -> !q {
  %acc = lowbit.matmul %x, %w : (!x, !w) -> !acc
  %b = arith.constant dense<1> : !acc
  %sum = lowbit.add %acc, %b : (!acc, !acc) -> !acc
  %q = lowbit.fused_glue %sum, %t form threshold : (!acc, tensor<3x1xi32>) -> !q
  func.return %q : !q
}
