// RUN: lowbit-opt %s | lowbit-opt | filecheck %s
// RUN: lowbit-opt %s --print-op-generic | lowbit-opt | filecheck %s

// Operations of tensors on memory, a function of one of them, and its launch.

!p = tensor<4x40x!lowbit.unipolar<2>, #lowbit.packed<axis = 1, word = i32, order = [0, p, 1]>>

// CHECK-LABEL: func.func private @stage(
// CHECK-NEXT:    lowbit.compute ins(%{{.*}} : memref<4x40xi8>) outs(%{{.*}} : memref<4x2x2xi32>) from %{{.*}} to %{{.*}} {
// CHECK-NEXT:    ^bb0(%[[X:.*]]: tensor<4x40x!lowbit.unipolar<2>>):
// CHECK-NEXT:      %[[Y:.*]] = lowbit.bitpack %[[X]]
// CHECK-NEXT:      lowbit.yield %[[Y]]
// CHECK-NEXT:    }
func.func private @stage(%x: memref<4x40xi8>, %y: memref<4x2x2xi32>, %low: index, %high: index) {
  lowbit.compute ins(%x : memref<4x40xi8>) outs(%y : memref<4x2x2xi32>) from %low to %high {
  ^bb0(%a: tensor<4x40x!lowbit.unipolar<2>>):
    %b = lowbit.bitpack %a : (tensor<4x40x!lowbit.unipolar<2>>) -> !p
    lowbit.yield %b : (!p) -> ()
  }
  func.return
}

// CHECK-LABEL: func.func private @gaps(
// CHECK-NEXT:    lowbit.compute outs(%{{.*}} : memref<4x2x2xi32>) from %{{.*}} to %{{.*}} attributes {note} {
func.func private @gaps(%y: memref<4x2x2xi32>, %low: index, %high: index) {
  lowbit.compute outs(%y : memref<4x2x2xi32>) from %low to %high attributes {note} {
    %b = lowbit.zero_gaps : () -> !p
    lowbit.yield %b : (!p) -> ()
  }
  func.return
}

// A table in the order of a kernel's lanes, and words as bytes.

// CHECK-LABEL: func.func @table(
// CHECK-NEXT:    lowbit.copy %{{.*}} : (tensor<5x3xi32>) -> tensor<5x3xi32, #lowbit.channels<axis = 0, lanes = 16, fill = 7>>
func.func @table(%t: tensor<5x3xi32>) {
  %0 = lowbit.copy %t : (tensor<5x3xi32>) -> tensor<5x3xi32, #lowbit.channels<axis = 0, lanes = 16, groups = 1, fill = 7>>
  func.return
}

// CHECK-LABEL: func.func @main(
// CHECK-NEXT:    lowbit.launch @stage(%{{.*}}, %{{.*}} : memref<4x40xi8>, memref<4x2x2xi32>) extent 4
// CHECK-NEXT:    lowbit.view_as %{{.*}} : (memref<4x2x2xi32>) -> memref<64xi8>
func.func @main(%x: memref<4x40xi8>, %y: memref<4x2x2xi32>) {
  lowbit.launch @stage(%x, %y : memref<4x40xi8>, memref<4x2x2xi32>) extent 4
  %bytes = lowbit.view_as %y : (memref<4x2x2xi32>) -> memref<64xi8>
  func.return
}
