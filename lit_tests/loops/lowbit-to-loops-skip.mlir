// RUN: lowbit-opt %s -p 'lowbit-fold-constants,lowbit-to-loops{target=znver5}' | filecheck %s

#p = #lowbit.packed<axis = 3, word = i32, order = [0, 1, p, 3, 2], frame = [0, 0, 1, 1, 1, 1, 0, 0]>
!x = tensor<1x4x6x1x!lowbit.unipolar<1>, #p>
!w = tensor<1x3x3x1x!lowbit.bipolar<1>>
!wp = tensor<1x3x3x1x!lowbit.bipolar<1>, #lowbit.packed<axis = 3, word = i32, order = [0, p, 1, 2, 3], lanes = [0, 8]>>
!y = tensor<1x4x6x1xi32>

// Taps in the padding are not executed: by the class of the row not all rows of taps, and tiles with
// padding left or right are written apart. What differing bits would have counted there, the bits of
// the weights, is added: always where a pixel lacks a column, elsewhere in rows that lack one.

// CHECK-LABEL: func.func @skip_0_bitserial_conv(
// CHECK-DAG:     %[[I0:.*]] = arith.constant 0 : index
// CHECK-DAG:     %[[I1:.*]] = arith.constant 1 : index
// CHECK-DAG:     %[[CLASS:.*]] = memref.get_global @skip_0_bitserial_conv_constant_1 : memref<4xi32>
// CHECK-DAG:     %[[LOW:.*]] = memref.get_global @skip_0_bitserial_conv_constant_2 : memref<3xi32>
// CHECK-DAG:     %[[HIGH:.*]] = memref.get_global @skip_0_bitserial_conv_constant_3 : memref<3xi32>
// CHECK-DAG:     %[[LACKING:.*]] = memref.get_global @skip_0_bitserial_conv_constant_4 : memref<9x8xi32>
// CHECK:           %[[ROW:.*]] = arith.remui
// CHECK-NEXT:      memref.load %[[CLASS]][%[[ROW]]] : memref<4xi32>
// CHECK-NEXT:      %[[R:.*]] = arith.index_cast
// CHECK-NEXT:      %[[L:.*]] = memref.load %[[LOW]][%[[R]]] : memref<3xi32>
// CHECK-NEXT:      %[[FIRST:.*]] = arith.index_cast %[[L]]
// CHECK-NEXT:      %[[H:.*]] = memref.load %[[HIGH]][%[[R]]] : memref<3xi32>
// CHECK-NEXT:      %[[BEYOND:.*]] = arith.index_cast %[[H]]
// CHECK-NEXT:      %[[A:.*]], %[[B:.*]] = lowbit.bitserial_tile {{.*}}, %[[FIRST]], %[[BEYOND]] pixels 2 vectors 1 padding [1, 0] unroll 0
// CHECK:           %[[N:.*]] = vector.load %[[LACKING]]
// CHECK-NEXT:      arith.addi %[[A]], %[[N]]
// CHECK-NEXT:      %[[BORDER:.*]] = arith.cmpi ne, %{{.*}}, %[[I1]] : index
// CHECK-NEXT:      scf.if %[[BORDER]] -> (vector<8xi32>) {
// CHECK:             %[[M:.*]] = vector.load %[[LACKING]]
// CHECK-NEXT:        %[[S:.*]] = arith.addi %[[B]], %[[M]]
// CHECK-NEXT:        scf.yield %[[S]]
// CHECK-NEXT:      } else {
// CHECK-NEXT:        scf.yield %[[B]]
// CHECK:           lowbit.bitserial_tile {{.*}} pixels 2 vectors 1 x_code
// CHECK-NOT:       padding
// CHECK:           scf.if {{.*}} -> (vector<8xi32>, vector<8xi32>) {
// CHECK:           lowbit.bitserial_tile {{.*}} padding [0, 1]
// CHECK:         sym_name = "skip_0_bitserial_conv_constant_1", {{.*}} dense<[0, 1, 1, 2]>
// CHECK:         sym_name = "skip_0_bitserial_conv_constant_2", {{.*}} dense<[1, 0, 0]>
// CHECK:         sym_name = "skip_0_bitserial_conv_constant_3", {{.*}} dense<[3, 3, 2]>
// CHECK:         sym_name = "skip_0_bitserial_conv_constant_4", {{.*}} dense<{{\[\[}}-5, 0, {{.*}}], [-3, 0, {{.*}}], [-5, 0, {{.*}}], [-3, 0, {{.*}}], [0, 0, {{.*}}], [-3, 0,
func.func @skip(%x: !x) -> !y {
  %w = lowbit.constant [1, 1, 1, 1, -1, 1, 1, 1, 1] : !w
  %wp = lowbit.bitpack %w : (!w) -> !wp
  %c = lowbit.correction %w x_code !lowbit.unipolar<1> image [4, 6] padding [1, 1, 1, 1] : (!w) -> tensor<1x1x1xi32>
  %y = lowbit.bitserial_conv %x, %wp, %c padding [1, 1, 1, 1] schedule #lowbit.schedule<tile = 2x1, unroll = 1, order = rows, skip = all> : (!x, !wp, tensor<1x1x1xi32>) -> !y
  func.return %y : !y
}
