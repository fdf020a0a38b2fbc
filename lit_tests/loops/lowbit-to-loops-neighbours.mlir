// RUN: lowbit-opt %s -p 'lowbit-to-loops{target=cortex-a53}' | filecheck %s

// Words of neighbouring columns lie beside each other: masks of eight columns are packed together,
// and stored as a vector. Unpacked, a word is a mask that chooses the weight of its plane.

!x = tensor<1x2x9x16x!lowbit.unipolar<2>>
!p = tensor<1x2x9x16x!lowbit.unipolar<2>,
            #lowbit.packed<axis = 3, word = i16, order = [0, 1, p, 3, 2]>>

// CHECK-LABEL: func.func @pack_0_bitpack(
// CHECK:         scf.for %[[COL:.*]] = %{{.*}} to %{{.*}} step %{{.*}} {
// CHECK:           %[[LAST:.*]] = vector.load {{.*}} : memref<1x2x9x16xi8>, vector<16xi8>
// CHECK:           simd.cmpi ne
// CHECK:           simd.pack_masks {{.*}} : vector<16xi1> to vector<8xi16>
// CHECK-NEXT:      vector.store {{.*}} : memref<1x2x2x1x9xi16>, vector<8xi16>
// CHECK:           simd.pack_masks
func.func @pack(%x: !x) -> !p {
  %p = lowbit.bitpack %x : (!x) -> !p
  func.return %p : !p
}

// CHECK-LABEL: func.func @unpack_0_unpack(
// CHECK:         %[[LOW:.*]] = simd.unpack_bits {{.*}} : i16 to vector<16xi1>
// CHECK-NEXT:    %[[ONES:.*]] = simd.select %[[LOW]], %{{.*}}, %{{.*}} : vector<16xi1>, vector<16xi8>
// CHECK:         %[[HIGH:.*]] = simd.unpack_bits {{.*}} : i16 to vector<16xi1>
// CHECK-NEXT:    %[[TWOS:.*]] = simd.select %[[HIGH]]
// CHECK-NEXT:    %[[BYTES:.*]] = arith.ori %[[ONES]], %[[TWOS]] : vector<16xi8>
// CHECK-NEXT:    vector.store %[[BYTES]]
func.func @unpack(%p: !p) -> !x {
  %x = lowbit.unpack %p : (!p) -> !x
  func.return %x : !x
}
