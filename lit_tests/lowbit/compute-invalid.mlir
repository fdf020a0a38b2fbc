// RUN: lowbit-opt %s --split-input-file --parsing-diagnostics --verify-diagnostics | filecheck %s

// CHECK: ins 0: tensor<4x40x!lowbit.unipolar<2>> lies in memref<4x40xi8>, got memref<4x40xi32>
func.func @f(%x: memref<4x40xi32>, %y: memref<4x40xi8>, %i: index) {
  lowbit.compute ins(%x : memref<4x40xi32>) outs(%y : memref<4x40xi8>) from %i to %i {
  ^bb0(%a: tensor<4x40x!lowbit.unipolar<2>>):
    %b = lowbit.copy %a : (tensor<4x40x!lowbit.unipolar<2>>) -> tensor<4x40x!lowbit.unipolar<2>>
    lowbit.yield %b : (tensor<4x40x!lowbit.unipolar<2>>) -> ()
  }
  func.return
}

// -----

// CHECK: the body must be one operation besides constants, and yield its result; got lowbit.copy, lowbit.copy
func.func @f(%x: memref<4xi32>, %y: memref<4xi32>, %i: index) {
  lowbit.compute ins(%x : memref<4xi32>) outs(%y : memref<4xi32>) from %i to %i {
  ^bb0(%a: tensor<4xi32>):
    %b = lowbit.copy %a : (tensor<4xi32>) -> tensor<4xi32>
    %c = lowbit.copy %b : (tensor<4xi32>) -> tensor<4xi32>
    lowbit.yield %c : (tensor<4xi32>) -> ()
  }
  func.return
}

// -----

// CHECK: outs: 2 memrefs for 1 tensors
func.func @f(%x: memref<4xi32>, %y: memref<4xi32>, %i: index) {
  lowbit.compute ins(%x : memref<4xi32>) outs(%y, %x : memref<4xi32>, memref<4xi32>) from %i to %i {
  ^bb0(%a: tensor<4xi32>):
    %b = lowbit.copy %a : (tensor<4xi32>) -> tensor<4xi32>
    lowbit.yield %b : (tensor<4xi32>) -> ()
  }
  func.return
}

// -----

// CHECK: @f is (memref<4xi32>) -> (), expected (memref<4xi32>, index, index) -> ()
func.func @f(%x: memref<4xi32>) {
  lowbit.launch @f(%x : memref<4xi32>) extent 4
  func.return
}

// -----

// CHECK: there is no function @g
func.func @f(%x: memref<4xi32>) {
  lowbit.launch @g(%x : memref<4xi32>) extent 4
  func.return
}

// -----

// CHECK: extent must be positive, got 0
func.func @f(%x: memref<4xi32>, %low: index, %high: index) {
  lowbit.launch @f(%x : memref<4xi32>) extent 0
  func.return
}

// -----

// CHECK: the source has 16 bytes, the result 8
func.func @f(%x: memref<4xi32>) {
  %y = lowbit.view_as %x : (memref<4xi32>) -> memref<4xi16>
  func.return
}

// -----

// CHECK: #lowbit.channels: 5 channels cannot be cut into 2 equal groups
func.func @f(%x: memref<5xi32>, %y: memref<8xi32>, %i: index) {
  lowbit.compute ins(%x : memref<5xi32>) outs(%y : memref<8xi32>) from %i to %i {
  ^bb0(%a: tensor<5xi32>):
    %b = lowbit.copy %a : (tensor<5xi32>) -> tensor<5xi32, #lowbit.channels<axis = 0, lanes = 4, groups = 2>>
    lowbit.yield %b : (tensor<5xi32, #lowbit.channels<axis = 0, lanes = 4, groups = 2>>) -> ()
  }
  func.return
}

// -----

// CHECK: result must be tensor<5xi32>, got tensor<5xi16>
func.func @f(%x: tensor<5xi32>) {
  %b = lowbit.copy %x : (tensor<5xi32>) -> tensor<5xi16, #lowbit.channels<axis = 0>>
  func.return
}

// -----

// CHECK: only packed tensors have gaps, got tensor<5xi32>
func.func @f() {
  %b = lowbit.zero_gaps : () -> tensor<5xi32>
  func.return
}
