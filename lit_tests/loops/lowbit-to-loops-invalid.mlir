// RUN: not lowbit-opt %s -p lowbit-to-loops 2>&1 | filecheck %s

!x = tensor<5x8x!lowbit.unipolar<2>>
!w = tensor<8x9x!lowbit.signed<1>>

// CHECK: {{^}}error: {{.*}}lowbit-to-loops-invalid.mlir:[[# @LINE + 2]]:3: pass 'lowbit-to-loops': 'lowbit.matmul': has no lowering to loops; run the passes before this one
func.func @too_early(%x: !x, %w: !w) -> tensor<5x9xi32> {
  %y = lowbit.matmul %x, %w : (!x, !w) -> tensor<5x9xi32>
  func.return %y : tensor<5x9xi32>
}
