// RUN: lowbit-opt %s -p 'lowbit-to-loops{target=znver5}' --split-input-file | filecheck %s

// What is returned twice, is an argument or a constant is copied, in vectors of which the last may
// overlap; the rest is computed in place.

// CHECK-LABEL: func.func private @copies_1_copy_shared(%{{.*}}: memref<12xi8> {llvm.align = 4 : i64}, %{{.*}}: memref<12xi8> {llvm.align = 4 : i64}, %low: index, %high: index)
// CHECK-LABEL: func.func @copies_0_add(
// CHECK-SAME:    %[[X:.*]]: memref<12xi8> {llvm.align = 4 : i64}, %{{.*}}: memref<12xi8> {llvm.align = 4 : i64}, %{{.*}}: memref<8xi8> {llvm.align = 4 : i64}, %[[Y:.*]]: memref<12xi8> {llvm.align = 4 : i64}, %{{.*}}: memref<12xi8> {llvm.align = 4 : i64}, %{{.*}}: memref<1xi8>, %{{.*}}: index, %{{.*}}: index)
// CHECK-DAG:     memref.view %[[X]][
// CHECK-DAG:     memref.view %[[Y]][
// CHECK-LABEL: func.func @copies_1_copy(
// CHECK:         func.call @copies_1_copy_shared(%{{.*}}, %{{.*}}, %{{.*}}, %{{.*}}) : (memref<12xi8>, memref<12xi8>, index, index) -> ()
// CHECK-LABEL: func.func @copies_2_copy(
// CHECK:         %[[C:.*]] = memref.get_global @copies_2_copy_constant_0 : memref<8xi8>
// CHECK:         %[[AT:.*]] = arith.minui
// CHECK-NEXT:    %[[V:.*]] = vector.load %[[C]][%[[AT]]] : memref<8xi8>, vector<8xi8>
// CHECK-NEXT:    vector.store %[[V]], %{{.*}}[%[[AT]]]
// CHECK-LABEL: func.func @copies_3_copy(
// CHECK-LABEL: func.func @copies(
// CHECK-SAME:    lowbit.stages = {copies_0_add = 1 : i64, copies_1_copy = 2 : i64, copies_2_copy = 1 : i64, copies_3_copy = 2 : i64}
// CHECK:       sym_name = "copies_2_copy_constant_0", {{.*}} dense<[5, 0, 0, 0, 6, 0, 0, 0]>
func.func @copies(%x: tensor<3xi32>) -> (tensor<3xi32>, tensor<2xi32>, tensor<3xi32>, tensor<3xi32>) {
  %c = arith.constant dense<[5, 6]> : tensor<2xi32>
  %y = lowbit.add %x, %x : (tensor<3xi32>, tensor<3xi32>) -> tensor<3xi32>
  func.return %x, %c, %y, %y : tensor<3xi32>, tensor<2xi32>, tensor<3xi32>, tensor<3xi32>
}

// -----

!x = tensor<3x40x!lowbit.unipolar<2>>
!ragged = tensor<3x40x!lowbit.unipolar<2>, #lowbit.packed<axis = 1, word = i32, order = [0, p, 1]>>
!whole = tensor<3x40x!lowbit.unipolar<2>, #lowbit.packed<axis = 1, word = i8, order = [0, p, 1]>>

// An output with gaps is zeroed first, the caller's memory may hold anything. A slot of the
// workspace is zero from the start, and its gaps stay so. The workspace has 63 bytes to be aligned in.

// CHECK-LABEL: func.func @gaps(
// CHECK-SAME:    lowbit.workspace = 127 : i64, lowbit.stages = {gaps_0_zero_gaps = 2 : i64, gaps_1_bitpack = 3 : i64, gaps_2_bitpack = 3 : i64, gaps_3_bitpack = 3 : i64, gaps_4_unpack = 3 : i64}
func.func @gaps(%x: !x, %z: !x) -> (!ragged, !whole, !x) {
  %a = lowbit.bitpack %x : (!x) -> !ragged
  %b = lowbit.bitpack %x : (!x) -> !whole
  %c = lowbit.bitpack %z : (!x) -> !ragged
  %d = lowbit.unpack %c : (!ragged) -> !x
  func.return %a, %b, %d : !ragged, !whole, !x
}

// -----

// Each function has stages of its own name; equal stages share their loops.
// CHECK-DAG: func.func private @one_0_add_shared(
// CHECK-DAG: func.func @one_0_add(
// CHECK-DAG: func.func @one(
// CHECK-DAG: func.func @two_0_add
// CHECK-DAG: func.func @two(
// CHECK-DAG: sym_name = "one_0_add_shared_constant_0"
// CHECK-NOT: "memref.global"
func.func @one(%x: tensor<2xi32>) -> tensor<2xi32> {
  %c = arith.constant dense<[5, 6]> : tensor<2xi32>
  %y = lowbit.add %x, %c : (tensor<2xi32>, tensor<2xi32>) -> tensor<2xi32>
  func.return %y : tensor<2xi32>
}
func.func @two(%x: tensor<2xi32>) -> tensor<2xi32> {
  %c = arith.constant dense<[5, 6]> : tensor<2xi32>
  %y = lowbit.add %x, %c : (tensor<2xi32>, tensor<2xi32>) -> tensor<2xi32>
  func.return %y : tensor<2xi32>
}
