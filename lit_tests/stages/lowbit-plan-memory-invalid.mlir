// RUN: lowbit-opt %s -p lowbit-plan-memory --split-input-file --verify-diagnostics | filecheck %s

// CHECK: 'memref.alloc': only allocations of known extents have a place in the workspace, got memref<?xi8>
func.func @dynamic(%n: index) attributes {lowbit.inputs = [], lowbit.outputs = []} {
  %a = memref.alloc(%n) : memref<?xi8>
  func.return
}
