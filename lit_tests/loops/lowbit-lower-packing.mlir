// RUN: lowbit-opt %s -p 'lowbit-bufferize{target=znver5},lowbit-lower-packing{target=znver5}' | filecheck %s

// Bytes become words of bit planes, 32 at once, and words become bytes; nothing else is lowered.

!x = tensor<4x64x!lowbit.unipolar<1>>
!p = tensor<4x64x!lowbit.unipolar<1>, #lowbit.packed<axis = 1, word = i32, order = [0, p, 1]>>

// CHECK-LABEL: func.func private @main_0_bitpack(
// CHECK-SAME:    %[[X:.*]]: memref<4x64xi8>, %[[P:[^:]*]]: memref<4x1x2xi32>, %[[LOW:.*]]: index, %[[HIGH:.*]]: index)
// CHECK-NOT:     lowbit.compute
// CHECK:         scf.for %[[ROW:.*]] = %[[LOW]] to %[[HIGH]] step
// CHECK:           vector.load %[[X]][%[[ROW]], %{{.*}}] : memref<4x64xi8>, vector<32xi8>
// CHECK:           simd.pack_bits
// CHECK:           memref.store %{{.*}}, %[[P]][
// CHECK-LABEL: func.func private @main_1_unpack(
// CHECK:           simd.broadcast_load
// CHECK:           vector.store
// CHECK-LABEL: func.func private @main_2_add(
// CHECK-NEXT:    lowbit.compute
func.func @main(%x: !x) -> tensor<4x64xi32> {
  %p = lowbit.bitpack %x : (!x) -> !p
  %u = lowbit.unpack %p : (!p) -> !x
  %y = lowbit.add %u, %x : (!x, !x) -> tensor<4x64xi32>
  func.return %y : tensor<4x64xi32>
}
