// RUN: lowbit-opt %s --split-input-file --parsing-diagnostics --verify-diagnostics | filecheck %s

// CHECK: w must lie in {{.*}} bytes = levels, shift = 2>, got {{.*}} bytes = levels, shift = 3>
!x = tensor<1x4x4x6x!lowbit.unipolar<2>, #lowbit.packed<axis = 3, word = i32, order = [0, 1, 2, 3], bytes = levels>>
!w = tensor<8x1x1x6x!lowbit.unipolar<2>, #lowbit.packed<axis = 3, word = i32, order = [0, 1, 2, 3], lanes = [0, 16], bytes = levels, shift = 3>>
func.func @f(%x: !x, %w: !w) {
  %a = lowbit.product_lut_conv %x, %w : (!x, !w) -> tensor<1x4x4x8xi32>
  func.return
}

// -----

// CHECK: the codes of x and w need a correction operand
!x = tensor<1x4x4x6x!lowbit.unipolar<2>, #lowbit.packed<axis = 3, word = i32, order = [0, 1, 2, 3], bytes = levels>>
!w = tensor<8x1x1x6x!lowbit.signed<2>, #lowbit.packed<axis = 3, word = i32, order = [0, 1, 2, 3], lanes = [0, 16], bytes = levels, shift = 2>>
func.func @f(%x: !x, %w: !w) {
  %a = lowbit.product_lut_conv %x, %w : (!x, !w) -> tensor<1x4x4x8xi32>
  func.return
}

// -----

// CHECK: #lowbit.packed: levels of unipolar<4>, shifted by 5, do not fit in bytes
!x = tensor<1x4x4x6x!lowbit.unipolar<5>, #lowbit.packed<axis = 3, word = i32, order = [0, 1, 2, 3], bytes = levels>>
!w = tensor<8x1x1x6x!lowbit.unipolar<4>, #lowbit.packed<axis = 3, word = i32, order = [0, 1, 2, 3], lanes = [0, 16], bytes = levels, shift = 5>>
func.func @f(%x: !x, %w: !w) {
  %a = lowbit.product_lut_conv %x, %w : (!x, !w) -> tensor<1x4x4x8xi32>
  func.return
}

// -----

// CHECK: #lowbit.packed: shift = 2: levels of 8 bits may be shifted by 1 to 7 bits
!w = tensor<8x1x1x6x!lowbit.unipolar<4>, #lowbit.packed<axis = 3, word = i32, order = [0, 1, 2, 3], lanes = [0, 16], bytes = values, shift = 2>>
func.func @f(%w: !w) {
  func.return
}

// -----

// The other kernels still take affine codes only.

// CHECK: x: kernels take affine codes, got codebook<1, [4, 3]>
!x = tensor<5x70x!lowbit.codebook<1, [4, 3]>, #lowbit.packed<axis = 1, word = i32, order = [0, 1], bytes = levels>>
!w = tensor<70x9x!lowbit.signed<8>, #lowbit.packed<axis = 0, word = i32, order = [1, 0], lanes = [1, 4], bytes = values>>
func.func @f(%x: !x, %w: !w, %c: tensor<1x1x9xi32>) {
  %a = lowbit.dot_gemm %x, %w, %c : (!x, !w, tensor<1x1x9xi32>) -> tensor<5x9xi32>
  func.return
}
