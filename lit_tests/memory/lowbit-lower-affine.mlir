// RUN: lowbit-opt %s -p lowbit-lower-affine --split-input-file --verify-diagnostics | filecheck %s

// Bounds, operands of bounds, and divisions that round as affine maps say.

// CHECK-LABEL: func.func @loops(
// CHECK:         scf.for %[[i:.*]] = %{{.*}} to %{{.*}} step %{{.*}} {
// CHECK:           scf.for %[[j:.*]] = %[[i]] to %{{.*}} step %{{.*}} {
// CHECK:             %[[k:.*]] = arith.addi %[[i]], %[[j]] : index
// CHECK-NEXT:        %[[a:.*]] = memref.load %x[%[[k]]] : memref<8xf32>
// CHECK:             %[[half:.*]] = arith.divsi
// CHECK:             memref.store %[[a]], %x[
// CHECK-NOT:     affine.
func.func @loops(%x: memref<8xf32>) {
  affine.for %i = 0 to 4 {
    affine.for %j = affine_map<(d0) -> (d0)> (%i) to 4 {
      %a = affine.load %x[%i + %j] : memref<8xf32>
      affine.store %a, %x[%j floordiv 2] : memref<8xf32>
    }
  }
  return
}

// -----

// CHECK-LABEL: func.func @branch(
// CHECK:         %[[more:.*]] = arith.cmpi sge
// CHECK:         scf.if %{{.*}} {
func.func @branch(%x: memref<8xf32>, %i: index) {
  "affine.if"(%i) ({
    %a = affine.load %x[%i] : memref<8xf32>
    affine.store %a, %x[0] : memref<8xf32>
    affine.yield
  }, {}) {condition = affine_set<(d0) : (d0 - 1 >= 0)>} : (index) -> ()
  return
}

// -----

// CHECK: what is divided by must be a positive constant
func.func @divided(%i: index) -> index {
  %0 = affine.apply affine_map<(d0) -> (d0 floordiv 0)> (%i)
  return %0 : index
}
