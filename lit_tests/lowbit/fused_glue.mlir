// RUN: ROUNDTRIP
// RUN: GENERIC_ROUNDTRIP

// Levels of the shift form, with bounds, and of the threshold form, with flip.

// CHECK: lowbit.fused_glue %{{.*}}, %{{.*}}, %{{.*}} form shift : (tensor<2x5x4xi32>, tensor<4xi32>, tensor<4xi32>) -> tensor<2x5x4x!lowbit.unipolar<2>>
func.func @f(%acc: tensor<2x5x4xi32>, %p0: tensor<4xi32>, %p1: tensor<4xi32>) {
  %a = lowbit.fused_glue %acc, %p0, %p1 form shift : (tensor<2x5x4xi32>, tensor<4xi32>, tensor<4xi32>) -> tensor<2x5x4x!lowbit.unipolar<2>>
  func.return
}

// -----

// CHECK: lowbit.fused_glue %{{.*}}, %{{.*}}, %{{.*}} form shift lo 1 hi 2 : (tensor<2x5x4xi32>, tensor<4xi32>, tensor<4xi32>) -> tensor<2x5x4x!lowbit.unipolar<2>>
func.func @f(%acc: tensor<2x5x4xi32>, %p0: tensor<4xi32>, %p1: tensor<4xi32>) {
  %a = lowbit.fused_glue %acc, %p0, %p1 form shift lo 1 hi 2 : (tensor<2x5x4xi32>, tensor<4xi32>, tensor<4xi32>) -> tensor<2x5x4x!lowbit.unipolar<2>>
  func.return
}

// -----

// CHECK: lowbit.fused_glue %{{.*}}, %{{.*}} form threshold : (tensor<2x5x4xi32>, tensor<4x3xi32>) -> tensor<2x5x4x!lowbit.unipolar<2>>
func.func @f(%acc: tensor<2x5x4xi32>, %p0: tensor<4x3xi32>) {
  %a = lowbit.fused_glue %acc, %p0 form threshold : (tensor<2x5x4xi32>, tensor<4x3xi32>) -> tensor<2x5x4x!lowbit.unipolar<2>>
  func.return
}

// -----

// CHECK: lowbit.fused_glue %{{.*}}, %{{.*}}, %{{.*}} form threshold axis 1 : (tensor<2x5x4xi32>, tensor<5x1xi32>, tensor<5xi1>) -> tensor<2x5x4x!lowbit.unipolar<2>>
func.func @f(%acc: tensor<2x5x4xi32>, %p0: tensor<5x1xi32>, %p1: tensor<5xi1>) {
  %a = lowbit.fused_glue %acc, %p0, %p1 form threshold axis 1 : (tensor<2x5x4xi32>, tensor<5x1xi32>, tensor<5xi1>) -> tensor<2x5x4x!lowbit.unipolar<2>>
  func.return
}

// -----

// Levels of a codebook ascend in value.
// CHECK: lowbit.fused_glue %{{.*}}, %{{.*}} form threshold : (tensor<2x5x4xi32>, tensor<4x3xi32>) -> tensor<2x5x4x!lowbit.codebook<2, [3, 1, 0, 9]>>
func.func @f(%acc: tensor<2x5x4xi32>, %p0: tensor<4x3xi32>) {
  %a = lowbit.fused_glue %acc, %p0 form threshold axis -1 : (tensor<2x5x4xi32>, tensor<4x3xi32>) -> tensor<2x5x4x!lowbit.codebook<2, [3, 1, 0, 9]>>
  func.return
}

// -----

// CHECK: lowbit.fused_glue %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}} form scale lo 1 zero 128 : (tensor<2x5x4xi32>, tensor<4xi32>, tensor<4xi32>, tensor<4xi32>) -> tensor<2x5x4x!lowbit.signed<8>>
func.func @f(%acc: tensor<2x5x4xi32>, %p0: tensor<4xi32>) {
  %a = lowbit.fused_glue %acc, %p0, %p0, %p0 form scale zero 128 lo 1 : (tensor<2x5x4xi32>, tensor<4xi32>, tensor<4xi32>, tensor<4xi32>) -> tensor<2x5x4x!lowbit.signed<8>>
  func.return
}
