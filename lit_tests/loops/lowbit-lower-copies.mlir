// RUN: lowbit-opt %s -p 'lowbit-bufferize{target=znver5},lowbit-lower-copies{target=znver5}' | filecheck %s

// Bytes are moved in vectors, of which the last may overlap the one before; numbers go into and out
// of the order of channels one by one.

!p = tensor<3x40x!lowbit.unipolar<2>, #lowbit.packed<axis = 1, word = i32, order = [0, p, 1]>>
!t = tensor<5x3xi32, #lowbit.channels<axis = 0, lanes = 8, fill = 9>>

// CHECK-LABEL: func.func private @main_0_copy(
// CHECK-SAME:    %[[X:.*]]: memref<5x3xi32>, %[[T:[^:]*]]: memref<3x8xi32>
// CHECK:         memref.load %{{.*}} : memref<1x1x5x3xi32>
// CHECK:         memref.store %{{.*}} : memref<3x1x8xi32>
// CHECK:         memref.store %{{.*}} : memref<3x1x8xi32>
// CHECK-LABEL: func.func private @main_1_copy(
// CHECK:         %[[V:.*]] = memref.load %{{.*}} : memref<3x8xi32>
// CHECK-NEXT:    memref.store %[[V]], %{{.*}} : memref<5x3xi32>
// CHECK-LABEL: func.func private @main_2_zero_gaps(
// CHECK:         vector.store %{{.*}} : memref<48xi8>, vector<32xi8>
// CHECK-LABEL: func.func private @main_3_bitpack(
// CHECK-LABEL: func.func private @main_4_copy(
// CHECK:         %[[AT:.*]] = arith.minui
// CHECK-NEXT:    %[[V:.*]] = vector.load %{{.*}}[%[[AT]]] : memref<120xi8>, vector<64xi8>
// CHECK-NEXT:    vector.store %[[V]], %{{.*}}[%[[AT]]]
func.func @main(%t: tensor<5x3xi32>, %x: tensor<3x40x!lowbit.unipolar<2>>) -> (tensor<5x3xi32>, !p, tensor<3x40x!lowbit.unipolar<2>>) {
  %a = lowbit.copy %t : (tensor<5x3xi32>) -> !t
  %b = lowbit.copy %a : (!t) -> tensor<5x3xi32>
  %p = lowbit.bitpack %x : (tensor<3x40x!lowbit.unipolar<2>>) -> !p
  func.return %b, %p, %x : tensor<5x3xi32>, !p, tensor<3x40x!lowbit.unipolar<2>>
}
