// RUN: ROUNDTRIP
// RUN: GENERIC_ROUNDTRIP

// Products of unipolar numbers are not negative: the sums are the dot products.

// CHECK: lowbit.product_lut_gemm %{{.*}}, %{{.*}} : (tensor<5x70x!lowbit.unipolar<2>, #lowbit.packed<axis = 1, word = i32, order = [0, 1], bytes = levels>>, tensor<70x9x!lowbit.unipolar<2>, #lowbit.packed<axis = 0, word = i32, order = [1, 0], lanes = [1, 4], bytes = levels, shift = 2>>) -> tensor<5x9xi32>
!x = tensor<5x70x!lowbit.unipolar<2>, #lowbit.packed<axis = 1, word = i32, order = [0, 1], bytes = levels>>
!w = tensor<70x9x!lowbit.unipolar<2>, #lowbit.packed<axis = 0, word = i32, order = [1, 0], lanes = [1, 4], bytes = levels, shift = 2>>
func.func @f(%x: !x, %w: !w) {
  %a = lowbit.product_lut_gemm %x, %w : (!x, !w) -> tensor<5x9xi32>
  func.return
}
