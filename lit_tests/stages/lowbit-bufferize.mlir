// RUN: lowbit-opt %s -p 'lowbit-bufferize{target=znver5}' --split-input-file | filecheck %s

// Each operation becomes a function of memory; the function that launches them allocates what lies
// between. Constants of codes are globals, and numbers that loops depend on stay with them.

!x = tensor<4x40x!lowbit.unipolar<2>>
!p = tensor<4x40x!lowbit.unipolar<2>, #lowbit.packed<axis = 1, word = i32, order = [0, p, 1]>>

// CHECK-LABEL: func.func private @main_0_bitpack(
// CHECK-SAME:    memref<4x40xi8>, %{{.*}}: memref<4x2x2xi32>, %[[LOW:.*]]: index, %[[HIGH:.*]]: index) {
// CHECK-NEXT:    lowbit.compute ins(%{{.*}} : memref<4x40xi8>) outs(%{{.*}} : memref<4x2x2xi32>) from %[[LOW]] to %[[HIGH]] {
// CHECK-NEXT:    ^bb0(%[[A:.*]]: tensor<4x40x!lowbit.unipolar<2>>):
// CHECK-NEXT:      %[[B:.*]] = lowbit.bitpack %[[A]]
// CHECK-NEXT:      lowbit.yield %[[B]]
// CHECK-NEXT:    }
// CHECK-NEXT:    func.return
// CHECK-LABEL: func.func private @main_1_unpack(
// CHECK-LABEL: func.func private @main_2_add(
// CHECK-SAME:    memref<4x40xi8>, %{{.*}}: memref<4x40xi8>, %{{.*}}: memref<4x40xi32>
// CHECK-LABEL: func.func @main(
// CHECK-SAME:    %[[X:.*]]: memref<4x40xi8>, %[[Y:.*]]: memref<4x40xi32>) attributes {lowbit.inputs = [tensor<4x40x!lowbit.unipolar<2>>], lowbit.outputs = [tensor<4x40xi32>]} {
// CHECK-NEXT:    %[[P:.*]] = memref.alloc() {lowbit.holds = tensor<4x40x!lowbit.unipolar<2>, #lowbit.packed<{{.*}}>>} : memref<4x2x2xi32>
// CHECK-NEXT:    lowbit.launch @main_0_bitpack(%[[X]], %[[P]] : memref<4x40xi8>, memref<4x2x2xi32>) extent 4
// CHECK-NEXT:    %[[U:.*]] = memref.alloc()
// CHECK-NEXT:    lowbit.launch @main_1_unpack(%[[P]], %[[U]] : memref<4x2x2xi32>, memref<4x40xi8>) extent 4
// CHECK-NEXT:    %[[C:.*]] = memref.get_global @main_constant_0 : memref<4x40xi8>
// CHECK-NEXT:    lowbit.launch @main_2_add(%[[U]], %[[C]], %[[Y]] :
// CHECK-NEXT:    func.return
// CHECK:       sym_name = "main_constant_0"
func.func @main(%x: !x) -> tensor<4x40xi32> {
  %p = lowbit.bitpack %x : (!x) -> !p
  %u = lowbit.unpack %p : (!p) -> !x
  %c = lowbit.constant "0x01020300010203000102030001020300010203000102030001020300010203000102030001020300010203000102030001020300010203000102030001020300010203000102030001020300010203000102030001020300010203000102030001020300010203000102030001020300010203000102030001020300010203000102030001020300010203000102030001020300010203000102030001020300" : !x
  %y = lowbit.add %u, %c : (!x, !x) -> tensor<4x40xi32>
  func.return %y : tensor<4x40xi32>
}

// -----

// What is returned and has gaps is zeroed in them first; an argument that is returned is copied.

!x = tensor<3x40x!lowbit.unipolar<2>>
!p = tensor<3x40x!lowbit.unipolar<2>, #lowbit.packed<axis = 1, word = i32, order = [0, p, 1]>>

// CHECK-LABEL: func.func private @gaps_0_zero_gaps(
// CHECK-NEXT:    lowbit.compute outs(%{{.*}} : memref<3x2x2xi32>)
// CHECK-NEXT:      lowbit.zero_gaps
// CHECK-LABEL: func.func private @gaps_1_bitpack(
// CHECK-LABEL: func.func private @gaps_2_copy(
// CHECK:           lowbit.copy
// CHECK-LABEL: func.func @gaps(
// CHECK-SAME:    %[[X:.*]]: memref<3x40xi8>, %[[P:.*]]: memref<3x2x2xi32>, %[[Y:.*]]: memref<3x40xi8>)
// CHECK-NEXT:    lowbit.launch @gaps_0_zero_gaps(%[[P]] : memref<3x2x2xi32>) extent
// CHECK-NEXT:    lowbit.launch @gaps_1_bitpack(%[[X]], %[[P]] :
// CHECK-NEXT:    lowbit.launch @gaps_2_copy(%[[X]], %[[Y]] :
func.func @gaps(%x: !x) -> (!p, !x) {
  %p = lowbit.bitpack %x : (!x) -> !p
  func.return %p, %x : !p, !x
}

// -----

// Thresholds stay with the glue whose loops depend on them.

// CHECK-LABEL: func.func private @glue_0_fused_glue(
// CHECK-NEXT:    lowbit.compute ins(%{{.*}} : memref<2x3xi32>) outs(%{{.*}} : memref<2x3xi8>)
// CHECK-NEXT:    ^bb0(%[[A:.*]]: tensor<2x3xi32>):
// CHECK-NEXT:      %[[T:.*]] = arith.constant dense<
// CHECK-NEXT:      lowbit.fused_glue %[[A]], %[[T]]
func.func @glue(%x: tensor<2x3xi32>) -> tensor<2x3x!lowbit.unipolar<1>> {
  %t = arith.constant dense<[[1], [2], [3]]> : tensor<3x1xi32>
  %y = lowbit.fused_glue %x, %t form threshold : (tensor<2x3xi32>, tensor<3x1xi32>) -> tensor<2x3x!lowbit.unipolar<1>>
  func.return %y : tensor<2x3x!lowbit.unipolar<1>>
}
