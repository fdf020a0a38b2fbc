// RUN: lowbit-opt %s -p 'lowbit-lower-tile{target=cortex-a53}' --split-input-file | filecheck %s

!x = memref<1x1x1x2x1xi16>
!w = memref<1x1x1x1x2x8xi16>

// Two words of 16 bits: sums of 32 at most, in lanes of i16 to the end. They are counted upwards, and
// negated after the last one; a unit of the bipolar weights counts 2.

// CHECK-LABEL: func.func @fits
// CHECK-DAG:     %[[ZERO:.*]] = arith.constant dense<0> : vector<8xi16>
// CHECK:         %[[A:.*]] = simd.popcount_acc xor %[[ZERO]], %{{.*}}, %{{.*}} : vector<8xi16>
// CHECK:         %[[B:.*]] = simd.popcount_acc xor %[[A]], %{{.*}}, %{{.*}} : vector<8xi16>
// CHECK-NEXT:    %[[C:.*]] = arith.subi %[[ZERO]], %[[B]] : vector<8xi16>
// CHECK-NEXT:    %[[D:.*]] = arith.addi %[[C]], %[[C]] : vector<8xi16>
// CHECK-NEXT:    func.return %[[D]]
func.func @fits(%x: !x, %w: !w, %n: index) -> vector<8xi16> {
  %s = lowbit.bitserial_tile %x, %w, %n, %n, %n, %n, %n pixels 1 vectors 1 unroll 3 x_code !lowbit.bipolar<1> w_code !lowbit.bipolar<1> : (!x, !w, index, index, index, index, index) -> vector<8xi16>
  func.return %s : vector<8xi16>
}

// -----

!x = memref<1x1x2x2x1xi16>
!w = memref<1x1x1x1x2x8xi16>

// The sign changes between the planes of signed activations, and so do the accumulators.

// CHECK-LABEL: func.func @signs
// CHECK-DAG:     %[[ZERO:.*]] = arith.constant dense<0> : vector<8xi16>
// CHECK-COUNT-2: simd.popcount_acc and
// CHECK:         %[[D:.*]] = arith.addi %[[A:.*]], %[[A]] : vector<8xi16>
// CHECK-NEXT:    arith.subi %[[ZERO]], %[[D]] : vector<8xi16>
// CHECK-COUNT-2: simd.popcount_acc and
// CHECK-NOT:     subtract
// CHECK-NEXT:    func.return
func.func @signs(%x: !x, %w: !w, %n: index) -> vector<8xi16> {
  %s = lowbit.bitserial_tile %x, %w, %n, %n, %n, %n, %n pixels 1 vectors 1 unroll 3 x_code !lowbit.signed<2> w_code !lowbit.unipolar<1> : (!x, !w, index, index, index, index, index) -> vector<8xi16>
  func.return %s : vector<8xi16>
}

// -----

!x = memref<1x1x2x3000x1xi16>
!w = memref<1x1x1x1x3000x8xi16>

// 48000 bits. The sums of the upper plane are between 0 and 48000, and so are those of the lower one;
// together they are too many numbers for 16 bits. Both are widened, and come as two vectors.

// CHECK-LABEL: func.func @segments
// CHECK-DAG:     %[[ZERO:.*]] = arith.constant dense<0> : vector<8xi16>
// CHECK:         %[[A:.*]] = scf.for {{.*}} iter_args(%{{.*}} = %[[ZERO]]) -> (vector<8xi16>)
// CHECK:         %[[WA:.*]] = simd.extui %[[A]] : vector<8xi16> to vector<8xi32>
// CHECK:         %[[T:.*]] = arith.addi %{{.*}}, %[[WA]] : vector<8xi32>
// CHECK-NEXT:    %[[T2:.*]] = arith.addi %[[T]], %[[T]] : vector<8xi32>
// CHECK-NEXT:    %[[B:.*]] = scf.for {{.*}} iter_args(%{{.*}} = %[[ZERO]]) -> (vector<8xi16>)
// CHECK:         %[[WB:.*]] = simd.extui %[[B]] : vector<8xi16> to vector<8xi32>
// CHECK:         %[[R:.*]] = arith.addi %{{.*}}, %[[WB]] : vector<8xi32>
// CHECK-NEXT:    %[[LOW:.*]] = vector.shuffle %[[R]], %[[R]] [0, 1, 2, 3]
// CHECK-NEXT:    %[[HIGH:.*]] = vector.shuffle %[[R]], %[[R]] [4, 5, 6, 7]
// CHECK-NEXT:    func.return %[[LOW]], %[[HIGH]]
func.func @segments(%x: !x, %w: !w, %n: index) -> (vector<4xi32>, vector<4xi32>) {
  %s:2 = lowbit.bitserial_tile %x, %w, %n, %n, %n, %n, %n pixels 1 vectors 1 unroll 0 x_code !lowbit.unipolar<2> w_code !lowbit.unipolar<1> : (!x, !w, index, index, index, index, index) -> (vector<4xi32>, vector<4xi32>)
  func.return %s#0, %s#1 : vector<4xi32>, vector<4xi32>
}

// -----

!x = memref<1x1x1x5000x1xi16>
!w = memref<1x1x1x1x5000x8xi16>

// 80000 bits of a single pair of planes: 2500 words at a time are widened.

// CHECK-LABEL: func.func @chunks
// CHECK-DAG:     %[[ZERO:.*]] = arith.constant dense<0> : vector<8xi16>
// CHECK-DAG:     %[[PART:.*]] = arith.constant 2500 : index
// CHECK-DAG:     %[[ALL:.*]] = arith.constant 5000 : index
// CHECK:         scf.for %{{.*}} = %{{.*}} to %[[ALL]] step %[[PART]] iter_args(%[[T:.*]] = %{{.*}}) -> (vector<8xi32>)
// CHECK-NEXT:      %[[A:.*]] = scf.for %{{.*}} = %{{.*}} to %[[PART]] step %{{.*}} iter_args(%{{.*}} = %[[ZERO]]) -> (vector<8xi16>)
// CHECK:           simd.extui %[[A]] : vector<8xi16> to vector<8xi32>
func.func @chunks(%x: !x, %w: !w, %n: index) -> (vector<4xi32>, vector<4xi32>) {
  %s:2 = lowbit.bitserial_tile %x, %w, %n, %n, %n, %n, %n pixels 1 vectors 1 unroll 0 x_code !lowbit.unipolar<1> w_code !lowbit.unipolar<1> : (!x, !w, index, index, index, index, index) -> (vector<4xi32>, vector<4xi32>)
  func.return %s#0, %s#1 : vector<4xi32>, vector<4xi32>
}

// -----

!x = memref<1x1x1x5x1xi16>
!w = memref<1x1x1x1x5x8xi16>

// A pass takes a word unless the tile says otherwise.

// CHECK-LABEL: func.func @together
// CHECK:         scf.for
// CHECK-COUNT-1: simd.popcount_acc
// CHECK:         scf.yield
// CHECK-NOT:     simd.popcount_acc
func.func @together(%x: !x, %w: !w, %n: index) -> vector<8xi16> {
  %s = lowbit.bitserial_tile %x, %w, %n, %n, %n, %n, %n pixels 1 vectors 1 unroll 0 x_code !lowbit.unipolar<1> w_code !lowbit.unipolar<1> : (!x, !w, index, index, index, index, index) -> vector<8xi16>
  func.return %s : vector<8xi16>
}

// -----

!x = memref<1x1x1x5x1xi16>
!w = memref<1x1x1x1x5x8xi16>

// A pass takes two words; the fifth one is left for the end.

// CHECK-LABEL: func.func @two
// CHECK-DAG:     %[[TWO:.*]] = arith.constant 2 : index
// CHECK-DAG:     %[[FOUR:.*]] = arith.constant 4 : index
// CHECK:         scf.for %{{.*}} = %{{.*}} to %[[FOUR]] step %[[TWO]]
// CHECK:           simd.popcount_acc
// CHECK:           simd.popcount_acc
// CHECK-NEXT:      scf.yield
// CHECK-NEXT:    }
// CHECK:         vector.load %w[%n, %{{.*}}, %{{.*}}, %{{.*}}, %[[FOUR]], %{{.*}}]
// CHECK:         %[[SUM:.*]] = simd.popcount_acc
// CHECK-NEXT:    func.return %[[SUM]]
func.func @two(%x: !x, %w: !w, %n: index) -> vector<8xi16> {
  %s = lowbit.bitserial_tile %x, %w, %n, %n, %n, %n, %n pixels 1 vectors 1 unroll 0 x_code !lowbit.unipolar<1> w_code !lowbit.unipolar<1> words 2 : (!x, !w, index, index, index, index, index) -> vector<8xi16>
  func.return %s : vector<8xi16>
}
