// RUN: lowbit-opt %s -p 'lowbit-thresholds-to-shift{least_bits=2}' | filecheck %s
// RUN: lowbit-opt %s -p lowbit-thresholds-to-shift | filecheck %s --check-prefix=FEW

!acc = tensor<4x2xi32>
!q = tensor<4x2x!lowbit.unipolar<2>>

// CHECK: func.func @equally_spaced
// CHECK-DAG: %[[O:.*]] = arith.constant dense<[16, -1]> : tensor<2xi32>
// CHECK-DAG: %[[S:.*]] = arith.constant dense<[3, 0]> : tensor<2xi32>
// CHECK: lowbit.fused_glue %{{.*}}, %[[O]], %[[S]] form shift

// FEW: func.func @equally_spaced
// FEW: form threshold
func.func @equally_spaced(%acc: !acc) -> !q {
  %t = arith.constant dense<[[-8, 0, 8], [2, 3, 4]]> : tensor<2x3xi32>
  %q = lowbit.fused_glue %acc, %t form threshold : (!acc, tensor<2x3xi32>) -> !q
  func.return %q : !q
}

// Even sums: 5 and 6 are one, and so are 9 and 10, 13 and 14.

// CHECK: func.func @between_sums
// CHECK: form shift
func.func @between_sums(%x: tensor<4x32x!lowbit.bipolar<1>>) -> !q {
  %w = lowbit.constant [1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1] : tensor<32x2x!lowbit.bipolar<1>>
  %acc = lowbit.matmul %x, %w : (tensor<4x32x!lowbit.bipolar<1>>, tensor<32x2x!lowbit.bipolar<1>>) -> !acc
  %t = arith.constant dense<[[5, 10, 13], [6, 9, 14]]> : tensor<2x3xi32>
  %q = lowbit.fused_glue %acc, %t form threshold : (!acc, tensor<2x3xi32>) -> !q
  func.return %q : !q
}

// Unequal steps, a falling channel.

// CHECK: func.func @unequal
// CHECK: form threshold
func.func @unequal(%acc: !acc) -> !q {
  %t = arith.constant dense<[[-8, 0, 9], [2, 3, 4]]> : tensor<2x3xi32>
  %q = lowbit.fused_glue %acc, %t form threshold : (!acc, tensor<2x3xi32>) -> !q
  func.return %q : !q
}

// CHECK: func.func @falling
// CHECK: form threshold
func.func @falling(%acc: !acc) -> !q {
  %t = arith.constant dense<[[-8, 0, 8], [2, 3, 4]]> : tensor<2x3xi32>
  %f = arith.constant dense<[false, true]> : tensor<2xi1>
  %q = lowbit.fused_glue %acc, %t, %f form threshold : (!acc, tensor<2x3xi32>, tensor<2xi1>) -> !q
  func.return %q : !q
}
