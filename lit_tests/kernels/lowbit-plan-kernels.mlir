// RUN: lowbit-opt %s -p 'lowbit-plan-kernels{target=x86-64}' | filecheck %s --check-prefixes=CHECK,SSE2
// RUN: lowbit-opt %s -p 'lowbit-plan-kernels{target=x86-64-v3}' | filecheck %s --check-prefixes=CHECK,AVX2

// Without an instruction that selects, comparing all thresholds is faster than bisection.

// CHECK-LABEL: func.func @bytes
// SSE2:          form threshold counted :
// AVX2:          form threshold :
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

// A kernel without a schedule gets one; weights of two bits stay as they are packed.

!x = tensor<1x64x!lowbit.unipolar<8>, #lowbit.packed<axis = 1, word = i32, order = [0, 1], bytes = levels>>
!w = tensor<64x16x!lowbit.signed<2>, #lowbit.packed<axis = 0, word = i32, order = [1, 0], lanes = [1, 16], bytes = levels, bits = 2>>

// CHECK-LABEL: func.func @kernel
// CHECK:         lowbit.dot_gemm %x, %w schedule #lowbit.schedule<{{.*}}storage = 2> :
func.func @kernel(%x: !x, %w: !w) -> tensor<1x16xi32> {
  %y = lowbit.dot_gemm %x, %w : (!x, !w) -> tensor<1x16xi32>
  func.return %y : tensor<1x16xi32>
}
