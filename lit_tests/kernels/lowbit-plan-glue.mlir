// RUN: lowbit-opt %s -p 'lowbit-plan-glue{target=x86-64}' | filecheck %s --check-prefixes=CHECK,SSE2
// RUN: lowbit-opt %s -p 'lowbit-plan-glue{target=cortex-a53}' | filecheck %s --check-prefixes=CHECK,NEON

// Without an instruction that selects, comparing all thresholds is faster than bisection.

// CHECK-LABEL: func.func @bytes
// SSE2:          form threshold counted :
// NEON:          form threshold :
func.func @bytes(%acc: tensor<4x4xi32>) -> tensor<4x4x!lowbit.unipolar<2>> {
  %t = arith.constant dense<[[0, 1, 2], [0, 1, 2], [0, 1, 2], [0, 1, 2]]> : tensor<4x3xi32>
  %q = lowbit.fused_glue %acc, %t form threshold : (tensor<4x4xi32>, tensor<4x3xi32>) -> tensor<4x4x!lowbit.unipolar<2>>
  func.return %q : tensor<4x4x!lowbit.unipolar<2>>
}

// Two thresholds of three make no bisection, nor do those that no constant gives.

// CHECK-LABEL: func.func @others
// CHECK:         form threshold :
// CHECK:         form threshold :
func.func @others(%acc: tensor<4x4xi32>, %v: tensor<4x3xi32>) -> (tensor<4x4x!lowbit.unipolar<2>>, tensor<4x4x!lowbit.unipolar<2>>) {
  %t = arith.constant dense<[[0, 1], [0, 1], [0, 1], [0, 1]]> : tensor<4x2xi32>
  %q = lowbit.fused_glue %acc, %t form threshold : (tensor<4x4xi32>, tensor<4x2xi32>) -> tensor<4x4x!lowbit.unipolar<2>>
  %r = lowbit.fused_glue %acc, %v form threshold : (tensor<4x4xi32>, tensor<4x3xi32>) -> tensor<4x4x!lowbit.unipolar<2>>
  func.return %q, %r : tensor<4x4x!lowbit.unipolar<2>>, tensor<4x4x!lowbit.unipolar<2>>
}

// What was said already stays.

// CHECK-LABEL: func.func @said
// CHECK:         form threshold counted :
func.func @said(%acc: tensor<4x4xi32>) -> tensor<4x4x!lowbit.unipolar<2>> {
  %t = arith.constant dense<[[0, 1, 2], [0, 1, 2], [0, 1, 2], [0, 1, 2]]> : tensor<4x3xi32>
  %q = lowbit.fused_glue %acc, %t form threshold counted : (tensor<4x4xi32>, tensor<4x3xi32>) -> tensor<4x4x!lowbit.unipolar<2>>
  func.return %q : tensor<4x4x!lowbit.unipolar<2>>
}
