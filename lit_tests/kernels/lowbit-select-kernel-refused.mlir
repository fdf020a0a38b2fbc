// RUN: lowbit-opt %s -p 'lowbit-select-kernel{target=znver5 strategy=lut}' --split-input-file --verify-diagnostics | filecheck %s --check-prefix=TABLE
// RUN: lowbit-opt %s -p 'lowbit-select-kernel{target=cortex-a53 strategy=dot}' --split-input-file --verify-diagnostics | filecheck %s --check-prefix=DOT
// RUN: lowbit-opt %s -p 'lowbit-select-kernel{target=cortex-a9 strategy=product_lut}' --split-input-file --verify-diagnostics | filecheck %s --check-prefix=PRODUCT
// RUN: lowbit-opt %s -p 'lowbit-select-kernel{strategy=bitserial}' --split-input-file --verify-diagnostics | filecheck %s --check-prefix=SERIAL
// RUN: not lowbit-opt %s -p 'lowbit-pipeline{strategy=lut}' 2>&1 | filecheck %s --check-prefix=PLACE

// A strategy that was asked for and cannot take a contraction is refused: only `auto` chooses.

// PLACE:   {{^}}error: {{.*}}refused.mlir:[[# @LINE + 6]]:3: pass 'lowbit-select-kernel': 'lowbit.matmul': strategy lut is impossible: 6 activations of 8 bits sum to 1530,
// TABLE:   'lowbit.matmul': strategy lut is impossible: 6 activations of 8 bits sum to 1530, more than a byte of a table holds
// DOT:     'lowbit.matmul': strategy dot is impossible:
// PRODUCT: 'lowbit.matmul': strategy product_lut is impossible: tables of products are indexed by 8 bits at most
// SERIAL:  lowbit.bitserial_gemm
func.func @wide(%x: tensor<5x70x!lowbit.unipolar<8>>, %w: tensor<70x9x!lowbit.bipolar<8>>) -> tensor<5x9xi32> {
  %y = lowbit.matmul %x, %w : (tensor<5x70x!lowbit.unipolar<8>>, tensor<70x9x!lowbit.bipolar<8>>) -> tensor<5x9xi32>
  func.return %y : tensor<5x9xi32>
}

// -----

// TABLE:   strategy lut is impossible: tables of partial sums take unipolar and bipolar activations
// DOT:     lowbit.dot_conv
// PRODUCT: lowbit.product_lut_conv
// SERIAL:  lowbit.bitserial_conv
func.func @signed(%x: tensor<1x4x4x40x!lowbit.signed<4>>, %w: tensor<3x3x3x40x!lowbit.signed<4>>) -> tensor<1x4x4x3xi32> {
  %y = lowbit.conv2d %x, %w padding [1, 1, 1, 1] : (tensor<1x4x4x40x!lowbit.signed<4>>, tensor<3x3x3x40x!lowbit.signed<4>>) -> tensor<1x4x4x3xi32>
  func.return %y : tensor<1x4x4x3xi32>
}

// -----

// TABLE:   strategy lut is impossible: codebook<1, [5, -2]> is not affine in its bits
// DOT:     strategy dot is impossible: codebook<1, [5, -2]> is not affine in its bits
// PRODUCT: lowbit.product_lut_gemm
// SERIAL:  strategy bitserial is impossible: codebook<1, [5, -2]> is not affine in its bits
func.func @codebook(%x: tensor<5x70x!lowbit.unipolar<4>>, %w: tensor<70x9x!lowbit.codebook<1, [5, -2]>>) -> tensor<5x9xi32> {
  %y = lowbit.matmul %x, %w : (tensor<5x70x!lowbit.unipolar<4>>, tensor<70x9x!lowbit.codebook<1, [5, -2]>>) -> tensor<5x9xi32>
  func.return %y : tensor<5x9xi32>
}
