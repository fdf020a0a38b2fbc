// RUN: not lowbit-opt %s -p lowbit-select-kernel 2>&1 | filecheck %s
// RUN: not lowbit-opt %s -p 'lowbit-select-kernel{target=z80}' 2>&1 | filecheck %s --check-prefix=TARGET

// Codebooks are looked up in tables of products, which have an end: one line says so.
// CHECK: {{^}}error: {{.*}}lowbit-select-kernel-invalid.mlir:[[# @LINE + 8]]:3: pass 'lowbit-select-kernel': 'lowbit.conv2d': strategy product_lut is impossible: tables of products are indexed by 8 bits at most, unipolar<8> and codebook<1, [3, -1]> have 9
// CHECK-NOT: error

// TARGET: {{^}}error: pass 'lowbit-select-kernel': unknown target 'z80': expected one of host, {{.*}}

!x = tensor<1x4x4x8x!lowbit.unipolar<8>>
!w = tensor<4x1x1x8x!lowbit.codebook<1, [3, -1]>>
func.func @codebook(%x: !x, %w: !w) -> tensor<1x4x4x4xi32> {
  %y = lowbit.conv2d %x, %w : (!x, !w) -> tensor<1x4x4x4xi32>
  func.return %y : tensor<1x4x4x4xi32>
}
