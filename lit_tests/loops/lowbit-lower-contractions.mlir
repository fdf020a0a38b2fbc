// RUN: lowbit-opt %s -p 'lowbit-bufferize{target=znver5},lowbit-lower-contractions{target=znver5}' | filecheck %s

// Kernels become loops around their register tiles; what they read lies in typed memory.

!x = tensor<4x64x!lowbit.unipolar<2>, #lowbit.packed<axis = 1, word = i32, order = [p, 0, 1]>>
!w = tensor<64x32x!lowbit.signed<1>, #lowbit.packed<axis = 0, word = i32, order = [1, p, 0], lanes = [1, 16]>>

// CHECK-LABEL: func.func private @main_0_bitserial_gemm(
// CHECK-SAME:    %[[X:.*]]: memref<2x4x2xi32>, %[[W:.*]]: memref<2x1x2x16xi32>, %[[Y:[^:]*]]: memref<4x32xi32>, %[[LOW:.*]]: index, %[[HIGH:.*]]: index)
// CHECK-NOT:     lowbit.compute
// CHECK:         %[[XV:.*]] = lowbit.view_as %[[X]] : (memref<2x4x2xi32>) ->
// CHECK:         scf.for {{.*}} = %[[LOW]] to %[[HIGH]]
// CHECK:           lowbit.bitserial_tile %[[XV]],
// CHECK:           vector.store
func.func @main(%x: !x, %w: !w) -> tensor<4x32xi32> {
  %y = lowbit.bitserial_gemm %x, %w schedule #lowbit.schedule<tile = 2x1, unroll = 1, order = rows> : (!x, !w) -> tensor<4x32xi32>
  func.return %y : tensor<4x32xi32>
}
