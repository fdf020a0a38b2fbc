// RUN: lowbit-opt %s -p 'lowbit-to-loops{target=znver5}' --split-input-file | filecheck %s

// Bytes to planes, a plane of up to 64 neighbouring elements at a time, and words to planes' maxima.

!x = tensor<3x40x!lowbit.unipolar<2>>
!p = tensor<3x40x!lowbit.unipolar<2>, #lowbit.packed<axis = 1, word = i32, order = [0, p, 1]>>

// CHECK-LABEL: func.func @pack_1_bitpack(
// CHECK:         %[[BYTES:.*]] = vector.load {{.*}} : memref<3x40xi8>, vector<32xi8>
// CHECK-NEXT:    %[[BIT:.*]] = arith.andi %[[BYTES]], %{{.*}} : vector<32xi8>
// CHECK-NEXT:    %[[MASK:.*]] = simd.cmpi ne, %[[BIT]], %{{.*}} : vector<32xi8> to vector<32xi1>
// CHECK-NEXT:    %[[WORD:.*]] = simd.pack_bits %[[MASK]] : vector<32xi1> to i32
// CHECK:         memref.store %[[WORD]], {{.*}} : memref<3x2x2xi32>
// The ragged tail, eight elements:
// CHECK:         vector.load {{.*}} : memref<3x40xi8>, vector<8xi8>
// CHECK:         %[[TAIL:.*]] = simd.pack_bits {{.*}} : vector<8xi1> to i8
// CHECK-NEXT:    arith.extui %[[TAIL]] : i8 to i32
func.func @pack(%x: !x) -> !p {
  %p = lowbit.bitpack %x : (!x) -> !p
  func.return %p : !p
}

// -----

// Any axis: where neighbours in memory are not neighbours in a word, an element at a time.

!x = tensor<8x3x!lowbit.unipolar<1>>
!p = tensor<8x3x!lowbit.unipolar<1>, #lowbit.packed<axis = 0, word = i8, order = [p, 0, 1]>>

// CHECK-LABEL: func.func @pack_columns_0_bitpack(
// CHECK-NOT:     vector
// CHECK:         memref.load {{.*}} : memref<8x3xi8>
// CHECK:         memref.store {{.*}} : memref<1x1x3xi8>
func.func @pack_columns(%x: !x) -> !p {
  %p = lowbit.bitpack %x : (!x) -> !p
  func.return %p : !p
}

// -----

#p = #lowbit.packed<axis = 3, word = i32, order = [0, 1, p, 3, 2]>
#f = #lowbit.packed<axis = 3, word = i32, order = [0, 1, p, 3, 2], frame = [0, 0, 1, 0, 1, 0, 0, 0]>
!x = tensor<1x4x4x32x!lowbit.signed<1>, #p>
!y = tensor<1x2x2x32x!lowbit.signed<1>, #f>

// Of two words of 32 signed bits, whose order is that of their complements. The result goes into its
// frame, at an offset of one row and one column.

// CHECK-LABEL: func.func @pool_1_max_pool2d(
// CHECK-DAG:     %[[ONES:.*]] = arith.constant -1 : i32
// CHECK-DAG:     %[[ONE:.*]] = arith.constant 1 : index
// CHECK:         scf.for %[[JOB:.*]] =
// CHECK:           %[[ROW:.*]] = arith.remui %[[JOB]]
// CHECK:           scf.for %[[COL:.*]] =
// CHECK:             %[[A:.*]] = memref.load {{.*}} : memref<1x4x1x1x4xi32>
// CHECK-NEXT:        %[[NA:.*]] = arith.xori %[[A]], %[[ONES]]
// CHECK:             %[[B:.*]] = memref.load {{.*}} : memref<1x4x1x1x4xi32>
// CHECK-NEXT:        %[[NB:.*]] = arith.xori %[[B]], %[[ONES]]
// CHECK-NEXT:        %[[DIFFERS:.*]] = arith.xori %[[NA]], %[[NB]]
// CHECK-NEXT:        %[[WINS:.*]] = arith.andi %[[DIFFERS]], %[[NB]]
// CHECK-DAG:         %[[TOP:.*]] = arith.addi %[[ROW]], %[[ONE]]
// CHECK-DAG:         %[[LEFT:.*]] = arith.addi %[[COL]], %[[ONE]]
// CHECK:             memref.store %{{.*}}, %{{.*}}[%{{.*}}, %[[TOP]], %{{.*}}, %{{.*}}, %[[LEFT]]] : memref<1x3x1x1x3xi32>
func.func @pool(%x: !x) -> !y {
  %y = lowbit.max_pool2d %x kernel [2, 1] strides [2, 2] : (!x) -> !y
  func.return %y : !y
}
