// RUN: ROUNDTRIP
// RUN: GENERIC_ROUNDTRIP

// A matrix product by popcounts.

// CHECK: lowbit.bitserial_gemm %{{.*}}, %{{.*}}, %{{.*}} : (tensor<5x70x!lowbit.unipolar<2>, #lowbit.packed<axis = 1, word = i32, order = [p, 0, 1]>>, tensor<70x9x!lowbit.bipolar<1>, #lowbit.packed<axis = 0, word = i32, order = [1, p, 0], lanes = [1, 4]>>, tensor<1x1x9xi32>) -> tensor<5x9xi32>
!x = tensor<5x70x!lowbit.unipolar<2>, #lowbit.packed<axis = 1, word = i32, order = [p, 0, 1]>>
!w = tensor<70x9x!lowbit.bipolar<1>, #lowbit.packed<axis = 0, word = i32, order = [1, p, 0], lanes = [1, 4]>>
func.func @f(%x: !x, %w: !w, %c: tensor<1x1x9xi32>) {
  %a = lowbit.bitserial_gemm %x, %w, %c : (!x, !w, tensor<1x1x9xi32>) -> tensor<5x9xi32>
  func.return
}

// -----

// CHECK: lowbit.bitserial_gemm %{{.*}}, %{{.*}} schedule #lowbit.schedule<tile = 4x4, unroll = 0, order = channels> : (tensor<5x70x!lowbit.unipolar<2>, #lowbit.packed<axis = 1, word = i32, order = [p, 0, 1]>>, tensor<70x9x!lowbit.unipolar<1>, #lowbit.packed<axis = 0, word = i32, order = [1, p, 0], lanes = [1, 4]>>) -> tensor<5x9xi32>
!x = tensor<5x70x!lowbit.unipolar<2>, #lowbit.packed<axis = 1, word = i32, order = [p, 0, 1]>>
!w = tensor<70x9x!lowbit.unipolar<1>, #lowbit.packed<axis = 0, word = i32, order = [1, p, 0], lanes = [1, 4]>>
func.func @f(%x: !x, %w: !w) {
  %a = lowbit.bitserial_gemm %x, %w schedule #lowbit.schedule<tile = 4x4, unroll = 0, order = channels> : (!x, !w) -> tensor<5x9xi32>
  func.return
}

// -----

// CHECK: lowbit.bitserial_gemm %{{.*}}, %{{.*}}, %{{.*}} : (tensor<5x70x!lowbit.unipolar<2>, #lowbit.packed<axis = 1, word = i32, order = [p, 0, 1]>>, tensor<70x9x!lowbit.bipolar<1>, #lowbit.packed<axis = 0, word = i32, order = [1, p, 0], lanes = [1, 4]>>, tensor<1x1x9xi32>) -> tensor<5x9xi32> epilogue {
// CHECK: lowbit.yield %{{.*}} : (tensor<5x9xi32>) -> ()
!x = tensor<5x70x!lowbit.unipolar<2>, #lowbit.packed<axis = 1, word = i32, order = [p, 0, 1]>>
!w = tensor<70x9x!lowbit.bipolar<1>, #lowbit.packed<axis = 0, word = i32, order = [1, p, 0], lanes = [1, 4]>>
func.func @f(%x: !x, %w: !w, %c: tensor<1x1x9xi32>) {
  %a = lowbit.bitserial_gemm %x, %w, %c : (!x, !w, tensor<1x1x9xi32>) -> tensor<5x9xi32> epilogue {
  ^bb0(%acc: tensor<5x9xi32>):
    lowbit.yield %acc : (tensor<5x9xi32>) -> ()
  }
  func.return
}
