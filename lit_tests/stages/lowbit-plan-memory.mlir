// RUN: lowbit-opt %s -p lowbit-plan-memory --split-input-file | filecheck %s

// A chain takes turns in two slots, however deep it is; the workspace has 63 bytes to be aligned in.

func.func private @stage(%x: memref<256xi8>, %y: memref<256xi8>, %low: index, %high: index)

// CHECK-LABEL: func.func @chain(
// CHECK-SAME:    %[[W:[a-z]+]]: memref<575xi8>) attributes {lowbit.inputs = [tensor<256xi8>], lowbit.outputs = [tensor<256xi8>], lowbit.workspace = 575 : i64} {
// CHECK-NEXT:    %[[C:.*]] = arith.constant 0 : index
// CHECK-NEXT:    %[[A:.*]] = memref.view %[[W]][%[[C]]][] : memref<575xi8> to memref<256xi8>
// CHECK-NEXT:    lowbit.launch @stage(%{{.*}}, %[[A]] :
// CHECK-NEXT:    %[[C:.*]] = arith.constant 256 : index
// CHECK-NEXT:    %[[B:.*]] = memref.view %[[W]][%[[C]]][] : memref<575xi8> to memref<256xi8>
// CHECK-NEXT:    lowbit.launch @stage(%[[A]], %[[B]] :
// CHECK-NEXT:    %[[C:.*]] = arith.constant 0 : index
// CHECK-NEXT:    %[[D:.*]] = memref.view
// CHECK-NEXT:    lowbit.launch @stage(%[[B]], %[[D]] :
// CHECK-NEXT:    %[[C:.*]] = arith.constant 256 : index
// CHECK-NOT:     memref.alloc
// CHECK-NOT:     memref.dealloc
func.func @chain(%x: memref<256xi8>, %y: memref<256xi8>) attributes {lowbit.inputs = [tensor<256xi8>], lowbit.outputs = [tensor<256xi8>]} {
  %a = memref.alloc() : memref<256xi8>
  lowbit.launch @stage(%x, %a : memref<256xi8>, memref<256xi8>) extent 4
  %b = memref.alloc() : memref<256xi8>
  lowbit.launch @stage(%a, %b : memref<256xi8>, memref<256xi8>) extent 4
  memref.dealloc %a : memref<256xi8>
  %c = memref.alloc() : memref<256xi8>
  lowbit.launch @stage(%b, %c : memref<256xi8>, memref<256xi8>) extent 4
  %d = memref.alloc() : memref<256xi8>
  lowbit.launch @stage(%c, %d : memref<256xi8>, memref<256xi8>) extent 4
  lowbit.launch @stage(%d, %y : memref<256xi8>, memref<256xi8>) extent 4
  func.return
}

// -----

// Values with gaps have slots of their own: %b is not in the slot of %a, which no longer is in use,
// but %c is, whose gaps are the same.

func.func private @stage(%x: memref<4x2x2xi32>, %y: memref<4x2x2xi32>, %low: index, %high: index)

// CHECK-LABEL: func.func @gaps(
// CHECK:         %[[C:.*]] = arith.constant 0 : index
// CHECK-NEXT:    memref.view
// CHECK:         %[[C:.*]] = arith.constant 64 : index
// CHECK-NEXT:    memref.view
// CHECK:         %[[C:.*]] = arith.constant 0 : index
// CHECK-NEXT:    memref.view
func.func @gaps(%x: memref<4x2x2xi32>, %y: memref<4x2x2xi32>) attributes {lowbit.inputs = [tensor<4x2x2xi32>], lowbit.outputs = [tensor<4x2x2xi32>]} {
  %a = memref.alloc() {lowbit.holds = tensor<4x40x!lowbit.unipolar<2>, #lowbit.packed<axis = 1, word = i32, order = [0, p, 1]>>} : memref<4x2x2xi32>
  lowbit.launch @stage(%x, %a : memref<4x2x2xi32>, memref<4x2x2xi32>) extent 4
  lowbit.launch @stage(%a, %y : memref<4x2x2xi32>, memref<4x2x2xi32>) extent 4
  %b = memref.alloc() {lowbit.holds = tensor<4x41x!lowbit.unipolar<2>, #lowbit.packed<axis = 1, word = i32, order = [0, p, 1]>>} : memref<4x2x2xi32>
  lowbit.launch @stage(%x, %b : memref<4x2x2xi32>, memref<4x2x2xi32>) extent 4
  lowbit.launch @stage(%b, %y : memref<4x2x2xi32>, memref<4x2x2xi32>) extent 4
  %c = memref.alloc() {lowbit.holds = tensor<4x40x!lowbit.unipolar<2>, #lowbit.packed<axis = 1, word = i32, order = [0, p, 1]>>} : memref<4x2x2xi32>
  lowbit.launch @stage(%x, %c : memref<4x2x2xi32>, memref<4x2x2xi32>) extent 4
  lowbit.launch @stage(%c, %y : memref<4x2x2xi32>, memref<4x2x2xi32>) extent 4
  func.return
}
