// RUN: lowbit-opt %s -p 'lowbit-select-kernel{target=znver5}' --split-input-file | filecheck %s
// RUN: lowbit-opt %s -p 'lowbit-select-kernel{target=cortex-a9}' --split-input-file | filecheck %s
// RUN: lowbit-opt %s -p 'lowbit-select-kernel{target=x86-64-v3 strategy=product_lut}' --split-input-file | filecheck %s --check-prefixes=CHECK,FORCED

// Codebooks are looked up in tables of products. This one has no 0, so that
// the padding makes a difference: there is a correction for each class of border pixels.

!x = tensor<1x4x4x40x!lowbit.codebook<2, [9, -7, 2, -1]>>
!w = tensor<3x3x3x40x!lowbit.codebook<3, [3, 1, 4, -1, 5, 9, 2, 6]>>

// CHECK-LABEL: func.func @conv
// CHECK-NEXT:  %[[X:.*]] = lowbit.bitpack %x : {{.*}} #lowbit.packed<axis = 3, word = i32, order = [0, 1, 2, 3], frame = [0, 0, 1, 1, 1, 1, 0, 0], bytes = levels>>
// CHECK-NEXT:  %[[W:.*]] = lowbit.bitpack %w : {{.*}} #lowbit.packed<axis = 3, word = i32, order = [0, 1, 2, 3], lanes = [0, {{[0-9]+}}], bytes = levels, shift = 2>>
// CHECK-NEXT:  %[[C:.*]] = lowbit.correction %w x_code !lowbit.codebook<2, [9, -7, 2, -1]> image [4, 4] padding [1, 1, 1, 1] strategy product_lut : {{.*}} -> tensor<3x3x3xi32>
// CHECK-NEXT:  lowbit.product_lut_conv %[[X]], %[[W]], %[[C]] padding [1, 1, 1, 1] schedule
func.func @conv(%x: !x, %w: !w) -> tensor<1x4x4x3xi32> {
  %y = lowbit.conv2d %x, %w padding [1, 1, 1, 1] : (!x, !w) -> tensor<1x4x4x3xi32>
  func.return %y : tensor<1x4x4x3xi32>
}

// -----

// One code is enough.

// CHECK-LABEL: func.func @gemm
// CHECK:         lowbit.correction %w x_code !lowbit.unipolar<4> strategy product_lut : {{.*}} -> tensor<1x1x9xi32>
// CHECK:         lowbit.product_lut_gemm
func.func @gemm(%x: tensor<5x70x!lowbit.unipolar<4>>, %w: tensor<70x9x!lowbit.codebook<1, [5, -2]>>) -> tensor<5x9xi32> {
  %y = lowbit.matmul %x, %w : (tensor<5x70x!lowbit.unipolar<4>>, tensor<70x9x!lowbit.codebook<1, [5, -2]>>) -> tensor<5x9xi32>
  func.return %y : tensor<5x9xi32>
}

// -----

// Uniform codes are looked up only where that is asked for.

// CHECK-LABEL: func.func @uniform
// FORCED:        lowbit.product_lut_gemm
func.func @uniform(%x: tensor<5x70x!lowbit.unipolar<2>>, %w: tensor<70x9x!lowbit.signed<2>>) -> tensor<5x9xi32> {
  %y = lowbit.matmul %x, %w : (tensor<5x70x!lowbit.unipolar<2>>, tensor<70x9x!lowbit.signed<2>>) -> tensor<5x9xi32>
  func.return %y : tensor<5x9xi32>
}
