// RUN: lowbit-opt %s -p lowbit-lower-memref-copies | filecheck %s

// CHECK-LABEL: func.func @copy(
// CHECK:         scf.for %[[i:.*]] = %{{.*}} to %{{.*}} step %{{.*}} {
// CHECK-NEXT:      scf.for %[[j:.*]] = %{{.*}} to %{{.*}} step %{{.*}} {
// CHECK-NEXT:        %[[v:.*]] = memref.load %x[%[[i]], %[[j]]] : memref<4x8xi32>
// CHECK-NEXT:        memref.store %[[v]], %y[%[[i]], %[[j]]] : memref<4x8xi32, strided<[16, 1]>>
func.func @copy(%x: memref<4x8xi32>, %y: memref<4x8xi32, strided<[16, 1]>>) {
  memref.copy %x, %y : memref<4x8xi32> to memref<4x8xi32, strided<[16, 1]>>
  return
}
