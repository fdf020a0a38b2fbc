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
