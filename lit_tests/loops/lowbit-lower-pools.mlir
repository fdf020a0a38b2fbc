// RUN: lowbit-opt %s -p 'lowbit-bufferize{target=znver5},lowbit-lower-pools{target=znver5}' | filecheck %s

// Rows low .. high of the result; the largest of four vectors of channels.

!x = tensor<1x8x8x64x!lowbit.unipolar<2>>
!y = tensor<1x4x4x64x!lowbit.unipolar<2>>

// CHECK-LABEL: func.func private @main_0_max_pool2d(
// CHECK-SAME:    %[[X:.*]]: memref<1x8x8x64xi8>, %[[Y:[^:]*]]: memref<1x4x4x64xi8>, %[[LOW:.*]]: index, %[[HIGH:.*]]: index)
// CHECK:         scf.for %{{.*}} = %[[LOW]] to %[[HIGH]] step
// CHECK:           vector.load %[[X]][{{.*}}] : memref<1x8x8x64xi8>, vector<64xi8>
// CHECK:           arith.maxui
// CHECK:           arith.maxui
// CHECK:           arith.maxui
// CHECK-NOT:       arith.maxui
// CHECK:           vector.store %{{.*}}, %[[Y]][
func.func @main(%x: !x) -> !y {
  %y = lowbit.max_pool2d %x kernel [2, 2] : (!x) -> !y
  func.return %y : !y
}
