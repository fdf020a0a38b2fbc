// RUN: lowbit-opt %s -p lowbit-plan-memory --split-input-file --verify-diagnostics | filecheck %s

// CHECK: 'memref.alloc': only allocations of known extents have a place in the workspace, got memref<?xi8>
func.func @dynamic() attributes {lowbit.inputs = [], lowbit.outputs = []} {
  %n = arith.constant 4 : index
  %a = memref.alloc(%n) : memref<?xi8>
  func.return
}

// -----

// CHECK: 'func.func': its attributes ask for arguments of (memref<8xi32>, memref<4xi8>) and no results
func.func @short(%x: memref<4xi32>, %y: memref<4xi8>) attributes {lowbit.inputs = [tensor<8xi32>], lowbit.outputs = [tensor<4x!lowbit.unipolar<2>>]} {
  func.return
}

// -----

// CHECK: 'func.func': lowbit.outputs must be an array of tensor types
func.func @missing(%x: memref<4xi32>) attributes {lowbit.inputs = [tensor<4xi32>]} {
  func.return
}

// -----

// CHECK: 'func.func': lowbit.inputs: tensor<?xi32> must have known, positive extents, got ?
func.func @dynamic(%x: memref<4xi32>) attributes {lowbit.inputs = [tensor<?xi32>], lowbit.outputs = []} {
  func.return
}
