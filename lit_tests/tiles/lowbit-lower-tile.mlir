// RUN: lowbit-opt %s -p 'lowbit-lower-tile{target=znver5}' --split-input-file | filecheck %s

!x = memref<1x3x2x2x5xi32>
!w = memref<1x1x2x2x2x32xi32>
!v = vector<16xi32>

// Two pixels, two columns apart, by two vectors of channels; kw is dilated. The plane of the sign
// counts down and comes first, its sums are doubled before the plane of ones counts on them. The two
// channel words are unrolled, kh and kw are loops.

// CHECK-LABEL: func.func @horner
// CHECK-DAG:     %[[ZERO:.*]] = arith.constant dense<0> : vector<16xi32>
// CHECK-DAG:     %[[I0:.*]] = arith.constant 0 : index
// CHECK-DAG:     %[[I1:.*]] = arith.constant 1 : index
// CHECK-DAG:     %[[I2:.*]] = arith.constant 2 : index
// CHECK-DAG:     %[[I16:.*]] = arith.constant 16 : index
// CHECK:         %[[A:.*]], %[[B:.*]], %[[C:.*]], %[[D:.*]] = scf.for %[[KH:.*]] = %[[I0]] to %[[I2]] step %[[I1]] iter_args(%{{.*}} = %[[ZERO]], %{{.*}} = %[[ZERO]], %{{.*}} = %[[ZERO]], %{{.*}} = %[[ZERO]])
// CHECK-NEXT:      %[[ROW:.*]] = arith.addi %h, %[[KH]]
// CHECK-NEXT:      scf.for %[[KW:.*]] = %[[I0]] to %[[I2]] step %[[I1]] iter_args(%[[SA:.*]] = %{{.*}}, %[[SB:.*]] = %{{.*}}, %[[SC:.*]] = %{{.*}}, %[[SD:.*]] = %{{.*}})
// CHECK-NEXT:        %[[STEP:.*]] = arith.muli %[[KW]], %[[I2]]
// CHECK-NEXT:        %[[COL:.*]] = arith.addi %c, %[[STEP]]
// CHECK-NEXT:        %[[W0:.*]] = vector.load %w[%b, %[[I0]], %[[KH]], %[[KW]], %[[I0]], %[[I0]]]
// CHECK-NEXT:        %[[W1:.*]] = vector.load %w[%b, %[[I0]], %[[KH]], %[[KW]], %[[I0]], %[[I16]]]
// CHECK-NEXT:        %[[X0:.*]] = simd.broadcast_load %x[%n, %[[ROW]], %[[I1]], %k, %[[COL]]]
// CHECK-NEXT:        %[[SA1:.*]] = simd.popcount_acc and subtract %[[SA]], %[[X0]], %[[W0]]
// CHECK-NEXT:        %[[SB1:.*]] = simd.popcount_acc and subtract %[[SB]], %[[X0]], %[[W1]]
// CHECK-NEXT:        %[[NEXT:.*]] = arith.addi %[[COL]], %[[I2]]
// CHECK-NEXT:        %[[X1:.*]] = simd.broadcast_load %x[%n, %[[ROW]], %[[I1]], %k, %[[NEXT]]]
// CHECK-NEXT:        simd.popcount_acc and subtract %[[SC]], %[[X1]], %[[W0]]
// CHECK-NEXT:        simd.popcount_acc and subtract %[[SD]], %[[X1]], %[[W1]]
// CHECK-NEXT:        %[[WORD:.*]] = arith.addi %k, %[[I1]]
// CHECK-NEXT:        vector.load %w[%b, %[[I0]], %[[KH]], %[[KW]], %[[I1]], %[[I0]]]
// CHECK-NEXT:        vector.load %w[%b, %[[I0]], %[[KH]], %[[KW]], %[[I1]], %[[I16]]]
// CHECK-NEXT:        simd.broadcast_load %x[%n, %[[ROW]], %[[I1]], %[[WORD]], %[[COL]]]
// CHECK-NEXT:        simd.popcount_acc and subtract %[[SA1]]
// CHECK-NEXT:        simd.popcount_acc and subtract %[[SB1]]
// CHECK:             scf.yield
// CHECK:           scf.yield
// CHECK:         %[[A2:.*]] = arith.addi %[[A]], %[[A]]
// CHECK-NEXT:    %[[B2:.*]] = arith.addi %[[B]], %[[B]]
// CHECK-NEXT:    %[[C2:.*]] = arith.addi %[[C]], %[[C]]
// CHECK-NEXT:    %[[D2:.*]] = arith.addi %[[D]], %[[D]]
// CHECK-NEXT:    %[[R0:.*]], %[[R1:.*]], %[[R2:.*]], %[[R3:.*]] = scf.for {{.*}} iter_args(%{{.*}} = %[[A2]], %{{.*}} = %[[B2]], %{{.*}} = %[[C2]], %{{.*}} = %[[D2]])
// CHECK:             simd.broadcast_load %x[%n, %{{.*}}, %[[I0]],
// CHECK-NOT:         subtract
// CHECK:         func.return %[[R0]], %[[R1]], %[[R2]], %[[R3]]
func.func @horner(%x: !x, %w: !w, %n: index, %h: index, %c: index, %k: index, %b: index) -> (!v, !v, !v, !v) {
  %s:4 = lowbit.bitserial_tile %x, %w, %n, %h, %c, %k, %b pixels 2 vectors 2 step 2 dilation [1, 2] unroll 1 x_code !lowbit.signed<2> w_code !lowbit.unipolar<1> : (!x, !w, index, index, index, index, index) -> (!v, !v, !v, !v)
  func.return %s#0, %s#1, %s#2, %s#3 : !v, !v, !v, !v
}

// -----

!x = memref<1x1x2x1x5xi64>
!w = memref<1x2x1x1x1x2xi64>

// Symmetric weights count the bits that differ, downwards. Pairs of planes of one significance, (0, 1)
// and (1, 0), are a loop. Sums in 64-bit lanes are narrowed at the end.

// CHECK-LABEL: func.func @pairs
// CHECK-DAG:     %[[I0:.*]] = arith.constant 0 : index
// CHECK-DAG:     %[[I1:.*]] = arith.constant 1 : index
// CHECK:         vector.load %w[%b, %[[I1]], %[[I0]], %[[I0]], %[[I0]], %[[I0]]]
// CHECK-NEXT:    simd.broadcast_load %x[%n, %h, %[[I1]], %k, %c]
// CHECK-NEXT:    %[[A:.*]] = simd.popcount_acc xor subtract
// CHECK-NEXT:    %[[A2:.*]] = arith.addi %[[A]], %[[A]] : vector<2xi64>
// CHECK:         %[[B:.*]] = scf.for %[[P:.*]] = %[[I0]] to %{{.*}} step %[[I1]] iter_args(%{{.*}} = %[[A2]]) -> (vector<2xi64>) {
// CHECK-NEXT:      %[[Q:.*]] = arith.subi %[[I1]], %[[P]]
// CHECK-NEXT:      vector.load %w[%b, %[[Q]], {{.*}}]
// CHECK-NEXT:      simd.broadcast_load %x[%n, %h, %[[P]], %k, %c]
// CHECK-NEXT:      simd.popcount_acc xor subtract
// CHECK-NEXT:      scf.yield
// CHECK-NEXT:    }
// CHECK-NEXT:    arith.addi %[[B]], %[[B]] : vector<2xi64>
// CHECK:         %[[C:.*]] = simd.popcount_acc xor subtract
// CHECK-NEXT:    %[[R:.*]] = simd.trunci %[[C]] : vector<2xi64> to vector<2xi32>
// CHECK-NEXT:    func.return %[[R]]
func.func @pairs(%x: !x, %w: !w, %n: index, %h: index, %c: index, %k: index, %b: index) -> vector<2xi32> {
  %s = lowbit.bitserial_tile %x, %w, %n, %h, %c, %k, %b pixels 1 vectors 1 unroll 3 x_code !lowbit.unipolar<2> w_code !lowbit.bipolar<2> : (!x, !w, index, index, index, index, index) -> vector<2xi32>
  func.return %s : vector<2xi32>
}

// -----

!x = memref<1x4x1x1x6xi32>
!w = memref<1x1x3x3x1x8xi32>
!v = vector<8xi32>

// A column of padding to the left of the tile: the first column of taps is that of all pixels but the
// first one, the others are a loop. The rows of taps are those that fall on the image. The accumulators
// count upwards, and are negated at the end.

// CHECK-LABEL: func.func @padding
// CHECK-DAG:     %[[ZERO:.*]] = arith.constant dense<0> : vector<8xi32>
// CHECK-DAG:     %[[I0:.*]] = arith.constant 0 : index
// CHECK-DAG:     %[[I1:.*]] = arith.constant 1 : index
// CHECK-DAG:     %[[I2:.*]] = arith.constant 2 : index
// CHECK-DAG:     %[[I3:.*]] = arith.constant 3 : index
// CHECK:         %{{.*}} = scf.for %[[KH:.*]] = %low to %high step %[[I1]] iter_args(%[[A:.*]] = %{{.*}}, %[[B:.*]] = %{{.*}}, %[[C:.*]] = %{{.*}})
// CHECK-NEXT:      %[[ROW:.*]] = arith.addi %h, %[[KH]]
// CHECK-NEXT:      vector.load %w[%b, %[[I0]], %[[KH]], %[[I0]], %[[I0]], %[[I0]]]
// CHECK-NEXT:      %[[C1:.*]] = arith.addi %c, %[[I1]]
// CHECK-NEXT:      simd.broadcast_load %x[%n, %[[ROW]], %[[I0]], %k, %[[C1]]]
// CHECK-NEXT:      %[[B1:.*]] = simd.popcount_acc xor %[[B]],
// CHECK-NEXT:      %[[C2:.*]] = arith.addi %c, %[[I2]]
// CHECK-NEXT:      simd.broadcast_load %x[%n, %[[ROW]], %[[I0]], %k, %[[C2]]]
// CHECK-NEXT:      %[[D1:.*]] = simd.popcount_acc xor %[[C]],
// CHECK-NEXT:      scf.for %{{.*}} = %[[I1]] to %[[I3]] step %[[I1]] iter_args(%{{.*}} = %[[A]], %{{.*}} = %[[B1]], %{{.*}} = %[[D1]])
// CHECK-COUNT-3:     simd.popcount_acc
// CHECK-NOT:         simd.popcount_acc
// CHECK-COUNT-3: arith.subi %[[ZERO]], %{{.*}} : vector<8xi32>
// CHECK-NEXT:    func.return
func.func @padding(%x: !x, %w: !w, %n: index, %h: index, %c: index, %k: index, %b: index, %low: index, %high: index) -> (!v, !v, !v) {
  %s:3 = lowbit.bitserial_tile %x, %w, %n, %h, %c, %k, %b, %low, %high pixels 3 vectors 1 padding [1, 0] unroll 0 x_code !lowbit.unipolar<1> w_code !lowbit.bipolar<1> : (!x, !w, index, index, index, index, index, index, index) -> (!v, !v, !v)
  func.return %s#0, %s#1, %s#2 : !v, !v, !v
}

// -----

// As many taps as memory can hold are a loop, also beside columns that some pixels leave out.

!x = memref<1x1x1x1x1xi32>
!w = memref<1x1x1x260000000x1x8xi32>

// CHECK-LABEL: func.func @taps
// CHECK:         %[[LAST:.*]] = arith.constant 259999999 : index
// CHECK:         scf.for {{.*}} to %[[LAST]]
func.func @taps(%x: !x, %w: !w, %n: index) -> (vector<8xi32>, vector<8xi32>) {
  %s:2 = lowbit.bitserial_tile %x, %w, %n, %n, %n, %n, %n pixels 2 vectors 1 padding [1, 1] unroll 0 x_code !lowbit.unipolar<1> w_code !lowbit.unipolar<1> : (!x, !w, index, index, index, index, index) -> (vector<8xi32>, vector<8xi32>)
  func.return %s#0, %s#1 : vector<8xi32>, vector<8xi32>
}
