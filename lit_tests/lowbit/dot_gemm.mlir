// RUN: ROUNDTRIP
// RUN: GENERIC_ROUNDTRIP

// Levels of a code whose lowest value is not 0: a correction makes up for it.

// CHECK: lowbit.dot_gemm %{{.*}}, %{{.*}}, %{{.*}} : (tensor<5x70x!lowbit.bipolar<4>, #lowbit.packed<axis = 1, word = i32, order = [0, 1], bytes = levels>>, tensor<70x9x!lowbit.signed<8>, #lowbit.packed<axis = 0, word = i32, order = [1, 0], lanes = [1, 4], bytes = values>>, tensor<1x1x9xi32>) -> tensor<5x9xi32>
!x = tensor<5x70x!lowbit.bipolar<4>, #lowbit.packed<axis = 1, word = i32, order = [0, 1], bytes = levels>>
!w = tensor<70x9x!lowbit.signed<8>, #lowbit.packed<axis = 0, word = i32, order = [1, 0], lanes = [1, 4], bytes = values>>
func.func @f(%x: !x, %w: !w, %c: tensor<1x1x9xi32>) {
  %a = lowbit.dot_gemm %x, %w, %c : (!x, !w, tensor<1x1x9xi32>) -> tensor<5x9xi32>
  func.return
}

// Weights as levels of two bits, sixteen a word.

// CHECK: lowbit.dot_gemm %{{.*}}, %{{.*}} : (tensor<1x70x!lowbit.unipolar<8>, #lowbit.packed<axis = 1, word = i32, order = [0, 1], bytes = levels>>, tensor<70x9x!lowbit.signed<2>, #lowbit.packed<axis = 0, word = i32, order = [1, 0], lanes = [1, 4], bytes = levels, bits = 2>>) -> tensor<1x9xi32>
!x1 = tensor<1x70x!lowbit.unipolar<8>, #lowbit.packed<axis = 1, word = i32, order = [0, 1], bytes = levels>>
!w2 = tensor<70x9x!lowbit.signed<2>, #lowbit.packed<axis = 0, word = i32, order = [1, 0], lanes = [1, 4], bytes = levels, bits = 2>>
func.func @levels(%x: !x1, %w: !w2) {
  %a = lowbit.dot_gemm %x, %w : (!x1, !w2) -> tensor<1x9xi32>
  func.return
}
