// RUN: lowbit-opt %s -p 'lowbit-lower-tile{target=cortex-a53}' --split-input-file | filecheck %s

!x = memref<1x1x2x16xi16>
!w = memref<1x1x1x16x8xi16>
!v = vector<4xi32>

// Words of two bytes: numbers of two digits, ten products of which share a lane before the sum is
// taken from its high byte; those of 16 words make two pieces. Sums in i16 are widened at the end.

// CHECK-LABEL: func.func @digits
// CHECK-DAG:     %[[ZERO:.*]] = arith.constant dense<0> : vector<8xi16>
// CHECK:         %[[W0:.*]] = vector.load %w{{.*}} vector<8xi16>
// CHECK:         %[[W1:.*]] = vector.load %w{{.*}} vector<8xi16>
// CHECK:         %[[X:.*]] = vector.load %x{{.*}} vector<8xi16>
// CHECK-NEXT:    %[[L0:.*]] = vector.shuffle %[[X]], %[[X]] [0, 0, 0, 0, 0, 0, 0, 0]
// CHECK-NEXT:    %[[P0:.*]] = simd.mul_acc signed %[[ZERO]], %[[W0]], %[[L0]] : vector<8xi16> to vector<8xi16>
// CHECK-COUNT-6: simd.mul_acc signed
// CHECK:         %[[P7:.*]] = simd.mul_acc signed
// CHECK-NEXT:    %[[S0:.*]] = simd.round_shift_acc %[[ZERO]], %[[P7]] by 8 : vector<8xi16>
// CHECK-COUNT-7: simd.mul_acc signed
// CHECK:         %[[P15:.*]] = simd.mul_acc signed
// CHECK-NEXT:    %[[S1:.*]] = simd.round_shift_acc %[[S0]], %[[P15]] by 8 : vector<8xi16>
// CHECK-NEXT:    %[[LOW:.*]] = vector.shuffle %[[S1]], %[[S1]] [0, 1, 2, 3]
// CHECK-NEXT:    %[[WIDE:.*]] = simd.extsi %[[LOW]] : vector<4xi16> to vector<4xi32>
// CHECK-NEXT:    arith.addi %{{.*}}, %[[WIDE]] : vector<4xi32>
// CHECK:         vector.shuffle %[[S1]], %[[S1]] [4, 5, 6, 7]
func.func @digits(%x: !x, %w: !w, %n: index, %h: index, %c: index, %k: index, %b: index) -> (!v, !v) {
  %0, %1 = lowbit.dot_tile %x, %w, %n, %h, %c, %k, %b pixels 1 vectors 2 unroll 0 x_code !lowbit.unipolar<2> w_code !lowbit.signed<2> i16_steps 2730 x_run 8 digit_words 10 : (!x, !w, index, index, index, index, index) -> (!v, !v)
  func.return %0, %1 : !v, !v
}

// -----

!x = memref<1x1x2x600xi8>
!w = memref<1x1x1x600x16xi8>
!v = vector<4xi32>

// Words of one byte: i16 holds 273 products, so that 600 of them are made in chunks of 208.

// CHECK-LABEL: func.func @bytes
// CHECK-DAG:     %[[CHUNK:.*]] = arith.constant 208 : index
// CHECK:         scf.for {{.*}} step %[[CHUNK]] iter_args
// CHECK:           scf.for
// CHECK:             %[[W0:.*]] = vector.load %w{{.*}} vector<16xi8>
// CHECK-NEXT:        %[[LOW:.*]] = vector.shuffle %[[W0]], %[[W0]] [0, 1, 2, 3, 4, 5, 6, 7]
// CHECK-NEXT:        %[[HIGH:.*]] = vector.shuffle %[[W0]], %[[W0]] [8, 9, 10, 11, 12, 13, 14, 15]
// CHECK:             %[[X:.*]] = vector.load %x{{.*}} vector<16xi8>
// CHECK-NEXT:        %[[L0:.*]] = vector.shuffle %[[X]], %[[X]] [0, 0, 0, 0, 0, 0, 0, 0]
// CHECK-NEXT:        simd.mul_acc signed %{{.*}}, %[[LOW]], %[[L0]] : vector<8xi8> to vector<8xi16>
// CHECK-NEXT:        simd.mul_acc signed %{{.*}}, %[[HIGH]], %[[L0]] : vector<8xi8> to vector<8xi16>
// CHECK:             scf.yield
// CHECK:           simd.extsi
// CHECK:         scf.for
func.func @bytes(%x: !x, %w: !w, %n: index, %h: index, %c: index, %k: index, %b: index) -> (!v, !v, !v, !v) {
  %0, %1, %2, %3 = lowbit.dot_tile %x, %w, %n, %h, %c, %k, %b pixels 1 vectors 4 unroll 0 x_code !lowbit.unipolar<4> w_code !lowbit.signed<4> i16_steps 273 x_run 16 : (!x, !w, index, index, index, index, index) -> (!v, !v, !v, !v)
  func.return %0, %1, %2, %3 : !v, !v, !v, !v
}

// -----

!x = memref<1x1x2x3xi8>
!w = memref<1x1x1x3x8xi8>
!v = vector<4xi32>

// Unsigned i16 holds one product of two numbers of eight bits; each is added to i32. Words that
// fill no vector are loaded into all lanes.

// CHECK-LABEL: func.func @unsigned
// CHECK-COUNT-3: simd.broadcast_load {{.*}} to vector<8xi8>
// CHECK:         simd.extui
// CHECK:         simd.dot_acc no_saturation
func.func @unsigned(%x: !x, %w: !w, %n: index, %h: index, %c: index, %k: index, %b: index) -> (!v, !v) {
  %0, %1 = lowbit.dot_tile %x, %w, %n, %h, %c, %k, %b pixels 1 vectors 2 unroll 0 x_code !lowbit.unipolar<8> w_code !lowbit.signed<8> places 1 i16_steps 1 x_run 16 : (!x, !w, index, index, index, index, index) -> (!v, !v)
  func.return %0, %1 : !v, !v
}
