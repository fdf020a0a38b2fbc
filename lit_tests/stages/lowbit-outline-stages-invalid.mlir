// RUN: lowbit-opt %s -p lowbit-outline-stages --split-input-file --verify-diagnostics | filecheck %s

func.func private @stage(%x: memref<8xi32>, %low: index, %high: index) {
  func.return
}
// CHECK: 'func.func': it has no workspace yet; lowbit-plan-memory gives it one
func.func @main(%x: memref<8xi32>) attributes {lowbit.inputs = [], lowbit.outputs = [tensor<8xi32>]} {
  lowbit.launch @stage(%x : memref<8xi32>) extent 8
  func.return
}

// -----

func.func private @stage(%x: memref<8xi32>, %low: index, %high: index) {
  func.return
}
// CHECK: 'memref.alloc': between launches there can be views of the workspace and globals only; lowbit-plan-memory gives allocations their places
func.func @main(%x: memref<8xi32>, %workspace: memref<1xi8>) attributes {lowbit.inputs = [], lowbit.outputs = [tensor<8xi32>], lowbit.workspace = 0 : i64} {
  %a = memref.alloc() : memref<8xi32>
  lowbit.launch @stage(%a : memref<8xi32>) extent 8
  func.return
}

// -----

func.func private @stage(%x: memref<8xi32>, %low: index, %high: index) {
  lowbit.compute ins(%x : memref<8xi32>) outs(%x : memref<8xi32>) from %low to %high {
  ^bb0(%t: tensor<8xi32>):
    %a = lowbit.copy %t : (tensor<8xi32>) -> tensor<8xi32>
    lowbit.yield %a : (tensor<8xi32>) -> ()
  }
  func.return
}
// CHECK: 'lowbit.copy': no pass has lowered it to loops
func.func @main(%x: memref<8xi32>, %workspace: memref<1xi8>) attributes {lowbit.inputs = [], lowbit.outputs = [tensor<8xi32>], lowbit.workspace = 0 : i64} {
  lowbit.launch @stage(%x : memref<8xi32>) extent 8
  func.return
}

// -----

func.func private @stage(%x: memref<8xi32>, %low: index, %high: index)
// CHECK: 'func.func': stages, and functions that launch them, are one block
func.func @main(%x: memref<8xi32>, %workspace: memref<1xi8>) attributes {lowbit.inputs = [], lowbit.outputs = [tensor<8xi32>], lowbit.workspace = 0 : i64} {
  lowbit.launch @stage(%x : memref<8xi32>) extent 8
  func.return
}

// -----

func.func private @stage(%x: memref<8xi32>, %low: index, %high: index) {
  func.return
}
// CHECK: 'lowbit.launch': bytes 64 to 96 of a workspace of 64
func.func @main(%workspace: memref<127xi8>) attributes {lowbit.inputs = [], lowbit.outputs = [], lowbit.workspace = 127 : i64} {
  %offset = arith.constant 64 : index
  %a = memref.view %workspace[%offset][] : memref<127xi8> to memref<8xi32>
  lowbit.launch @stage(%a : memref<8xi32>) extent 8
  func.return
}
