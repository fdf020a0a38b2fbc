// RUN: lowbit-opt %s -p lowbit-lower-tile --split-input-file | filecheck %s

!x = memref<1x3x5x64xi32>
!w = memref<1x1x2x64x16xi32>
!v = vector<16xi32>

// Entries 0 .. 6: bytes hold the sum of 42, so 32 words of 64 are summed before they are widened.

// CHECK-LABEL: func.func @two_by_two
// CHECK-DAG:     %[[ZERO:.*]] = arith.constant dense<0> : vector<64xi8>
// CHECK-DAG:     %[[ONES:.*]] = arith.constant dense<16843009> : vector<16xi32>
// CHECK-DAG:     %[[STEP:.*]] = arith.constant 32 : index
// CHECK-DAG:     %[[T:[0-9]+]] = vector.load %t[%{{.*}}, %{{.*}}] : memref<1x16xi8>, vector<16xi8>
// CHECK:         scf.for %[[KW:[0-9]+]] =
// CHECK:           scf.for %{{.*}} = %{{.*}} to %{{.*}} step %[[STEP]] iter_args(%[[SUM:[0-9]+]] = %{{.*}}, %{{.*}} = %{{.*}})
// CHECK:             %[[NARROW:[0-9]+]], %{{.*}} = scf.for %[[C:[0-9]+]] = {{.*}} iter_args(%[[A:[0-9]+]] = %[[ZERO]], %{{.*}} = %[[ZERO]])
// CHECK-NEXT:          %[[WORD:.*]] = arith.addi %{{.*}}, %[[C]]
// CHECK:               %[[W:.*]] = vector.load %w[%b, %{{.*}}, %[[KW]], %[[WORD]], %{{.*}}]
// CHECK-NEXT:          %[[X:.*]] = simd.broadcast_load %x[
// CHECK-NEXT:          %[[OR:.*]] = arith.ori %[[W]], %[[X]]
// CHECK-NEXT:          %[[I:.*]] = vector.bitcast %[[OR]] : vector<16xi32> to vector<64xi8>
// CHECK-NEXT:          %[[E:.*]] = simd.lookup in_range %[[T]], %[[I]]
// CHECK-NEXT:          arith.addi %[[A]], %[[E]] : vector<64xi8>
// CHECK:             %[[BYTES:.*]] = vector.bitcast %[[NARROW]] : vector<64xi8> to vector<16xi32>
// CHECK-NEXT:        simd.dot_acc no_saturation %[[SUM]], %[[BYTES]], %[[ONES]]
func.func @two_by_two(%t: memref<1x16xi8>, %x: !x, %w: !w, %n: index, %h: index, %c: index, %k: index, %b: index) -> (!v, !v) {
  %0, %1 = lowbit.product_lut_tile %t, %x, %w, %n, %h, %c, %k, %b pixels 2 vectors 1 unroll 0 x_code !lowbit.unipolar<2> w_code !lowbit.signed<2> : (memref<1x16xi8>, !x, !w, index, index, index, index, index) -> (!v, !v)
  func.return %0, %1 : !v, !v
}

// -----

!x = memref<1x1x1x3xi32>
!w = memref<1x1x1x3x8xi32>

// Entries of 18 bits in three tables: their sums of bytes count 1, 64 and 4096 times.

// CHECK-LABEL: func.func @wide_products
// CHECK:         vector.load %t
// CHECK:         vector.load %t
// CHECK:         vector.load %t
// CHECK:         scf.for
// CHECK:           simd.lookup in_range
// CHECK:           simd.lookup in_range
// CHECK:           simd.lookup in_range
// CHECK:         %[[ONES:[0-9]+]] = arith.constant dense<16843009> : vector<8xi32>
// CHECK:         %[[LOW:[0-9]+]] = simd.dot_acc no_saturation %{{.*}}, %{{.*}}, %[[ONES]]
// CHECK:         %[[SIXTY_FOUR:[0-9]+]] = arith.constant dense<1077952576> : vector<8xi32>
// CHECK:         %[[MIDDLE:[0-9]+]] = simd.dot_acc no_saturation %[[LOW]], %{{.*}}, %[[SIXTY_FOUR]]
// CHECK:         %[[SIX:[0-9]+]] = arith.constant dense<6> : vector<8xi32>
// CHECK:         %[[FOUR:[0-9]+]] = simd.dot_acc no_saturation %{{.*}}, %{{.*}}, %[[SIXTY_FOUR]]
// CHECK-NEXT:    %[[HIGH:[0-9]+]] = arith.shli %[[FOUR]], %[[SIX]]
// CHECK-NEXT:    arith.addi %[[MIDDLE]], %[[HIGH]]
func.func @wide_products(%t: memref<3x16xi8>, %x: !x, %w: !w, %i: index) -> vector<8xi32> {
  %0 = lowbit.product_lut_tile %t, %x, %w, %i, %i, %i, %i, %i pixels 1 vectors 1 unroll 0 x_code !lowbit.codebook<2, [-90, -3, 5, 120]> w_code !lowbit.codebook<2, [-300, 1, 2, 900]> : (memref<3x16xi8>, !x, !w, index, index, index, index, index) -> vector<8xi32>
  func.return %0 : vector<8xi32>
}

// -----

!x = memref<1x1x1x3xi32>
!w = memref<1x1x1x3x8xi32>

// A table in memory is looked up for two channels at once, lane by lane.

// CHECK-LABEL: func.func @memory
// CHECK-DAG:     %[[LOW:.*]] = arith.constant 65535 : i32
// CHECK-DAG:     %[[HALF:.*]] = arith.constant 16 : i32
// CHECK:         scf.for {{.*}} -> (i32, i32, i32, i32, i32, i32, i32, i32)
// CHECK:           %[[X:.*]] = memref.load %x
// CHECK-NEXT:      %[[W:.*]] = memref.load %w
// CHECK-NEXT:      %[[I:.*]] = arith.ori %[[W]], %[[X]] : i32
// CHECK-NEXT:      %[[FIRST:.*]] = arith.andi %[[I]], %[[LOW]]
// CHECK-NEXT:      %[[SECOND:.*]] = arith.shrui %[[I]], %[[HALF]]
// CHECK-NEXT:      arith.index_cast %[[FIRST]]
// CHECK-NEXT:      memref.load %t[%{{.*}}] : memref<65536xi8>
// CHECK-NEXT:      arith.extui %{{.*}} : i8 to i32
// CHECK-COUNT-8: vector.insert
func.func @memory(%t: memref<65536xi8>, %x: !x, %w: !w, %i: index) -> vector<8xi32> {
  %0 = lowbit.product_lut_tile %t, %x, %w, %i, %i, %i, %i, %i pixels 1 vectors 1 unroll 0 x_code !lowbit.unipolar<4> w_code !lowbit.signed<4> : (memref<65536xi8>, !x, !w, index, index, index, index, index) -> vector<8xi32>
  func.return %0 : vector<8xi32>
}
