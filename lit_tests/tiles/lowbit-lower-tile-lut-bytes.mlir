// RUN: lowbit-opt %s -p 'lowbit-lower-tile{target=cortex-a53}' --split-input-file | filecheck %s

!t = memref<1x7x2x16xi8>
!w = memref<1x1x1x1x2x16xi8>
!p = vector<8xi16>

// Where bytes are shifted, entries of two pixels share them as soon as one fits in a nibble: those of
// the second one are what is left without a nibble, and the first ones the rest.

// CHECK-LABEL: func.func @shared
// CHECK-DAG:     %[[ZERO:.*]] = arith.constant dense<0> : vector<16xi8>
// CHECK:         %[[FOUR:.*]] = arith.constant dense<4> : vector<16xi8>
// CHECK:         %[[UP:.*]] = arith.shrui %[[ENTRY:.*]], %[[FOUR]] : vector<16xi8>
// CHECK-NEXT:    %[[BOTH:.*]] = arith.addi %[[ZERO]], %[[ENTRY]] : vector<16xi8>
// CHECK-NEXT:    %[[SECOND:.*]] = arith.addi %[[ZERO]], %[[UP]] : vector<16xi8>
// CHECK:         %[[BOTH1:.*]] = arith.addi %[[BOTH]], %{{.*}} : vector<16xi8>
// CHECK-NEXT:    %[[SECOND1:.*]] = arith.addi %[[SECOND]], %{{.*}} : vector<16xi8>
// CHECK-NEXT:    %[[MOVED:.*]] = arith.shli %[[SECOND1]], %[[FOUR]] : vector<16xi8>
// CHECK-NEXT:    %[[FIRST:.*]] = arith.subi %[[BOTH1]], %[[MOVED]] : vector<16xi8>
// CHECK-NEXT:    vector.bitcast %[[FIRST]] : vector<16xi8> to vector<8xi16>
// CHECK-NEXT:    vector.bitcast %[[SECOND1]] : vector<16xi8> to vector<8xi16>
func.func @shared(%t: !t, %w: !w, %i: index) -> (!p, !p, !p, !p) {
  %0, %1, %2, %3 = lowbit.lut_tile %t, %w, %i, %i, %i, %i, %i pixels 1 registers 1 count 2 shared 2 x_code !lowbit.unipolar<2> w_code !lowbit.unipolar<1> : (!t, !w, index, index, index, index, index) -> (!p, !p, !p, !p)
  func.return %0, %1, %2, %3 : !p, !p, !p, !p
}

// -----

!t = memref<1x7x2x16xi8>
!w = memref<1x1x1x1x2x16xi8>
!p = vector<8xi16>

// Entries of two pixels are looked up before the first of them is added: no addition waits.

// CHECK-LABEL: func.func @two_pixels
// CHECK:         %[[T0:.*]] = vector.load %t
// CHECK-NEXT:    %[[E0:.*]] = simd.lookup in_range %[[T0]], %[[I:.*]] : vector<16xi8>, vector<16xi8>
// CHECK:         %[[T1:.*]] = vector.load %t
// CHECK-NEXT:    %[[E1:.*]] = simd.lookup in_range %[[T1]], %[[I]] : vector<16xi8>, vector<16xi8>
// CHECK-NEXT:    arith.addi %{{.*}}, %[[E0]] : vector<16xi8>
// CHECK-NEXT:    arith.addi %{{.*}}, %[[E1]] : vector<16xi8>
func.func @two_pixels(%t: !t, %w: !w, %i: index) -> (!p, !p, !p, !p) {
  %0, %1, %2, %3 = lowbit.lut_tile %t, %w, %i, %i, %i, %i, %i pixels 2 registers 1 count 2 x_code !lowbit.unipolar<3> w_code !lowbit.unipolar<1> : (!t, !w, index, index, index, index, index) -> (!p, !p, !p, !p)
  func.return %0, %1, %2, %3 : !p, !p, !p, !p
}
