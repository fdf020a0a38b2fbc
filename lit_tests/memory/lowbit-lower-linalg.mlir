// RUN: lowbit-opt %s -p lowbit-lower-linalg | filecheck %s
// RUN: lowbit-opt %s -p lowbit-lower-linalg,lowbit-lower-affine,convert-scf-to-cf,lowbit-to-llvm | filecheck %s --check-prefix=LLVM

// CHECK-LABEL: func.func @conv(
// CHECK:         scf.for %[[n:.*]] = %{{.*}} to %{{.*}} step %{{.*}} {
// CHECK-NEXT:      scf.for %[[row:.*]] = %{{.*}} {
// CHECK-COUNT-5:   scf.for
// CHECK:         affine.apply affine_map<(d0, d1) -> (((d0 * 2) + d1))> (%[[row]], %{{.*}})
// CHECK:         memref.load %x[
// CHECK:         memref.load %w[
// CHECK:         %[[sum:.*]] = memref.load %y[
// CHECK:         arith.extsi %{{.*}} : i8 to i32
// CHECK:         arith.muli
// CHECK:         %[[new:.*]] = arith.addi %{{.*}}, %[[sum]] : i32
// CHECK-NEXT:    memref.store %[[new]], %y[
// LLVM-LABEL: llvm.func @conv(
// LLVM-NOT:     affine
func.func @conv(%x: memref<1x9x7x5xi8>, %w: memref<3x2x5x4xi8>, %y: memref<1x4x3x4xi32>) {
  linalg.conv_2d_nhwc_hwcf {dilations = dense<1> : tensor<2xi64>, strides = dense<2> : tensor<2xi64>}
    ins(%x, %w : memref<1x9x7x5xi8>, memref<3x2x5x4xi8>) outs(%y : memref<1x4x3x4xi32>)
  return
}
