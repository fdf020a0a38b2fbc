// RUN: lowbit-opt %s -p 'lowbit-lower-tile{target=znver5}' --split-input-file | filecheck %s

!x = memref<1x3x5x4xi32>
!w = memref<1x1x2x4x32xi32>
!v = vector<16xi32>

// Two pixels by two vectors; channel words are a loop, kw around it. Two sets of accumulators keep
// steps from waiting for each other. Bipolar levels are 2 apart.

// CHECK-LABEL: func.func @dot
// CHECK-DAG:     %[[ZERO:.*]] = arith.constant dense<0> : vector<16xi32>
// CHECK:         %[[S:[0-9]+]], %[[T:[0-9]+]], {{.*}} = scf.for %[[KW:.*]] = {{.*}} iter_args(%{{.*}} = %[[ZERO]],
// CHECK:           %[[COL:.*]] = arith.addi %c, %[[KW]]
// CHECK:           scf.for %[[C:.*]] = {{.*}} iter_args(%[[A:.*]] = {{.*}})
// CHECK:             %[[K:.*]] = arith.addi %k, %[[C]]
// CHECK-NEXT:        %[[W0:.*]] = vector.load %w[%b, %{{.*}}, %[[KW]], %[[C]], %{{.*}}]
// CHECK-NEXT:        %[[W1:.*]] = vector.load %w[%b, %{{.*}}, %[[KW]], %[[C]], %{{.*}}]
// CHECK-NEXT:        %[[X0:.*]] = simd.broadcast_load %x[%n, %h, %[[COL]], %[[K]]]
// CHECK-NEXT:        simd.dot_acc %{{.*}}, %[[X0]], %[[W0]] : vector<16xi32>
// CHECK-NEXT:        simd.dot_acc %{{.*}}, %[[X0]], %[[W1]] : vector<16xi32>
// CHECK:         %[[U:.*]] = arith.addi %[[S]], %[[T]] : vector<16xi32>
// CHECK:         arith.addi %[[U]], %[[U]] : vector<16xi32>
func.func @dot(%x: !x, %w: !w, %n: index, %h: index, %c: index, %k: index, %b: index) -> (!v, !v, !v, !v) {
  %0, %1, %2, %3 = lowbit.dot_tile %x, %w, %n, %h, %c, %k, %b pixels 2 vectors 2 unroll 0 x_code !lowbit.bipolar<8> w_code !lowbit.signed<8> : (!x, !w, index, index, index, index, index) -> (!v, !v, !v, !v)
  func.return %0, %1, %2, %3 : !v, !v, !v, !v
}

// -----

!x = memref<1x3x5x4xi32>
!w = memref<1x3x3x4x8xi32>
!v = vector<8xi32>

// i16 holds the sums of 136 words: those of all 36, in twice the lanes, widened at the end.

// CHECK-LABEL: func.func @narrow_lanes
// CHECK-DAG:     %[[ZERO:.*]] = arith.constant dense<0> : vector<16xi16>
// CHECK:         scf.for {{.*}} iter_args(%{{.*}} = %[[ZERO]])
// CHECK:           simd.dot_acc no_saturation small_a %{{.*}} : vector<16xi16>
// CHECK:         %[[BOTH:.*]] = vector.bitcast %{{.*}} : vector<16xi16> to vector<8xi32>
// CHECK-NEXT:    %[[UP:.*]] = arith.shli %[[BOTH]], %[[HALF:.*]]
// CHECK-NEXT:    %[[LOW:.*]] = arith.shrsi %[[UP]], %[[HALF]]
// CHECK-NEXT:    %[[HIGH:.*]] = arith.shrsi %[[BOTH]], %[[HALF]]
// CHECK-NEXT:    arith.addi %[[LOW]], %[[HIGH]]
func.func @narrow_lanes(%x: !x, %w: !w, %n: index, %h: index, %c: index, %k: index, %b: index) -> !v {
  %0 = lowbit.dot_tile %x, %w, %n, %h, %c, %k, %b pixels 1 vectors 1 unroll 0 x_code !lowbit.unipolar<4> w_code !lowbit.signed<4> i16_steps 136 : (!x, !w, index, index, index, index, index) -> !v
  func.return %0 : !v
}

// -----

!x = memref<1x4x6x1xi32>
!w = memref<1x3x3x1x8xi32>
!v = vector<8xi32>

// A column of padding to the right of the tile: the last column of taps is that of all pixels but
// the last one. The rows of taps are those that fall on the image.

// CHECK-LABEL: func.func @padding
// CHECK-DAG:     %[[I0:.*]] = arith.constant 0 : index
// CHECK-DAG:     %[[I1:.*]] = arith.constant 1 : index
// CHECK-DAG:     %[[I2:.*]] = arith.constant 2 : index
// CHECK:         scf.for %[[KH:.*]] = %low to %high step %[[I1]]
// CHECK:           %[[A:.*]], %[[B:.*]], %[[C:.*]] = scf.for %{{.*}} = %[[I0]] to %[[I2]] step %[[I1]]
// CHECK-COUNT-3:     simd.dot_acc
// CHECK-NOT:         simd.dot_acc
// CHECK:           scf.yield
// CHECK:           vector.load %w[%b, %[[KH]], %[[I2]], %[[I0]], %[[I0]]]
// CHECK:           %[[A1:.*]] = simd.dot_acc no_saturation small_a %[[A]]
// CHECK:           %[[B1:.*]] = simd.dot_acc no_saturation small_a %[[B]]
// CHECK-NEXT:      scf.yield %[[A1]], %[[B1]], %[[C]]
func.func @padding(%x: !x, %w: !w, %n: index, %h: index, %c: index, %k: index, %b: index, %low: index, %high: index) -> (!v, !v, !v) {
  %s:3 = lowbit.dot_tile %x, %w, %n, %h, %c, %k, %b, %low, %high pixels 3 vectors 1 padding [0, 1] unroll 0 x_code !lowbit.unipolar<4> w_code !lowbit.signed<4> : (!x, !w, index, index, index, index, index, index, index) -> (!v, !v, !v)
  func.return %s#0, %s#1, %s#2 : !v, !v, !v
}

// -----

!x = memref<1x1x1x7xi32>
!w = memref<1x1x1x2x32xi32>
!v = vector<16xi32>

// Levels of 2 bits are shifted to the top of each byte, where an exclusive or makes them signed:
// 64 times the value. A word of w is for four words of x; the last one for three.

// CHECK-LABEL: func.func @scaled
// CHECK:         %[[W0:.*]] = vector.load %w
// CHECK:         %[[SIX:.*]] = arith.constant dense<6> : vector<16xi32>
// CHECK:         %[[S0:.*]] = arith.shli %[[W0]], %[[SIX]]
// CHECK:         %[[MASK:.*]] = arith.constant dense<-1061109568> : vector<16xi32>
// CHECK:         %[[M0:.*]] = arith.andi %[[S0]], %[[MASK]]
// CHECK:         %[[SIGN:.*]] = arith.constant dense<-2139062144> : vector<16xi32>
// CHECK:         %[[B0:.*]] = arith.xori %[[M0]], %[[SIGN]]
// CHECK-COUNT-14: simd.dot_acc
// CHECK-NOT:     simd.dot_acc
// CHECK:         arith.shrsi %{{.*}}, %[[SIX]]
func.func @scaled(%x: !x, %w: !w, %n: index) -> (!v, !v) {
  %0, %1 = lowbit.dot_tile %x, %w, %n, %n, %n, %n, %n pixels 1 vectors 2 unroll 1 x_code !lowbit.unipolar<8> w_code !lowbit.signed<2> w_bits 2 w_exponent 6 x_words 7 : (!x, !w, index, index, index, index, index) -> (!v, !v)
  func.return %0, %1 : !v, !v
}

// -----

!x = memref<1x1x1x8xi32>
!w = memref<1x1x1x2x16xi32>
!v = vector<16xi32>

// Two levels stay in their places; the word is shifted for the other two. The sums of the second
// place are four times too large. -2 times the sum of x makes values of levels.

// CHECK-LABEL: func.func @places
// CHECK:         %[[W:.*]] = vector.load %w
// CHECK:         %[[LOW:.*]] = arith.constant dense<50529027> : vector<16xi32>
// CHECK:         %[[B0:.*]] = arith.andi %[[W]], %[[LOW]]
// CHECK:         %[[X0:.*]] = simd.broadcast_load %x
// CHECK:         simd.dot_acc no_saturation %{{.*}}, %[[X0]], %[[B0]]
// CHECK:         %[[HIGH:.*]] = arith.constant dense<202116108> : vector<16xi32>
// CHECK:         arith.andi %[[W]], %[[HIGH]]
// CHECK:         %[[S:.*]] = arith.shrui %[[W]], %{{.*}}
// CHECK:         arith.andi %[[S]], %[[LOW]]
// CHECK:         %[[TWO:.*]] = arith.constant dense<2> : vector<16xi32>
// CHECK:         arith.shrsi %{{.*}}, %[[TWO]]
// CHECK:         %[[LOWEST:.*]] = arith.constant dense<-2> : vector<16xi32>
// CHECK:         simd.reduce_add
// CHECK:         arith.muli %{{.*}}, %[[LOWEST]]
func.func @places(%x: !x, %w: !w, %n: index) -> !v {
  %0 = lowbit.dot_tile %x, %w, %n, %n, %n, %n, %n pixels 1 vectors 1 unroll 1 x_code !lowbit.unipolar<8> w_code !lowbit.signed<2> w_bits 2 places 2 : (!x, !w, index, index, index, index, index) -> !v
  func.return %0 : !v
}

// -----

!x = memref<1x1x2x4xi32>
!w = memref<1x1x1x4x8xi32>
!v = vector<4xi32>

// Words of x are loaded together where that is asked for, and taken lane by lane. Levels of eight
// bits make unsigned bytes of w necessary; the sums of levels of x that they want are added.

// CHECK-LABEL: func.func @by_lane
// CHECK:         %[[W0:.*]] = vector.load %w
// CHECK:         %[[X:.*]] = vector.load %x[%n, %h, %c, %k] : memref<1x1x2x4xi32>, vector<4xi32>
// CHECK-NEXT:    %[[L0:.*]] = vector.shuffle %[[X]], %[[X]] [0, 0, 0, 0]
// CHECK-NEXT:    simd.dot_acc unsigned_b %{{.*}}, %[[L0]], %[[W0]] : vector<4xi32>
// CHECK:         vector.shuffle %[[X]], %[[X]] [3, 3, 3, 3]
// CHECK:         simd.reduce_add
func.func @by_lane(%x: !x, %w: !w, %n: index, %h: index, %c: index, %k: index, %b: index) -> (!v, !v) {
  %0, %1 = lowbit.dot_tile %x, %w, %n, %h, %c, %k, %b pixels 1 vectors 2 unroll 0 x_code !lowbit.unipolar<8> w_code !lowbit.signed<8> places 1 x_run 4 : (!x, !w, index, index, index, index, index) -> (!v, !v)
  func.return %0, %1 : !v, !v
}
