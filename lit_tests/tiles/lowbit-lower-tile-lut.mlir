// RUN: lowbit-opt %s -p 'lowbit-lower-tile{target=znver5}' --split-input-file | filecheck %s

!x = memref<1x5x2x1x9xi64>
!t = memref<3x7x2x64xi8>

// Two loops over the columns: the sums of all pairs of channels, four bytes each, and tables of three
// pairs. The second table has a pair and a half, which is two pairs: the rest of the last one is zero.

// CHECK-LABEL: func.func @tables
// CHECK:         %[[MEMORY:.*]] = memref.alloca() {{.*}} : memref<896xi8>
// CHECK:         %[[PAIRS:.*]] = memref.view %[[MEMORY]][%{{.*}}][] : memref<896xi8> to memref<7x32xi32>
// CHECK-DAG:     %[[ONE:.*]] = arith.constant dense<1> : vector<64xi8>
// CHECK-DAG:     %[[TWO:.*]] = arith.constant dense<2> : vector<64xi8>
// CHECK:         scf.for %[[C:.*]] = %{{.*}} to %{{.*}}
// CHECK:           %[[P0:.*]] = memref.load %x[%n, %row, %{{.*}}, %word, %{{.*}}]
// CHECK:           %[[P1:.*]] = memref.load %x[%n, %row, %{{.*}}, %word, %{{.*}}]
// CHECK:           %[[M0:.*]] = simd.unpack_bits %[[P0]] : i64 to vector<64xi1>
// CHECK-NEXT:      simd.select %[[M0]], %[[ONE]], %[[ZERO:.*]] : vector<64xi1>
// CHECK:           %[[M1:.*]] = simd.unpack_bits %[[P1]] : i64 to vector<64xi1>
// CHECK-NEXT:      simd.select %[[M1]], %[[TWO]], %[[ZERO]] : vector<64xi1>
// CHECK-NEXT:      %[[LEVELS:.*]] = arith.addi
// CHECK-NEXT:      %[[EVEN:.*]] = vector.shuffle %[[ZERO]], %[[LEVELS]] [0, 64, 0, 64, 2, 66, 2, 66,
// CHECK-NEXT:      %[[ODD:.*]] = vector.shuffle %[[ZERO]], %[[LEVELS]] [1, 1, 65, 65, 3, 3, 67, 67,
// CHECK-NEXT:      %[[SUMS:.*]] = arith.addi %[[EVEN]], %[[ODD]]
// CHECK-NEXT:      %[[FOURS:.*]] = vector.bitcast %[[SUMS]] : vector<64xi8> to vector<16xi32>
// CHECK-NEXT:      vector.store %[[FOURS]], %[[PAIRS]][%[[C]], %{{.*}}]
// CHECK:         }
// CHECK:         scf.for %[[C:.*]] = %{{.*}} to %{{.*}}
// CHECK-NEXT:      %[[A:.*]] = simd.broadcast_load %[[PAIRS]][%[[C]], %{{.*}}] : memref<7x32xi32> to vector<16xi32>
// CHECK-NEXT:      %[[A8:.*]] = vector.bitcast %[[A]]
// CHECK-NEXT:      %[[B:.*]] = simd.broadcast_load %[[PAIRS]][%[[C]], %{{.*}}]
// CHECK-NEXT:      %[[B8:.*]] = vector.bitcast %[[B]]
// CHECK-NEXT:      %[[BS:.*]] = vector.shuffle %[[B8]], %[[B8]] [0, 0, 0, 0, 5, 5, 5, 5, 10, 10, 10, 10, 15, 15, 15, 15,
// CHECK-NEXT:      %[[AB:.*]] = arith.addi %[[A8]], %[[BS]]
// CHECK-NEXT:      simd.broadcast_load
// CHECK:           vector.shuffle {{.*}} [0, 0, 0, 0, 4, 4, 4, 4, 8, 8, 8, 8, 12, 12, 12, 12, 17, 17, 17, 17,
// CHECK-NEXT:      %[[ABC:.*]] = arith.addi %[[AB]]
// CHECK-NEXT:      vector.store %[[ABC]], %t[%slot, %[[C]], %first, %{{.*}}] : memref<3x7x2x64xi8>, vector<64xi8>
// CHECK:           vector.store %{{.*}}, %t[%slot, %[[C]], %{{.*}}, %{{.*}}]
// CHECK-NOT:       vector.store
// CHECK:         func.return
func.func @tables(%x: !x, %t: !t, %n: index, %row: index, %col: index, %word: index, %slot: index, %first: index) {
  lowbit.build_tables %x, %t, %n, %row, %col, %word, %slot, %first columns 7 channels 10 x_code !lowbit.unipolar<2> w_code !lowbit.signed<2> : (!x, !t, index, index, index, index, index, index) -> ()
  func.return
}

// -----

!x = memref<1x5x1x1x9xi64>
!t = memref<3x7x2x16xi8>

// Bits that differ: a channel adds its level where the weight's bit is 0, and what is missing of the
// highest level where it is 1. Two tables of 16 entries come from one lookup each of two pairs.

// CHECK-LABEL: func.func @differing
// CHECK:         %[[ONES:.*]] = simd.select
// CHECK-NEXT:    %[[LEVELS:.*]] = arith.addi %{{.*}}, %[[ONES]]
// CHECK-NEXT:    %[[MISSING:.*]] = arith.subi %{{.*}}, %[[LEVELS]] : vector<64xi8>
// CHECK-NEXT:    vector.shuffle %[[LEVELS]], %[[MISSING]] [0, 64, 0, 64,
// CHECK:         %[[WORDS:.*]] = vector.load %{{.*}} : memref<7x32xi32>, vector<4xi32>
// CHECK-NEXT:    %[[QUAD:.*]] = vector.bitcast %[[WORDS]] : vector<4xi32> to vector<16xi8>
// CHECK-NEXT:    %[[LOW:.*]] = arith.constant dense<[0, 1, 2, 3, 0, 1, 2, 3, 0, 1, 2, 3, 0, 1, 2, 3, 8, 9, 10, 11, 8, 9, 10, 11, 8, 9, 10, 11, 8, 9, 10, 11]> : vector<32xi8>
// CHECK-NEXT:    %[[FIRST:.*]] = simd.lookup in_range %[[QUAD]], %[[LOW]] : vector<16xi8>, vector<32xi8>
// CHECK-NEXT:    %[[HIGH:.*]] = arith.constant dense<[4, 4, 4, 4, 5, 5, 5, 5, 6, 6, 6, 6, 7, 7, 7, 7, 12, 12, 12, 12, 13, 13, 13, 13, 14, 14, 14, 14, 15, 15, 15, 15]> : vector<32xi8>
// CHECK-NEXT:    %[[SECOND:.*]] = simd.lookup in_range %[[QUAD]], %[[HIGH]]
// CHECK-NEXT:    %[[TABLES:.*]] = arith.addi %[[FIRST]], %[[SECOND]]
// CHECK-NEXT:    vector.store %[[TABLES]], %t[%slot, %{{.*}}, %first, %{{.*}}] : memref<3x7x2x16xi8>, vector<32xi8>
func.func @differing(%x: !x, %t: !t, %n: index, %row: index, %col: index, %word: index, %slot: index, %first: index) {
  lowbit.build_tables %x, %t, %n, %row, %col, %word, %slot, %first columns 7 channels 8 x_code !lowbit.unipolar<1> w_code !lowbit.bipolar<1> : (!x, !t, index, index, index, index, index, index) -> ()
  func.return
}

// -----

!t = memref<4x7x2x64xi8>
!w = memref<1x2x4x2x2x64xi8>
!p = vector<32xi16>

// 14 entries of two bits fit in a byte: the two indices of the two columns of taps are summed before
// lanes of 16 bits take them, not those of the rows. The plane of the sign comes first and is taken
// away; its sums are doubled before those of the ones are added.

// CHECK-LABEL: func.func @tile
// CHECK-DAG:     %[[ZERO:.*]] = arith.constant dense<0> : vector<32xi16>
// CHECK-DAG:     %[[EIGHT:.*]] = arith.constant dense<8> : vector<32xi16>
// CHECK-DAG:     %[[NONE:.*]] = arith.constant dense<0> : vector<64xi8>
// CHECK:         %[[B:.*]], %[[U:.*]] = scf.for %[[KH:.*]] = {{.*}} iter_args(%[[B0:.*]] = %[[ZERO]], %[[U0:.*]] = %[[ZERO]])
// CHECK-NEXT:      %[[ROW:.*]] = arith.addi %slot, %[[KH]]
// CHECK-NEXT:      %[[SLOT:.*]] = arith.remui %[[ROW]], %{{.*}}
// CHECK-NEXT:      %[[SUMS:.*]] = scf.for %[[KW:.*]] = {{.*}} iter_args(%[[S:.*]] = %[[NONE]]) -> (vector<64xi8>)
// CHECK-NEXT:        %[[STEP:.*]] = arith.muli %[[KW]], %{{.*}}
// CHECK-NEXT:        %[[COL:.*]] = arith.addi %col, %[[STEP]]
// CHECK-NEXT:        %[[I:.*]] = vector.load %w[%block, %{{.*}}, %[[KH]], %[[KW]], %wfirst, %{{.*}}]
// CHECK-NEXT:        %[[T:.*]] = vector.load %t[%[[SLOT]], %[[COL]], %first, %{{.*}}] : memref<4x7x2x64xi8>, vector<64xi8>
// CHECK-NEXT:        %[[L:.*]] = simd.lookup in_range %[[T]], %[[I]] : vector<64xi8>, vector<64xi8>
// CHECK-NEXT:        %[[S1:.*]] = arith.addi %[[S]], %[[L]] : vector<64xi8>
// CHECK:             simd.lookup in_range
// CHECK-NEXT:        %[[S2:.*]] = arith.addi %[[S1]], %{{.*}} : vector<64xi8>
// CHECK-NEXT:        scf.yield %[[S2]]
// CHECK:           %[[BOTH:.*]] = vector.bitcast %[[SUMS]] : vector<64xi8> to vector<32xi16>
// CHECK-NEXT:      %[[UPPER:.*]] = arith.shrui %[[BOTH]], %[[EIGHT]]
// CHECK-NEXT:      %[[B1:.*]] = arith.subi %[[B0]], %[[BOTH]]
// CHECK-NEXT:      %[[U1:.*]] = arith.subi %[[U0]], %[[UPPER]]
// CHECK-NEXT:      scf.yield %[[B1]], %[[U1]]
// CHECK:         %[[B2:.*]] = arith.addi %[[B]], %[[B]] : vector<32xi16>
// CHECK-NEXT:    %[[U2:.*]] = arith.addi %[[U]], %[[U]] : vector<32xi16>
// CHECK-NEXT:    scf.for {{.*}} iter_args(%{{.*}} = %[[B2]], %{{.*}} = %[[U2]])
func.func @tile(%t: !t, %w: !w, %slot: index, %col: index, %first: index, %wfirst: index, %block: index) -> (!p, !p) {
  %0, %1 = lowbit.lut_tile %t, %w, %slot, %col, %first, %wfirst, %block pixels 1 registers 1 count 2 dilation [1, 2] x_code !lowbit.unipolar<2> w_code !lowbit.signed<2> : (!t, !w, index, index, index, index, index) -> (!p, !p)
  func.return %0, %1 : !p, !p
}

// -----

!t = memref<1x7x5x64xi8>
!w = memref<1x1x1x1x5x64xi8>
!p = vector<32xi16>

// A byte holds two entries of four bits: five indices are two pairs and one, each summed on its own;
// the sums of earlier chunks are where it begins.

// CHECK-LABEL: func.func @pieces
// CHECK:         simd.lookup
// CHECK:         simd.lookup
// CHECK:         %[[BOTH:.*]] = vector.bitcast
// CHECK-NEXT:    arith.shrui
// CHECK-NEXT:    %[[B:.*]] = arith.addi %both, %[[BOTH]]
// CHECK:         simd.lookup
// CHECK:         simd.lookup
// CHECK:         %[[BOTH:.*]] = vector.bitcast
// CHECK-NEXT:    arith.shrui
// CHECK-NEXT:    %[[B1:.*]] = arith.addi %[[B]], %[[BOTH]]
// CHECK:         simd.lookup
// CHECK:         %[[BOTH:.*]] = vector.bitcast
// CHECK-NEXT:    arith.shrui
// CHECK-NEXT:    arith.addi %[[B1]], %[[BOTH]]
// CHECK-NOT:     simd.lookup
// CHECK:         func.return
func.func @pieces(%t: !t, %w: !w, %i: index, %both: !p, %upper: !p) -> (!p, !p) {
  %0, %1 = lowbit.lut_tile %t, %w, %i, %i, %i, %i, %i, %both, %upper pixels 1 registers 1 count 5 x_code !lowbit.unipolar<4> w_code !lowbit.unipolar<1> : (!t, !w, index, index, index, index, index, !p, !p) -> (!p, !p)
  func.return %0, %1 : !p, !p
}

// -----

!p = vector<32xi16>
!v = vector<16xi32>

// The lower bytes' sums are what is left without 256 times the upper ones. Signed halves are taken
// apart with their signs.

// CHECK-LABEL: func.func @signed
// CHECK-DAG:     %[[HALF:.*]] = arith.constant dense<16> : vector<16xi32>
// CHECK-DAG:     %[[EIGHT:.*]] = arith.constant dense<8> : vector<32xi16>
// CHECK:         %[[UP:.*]] = arith.shli %upper, %[[EIGHT]]
// CHECK-NEXT:    %[[LOWER:.*]] = arith.subi %both, %[[UP]] : vector<32xi16>
// CHECK-NEXT:    %[[L:.*]] = vector.bitcast %[[LOWER]] : vector<32xi16> to vector<16xi32>
// CHECK-NEXT:    %[[L0:.*]] = arith.shli %[[L]], %[[HALF]]
// CHECK-NEXT:    %[[S0:.*]] = arith.shrsi %[[L0]], %[[HALF]]
// CHECK-NEXT:    %[[S2:.*]] = arith.shrsi %[[L]], %[[HALF]]
// CHECK-NEXT:    %[[U:.*]] = vector.bitcast %upper : vector<32xi16> to vector<16xi32>
// CHECK-NEXT:    %[[U0:.*]] = arith.shli %[[U]], %[[HALF]]
// CHECK-NEXT:    %[[S1:.*]] = arith.shrsi %[[U0]], %[[HALF]]
// CHECK-NEXT:    %[[S3:.*]] = arith.shrsi %[[U]], %[[HALF]]
// CHECK-NEXT:    func.return %[[S0]], %[[S1]], %[[S2]], %[[S3]]
func.func @signed(%both: !p, %upper: !p) -> (!v, !v, !v, !v) {
  %0, %1, %2, %3 = lowbit.lut_sums %both, %upper elements 648 x_code !lowbit.unipolar<2> w_code !lowbit.signed<2> : (!p, !p) -> (!v, !v, !v, !v)
  func.return %0, %1, %2, %3 : !v, !v, !v, !v
}

// -----

!p = vector<32xi16>
!v = vector<16xi32>

// Magnitudes have no sign; they are negated where they are all negative.

// CHECK-LABEL: func.func @negative
// CHECK:         %[[S0:.*]] = arith.andi
// CHECK-NEXT:    %[[S2:.*]] = arith.shrui
// CHECK:         %[[S1:.*]] = arith.andi
// CHECK-NEXT:    %[[S3:.*]] = arith.shrui
// CHECK-NEXT:    %[[ZERO:.*]] = arith.constant dense<0> : vector<16xi32>
// CHECK-NEXT:    arith.subi %[[ZERO]], %[[S0]]
// CHECK-NEXT:    arith.subi %[[ZERO]], %[[S1]]
// CHECK-NEXT:    arith.subi %[[ZERO]], %[[S2]]
// CHECK-NEXT:    arith.subi %[[ZERO]], %[[S3]]
func.func @negative(%both: !p, %upper: !p) -> (!v, !v, !v, !v) {
  %0, %1, %2, %3 = lowbit.lut_sums %both, %upper elements 648 x_code !lowbit.unipolar<2> w_code !lowbit.bipolar<1> : (!p, !p) -> (!v, !v, !v, !v)
  func.return %0, %1, %2, %3 : !v, !v, !v, !v
}

// -----

!t = memref<1x7x2x16xi8>
!w = memref<1x1x1x1x2x16xi8>
!p = vector<8xi16>

// Entries of two pixels share bytes: three of them fit in a nibble. Sums of whole bytes and of their
// upper halves, which still have the neighbours' lower nibbles above them, are taken apart at the end.

// CHECK-LABEL: func.func @shared
// CHECK:         %[[BYTES:.*]] = arith.addi %{{.*}}, %{{.*}} : vector<16xi8>
// CHECK:         %[[PAIRS:.*]] = vector.bitcast %[[BYTES]] : vector<16xi8> to vector<8xi16>
// CHECK-NEXT:    %[[UP:.*]] = arith.shrui %[[PAIRS]], %{{.*}}
// CHECK-NEXT:    vector.bitcast %[[UP]] : vector<8xi16> to vector<16xi8>
// CHECK:         func.return %[[A:.*]], %[[B:.*]], %[[C:.*]], %[[D:.*]] : vector<8xi16>
func.func @shared(%t: !t, %w: !w, %i: index) -> (!p, !p, !p, !p) {
  %0, %1, %2, %3 = lowbit.lut_tile %t, %w, %i, %i, %i, %i, %i pixels 1 registers 1 count 2 shared 2 x_code !lowbit.unipolar<1> w_code !lowbit.unipolar<1> : (!t, !w, index, index, index, index, index) -> (!p, !p, !p, !p)
  func.return %0, %1, %2, %3 : !p, !p, !p, !p
}
