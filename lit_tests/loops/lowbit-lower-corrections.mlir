// RUN: lowbit-opt %s -p 'lowbit-bufferize{target=znver5},lowbit-lower-corrections{target=znver5}' | filecheck %s

// Channels low .. high: the decoded weights are summed.

!w = tensor<16x8x!lowbit.bipolar<1>>

// CHECK-LABEL: func.func private @main_0_correction(
// CHECK-SAME:    %[[W:.*]]: memref<16x8xi8>, %[[C:[^:]*]]: memref<1x1x8xi32>, %[[LOW:.*]]: index, %[[HIGH:.*]]: index)
// CHECK:         scf.for %[[OC:.*]] = %[[LOW]] to %[[HIGH]] step
// CHECK:           %{{.*}} = scf.for %[[IC:.*]] = {{.*}} iter_args(
// CHECK:             memref.load %[[W]][%[[IC]], %[[OC]]]
// CHECK:           memref.store %{{.*}}, %[[C]][%{{.*}}, %{{.*}}, %[[OC]]]
func.func @main(%w: !w) -> tensor<1x1x8xi32> {
  %c = lowbit.correction %w x_code !lowbit.bipolar<1> : (!w) -> tensor<1x1x8xi32>
  func.return %c : tensor<1x1x8xi32>
}
