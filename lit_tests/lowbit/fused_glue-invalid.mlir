// RUN: lowbit-opt %s --split-input-file --parsing-diagnostics --verify-diagnostics | filecheck %s

// CHECK: property 'form' expected in operation 'lowbit.fused_glue'
func.func @f(%acc: tensor<2x5x4xi32>, %p0: tensor<4xi32>, %p1: tensor<4xi32>) {
  %a = lowbit.fused_glue %acc, %p0, %p1  : (tensor<2x5x4xi32>, tensor<4xi32>, tensor<4xi32>) -> tensor<2x5x4x!lowbit.unipolar<2>>
  func.return
}

// -----

// CHECK: form 'wave' is unknown: shift and threshold and scale are allowed
func.func @f(%acc: tensor<2x5x4xi32>, %p0: tensor<4xi32>, %p1: tensor<4xi32>) {
  %a = lowbit.fused_glue %acc, %p0, %p1 form wave : (tensor<2x5x4xi32>, tensor<4xi32>, tensor<4xi32>) -> tensor<2x5x4x!lowbit.unipolar<2>>
  func.return
}

// -----

// CHECK: form shift takes the operands offset and shift
func.func @f(%acc: tensor<2x5x4xi32>, %p0: tensor<4xi32>) {
  %a = lowbit.fused_glue %acc, %p0 form shift : (tensor<2x5x4xi32>, tensor<4xi32>) -> tensor<2x5x4x!lowbit.unipolar<2>>
  func.return
}

// -----

// CHECK: form threshold takes the operands thresholds and maybe flip
func.func @f(%acc: tensor<2x5x4xi32>) {
  %a = lowbit.fused_glue %acc form threshold : (tensor<2x5x4xi32>) -> tensor<2x5x4x!lowbit.unipolar<2>>
  func.return
}

// -----

// CHECK: offset must be tensor<4xi32>, got tensor<5xi32>
func.func @f(%acc: tensor<2x5x4xi32>, %p0: tensor<5xi32>, %p1: tensor<4xi32>) {
  %a = lowbit.fused_glue %acc, %p0, %p1 form shift : (tensor<2x5x4xi32>, tensor<5xi32>, tensor<4xi32>) -> tensor<2x5x4x!lowbit.unipolar<2>>
  func.return
}

// -----

// CHECK: shift must be tensor<4xi32>, got tensor<4xi8>
func.func @f(%acc: tensor<2x5x4xi32>, %p0: tensor<4xi32>, %p1: tensor<4xi8>) {
  %a = lowbit.fused_glue %acc, %p0, %p1 form shift : (tensor<2x5x4xi32>, tensor<4xi32>, tensor<4xi8>) -> tensor<2x5x4x!lowbit.unipolar<2>>
  func.return
}

// -----

// CHECK: thresholds are 5x3: expected a row for each of the 4 channels and at most 3 columns
func.func @f(%acc: tensor<2x5x4xi32>, %p0: tensor<5x3xi32>) {
  %a = lowbit.fused_glue %acc, %p0 form threshold : (tensor<2x5x4xi32>, tensor<5x3xi32>) -> tensor<2x5x4x!lowbit.unipolar<2>>
  func.return
}

// -----

// CHECK: thresholds are 4x4: expected a row for each of the 4 channels and at most 3 columns
func.func @f(%acc: tensor<2x5x4xi32>, %p0: tensor<4x4xi32>) {
  %a = lowbit.fused_glue %acc, %p0 form threshold : (tensor<2x5x4xi32>, tensor<4x4xi32>) -> tensor<2x5x4x!lowbit.unipolar<2>>
  func.return
}

// -----

// CHECK: thresholds must be tensor<4x3xi32>, got tensor<4x3xf32>
func.func @f(%acc: tensor<2x5x4xi32>, %p0: tensor<4x3xf32>) {
  %a = lowbit.fused_glue %acc, %p0 form threshold : (tensor<2x5x4xi32>, tensor<4x3xf32>) -> tensor<2x5x4x!lowbit.unipolar<2>>
  func.return
}

// -----

// CHECK: thresholds must have known, positive extents, got 4x?
func.func @f(%acc: tensor<2x5x4xi32>, %p0: tensor<4x?xi32>) {
  %a = lowbit.fused_glue %acc, %p0 form threshold : (tensor<2x5x4xi32>, tensor<4x?xi32>) -> tensor<2x5x4x!lowbit.unipolar<2>>
  func.return
}

// -----

// CHECK: flip must be tensor<4xi1>, got tensor<4xi8>
func.func @f(%acc: tensor<2x5x4xi32>, %p0: tensor<4x3xi32>, %p1: tensor<4xi8>) {
  %a = lowbit.fused_glue %acc, %p0, %p1 form threshold : (tensor<2x5x4xi32>, tensor<4x3xi32>, tensor<4xi8>) -> tensor<2x5x4x!lowbit.unipolar<2>>
  func.return
}

// -----

// CHECK: lo belongs to form shift and scale
func.func @f(%acc: tensor<2x5x4xi32>, %p0: tensor<4x3xi32>) {
  %a = lowbit.fused_glue %acc, %p0 form threshold lo 1 : (tensor<2x5x4xi32>, tensor<4x3xi32>) -> tensor<2x5x4x!lowbit.unipolar<2>>
  func.return
}

// -----

// CHECK: lo 3 and hi 2 must satisfy 0 <= lo <= hi <= 3
func.func @f(%acc: tensor<2x5x4xi32>, %p0: tensor<4xi32>, %p1: tensor<4xi32>) {
  %a = lowbit.fused_glue %acc, %p0, %p1 form shift lo 3 hi 2 : (tensor<2x5x4xi32>, tensor<4xi32>, tensor<4xi32>) -> tensor<2x5x4x!lowbit.unipolar<2>>
  func.return
}

// -----

// CHECK: lo 0 and hi 4 must satisfy 0 <= lo <= hi <= 3
func.func @f(%acc: tensor<2x5x4xi32>, %p0: tensor<4xi32>, %p1: tensor<4xi32>) {
  %a = lowbit.fused_glue %acc, %p0, %p1 form shift hi 4 : (tensor<2x5x4xi32>, tensor<4xi32>, tensor<4xi32>) -> tensor<2x5x4x!lowbit.unipolar<2>>
  func.return
}

// -----

// CHECK: axis 3 is not a dimension of acc, which has 3
func.func @f(%acc: tensor<2x5x4xi32>, %p0: tensor<4xi32>, %p1: tensor<4xi32>) {
  %a = lowbit.fused_glue %acc, %p0, %p1 form shift axis 3 : (tensor<2x5x4xi32>, tensor<4xi32>, tensor<4xi32>) -> tensor<2x5x4x!lowbit.unipolar<2>>
  func.return
}

// -----

// CHECK: acc (where not i32)
func.func @f(%acc: tensor<2x5x4xi16>, %p0: tensor<4xi32>, %p1: tensor<4xi32>) {
  %a = lowbit.fused_glue %acc, %p0, %p1 form shift : (tensor<2x5x4xi16>, tensor<4xi32>, tensor<4xi32>) -> tensor<2x5x4x!lowbit.unipolar<2>>
  func.return
}

// -----

// CHECK: result has shape [2, 4, 5], acc has [2, 5, 4]
func.func @f(%acc: tensor<2x5x4xi32>, %p0: tensor<4xi32>, %p1: tensor<4xi32>) {
  %a = lowbit.fused_glue %acc, %p0, %p1 form shift : (tensor<2x5x4xi32>, tensor<4xi32>, tensor<4xi32>) -> tensor<2x4x5x!lowbit.unipolar<2>>
  func.return
}

// -----

// CHECK: result must be a tensor of a value code
func.func @f(%acc: tensor<2x5x4xi32>, %p0: tensor<4xi32>, %p1: tensor<4xi32>) {
  %a = lowbit.fused_glue %acc, %p0, %p1 form shift : (tensor<2x5x4xi32>, tensor<4xi32>, tensor<4xi32>) -> tensor<2x5x4xi8>
  func.return
}

// -----

// CHECK: the result must not be packed; follow with lowbit.bitpack
!r = tensor<2x5x4x!lowbit.unipolar<2>, #lowbit.packed<axis = 2, word = i8, order = [p, 0, 1, 2]>>
func.func @f(%acc: tensor<2x5x4xi32>, %p0: tensor<4xi32>, %p1: tensor<4xi32>) {
  %a = lowbit.fused_glue %acc, %p0, %p1 form shift : (tensor<2x5x4xi32>, tensor<4xi32>, tensor<4xi32>) -> !r
  func.return
}

// -----

// CHECK: shift must lie in 0 .. 31, got [1, 32]
func.func @f(%acc: tensor<1x2xi32>, %offset: tensor<2xi32>) {
  %shift = arith.constant dense<[1, 32]> : tensor<2xi32>
  %a = lowbit.fused_glue %acc, %offset, %shift form shift : (tensor<1x2xi32>, tensor<2xi32>, tensor<2xi32>) -> tensor<1x2x!lowbit.unipolar<2>>
  func.return
}

// -----

// CHECK: thresholds of channel 1 do not ascend: [3, 2]
func.func @f(%acc: tensor<1x2xi32>) {
  %t = arith.constant dense<[[1, 1], [3, 2]]> : tensor<2x2xi32>
  %a = lowbit.fused_glue %acc, %t form threshold : (tensor<1x2xi32>, tensor<2x2xi32>) -> tensor<1x2x!lowbit.unipolar<2>>
  func.return
}

// -----

// CHECK: form scale takes the operands offset, multiplier and shift
func.func @f(%acc: tensor<2x5x4xi32>, %p0: tensor<4xi32>) {
  %a = lowbit.fused_glue %acc, %p0, %p0 form scale : (tensor<2x5x4xi32>, tensor<4xi32>, tensor<4xi32>) -> tensor<2x5x4x!lowbit.unipolar<2>>
  func.return
}

// -----

// CHECK: multiplier must be tensor<4xi32>, got tensor<4xi64>
func.func @f(%acc: tensor<2x5x4xi32>, %p0: tensor<4xi32>, %p1: tensor<4xi64>) {
  %a = lowbit.fused_glue %acc, %p0, %p1, %p0 form scale : (tensor<2x5x4xi32>, tensor<4xi32>, tensor<4xi64>, tensor<4xi32>) -> tensor<2x5x4x!lowbit.unipolar<2>>
  func.return
}

// -----

// CHECK: zero belongs to form scale
func.func @f(%acc: tensor<2x5x4xi32>, %p0: tensor<4xi32>) {
  %a = lowbit.fused_glue %acc, %p0, %p0 form shift zero 1 : (tensor<2x5x4xi32>, tensor<4xi32>, tensor<4xi32>) -> tensor<2x5x4x!lowbit.unipolar<2>>
  func.return
}

// -----

// CHECK: zero 2147483648 does not fit in i32
func.func @f(%acc: tensor<2x5x4xi32>, %p0: tensor<4xi32>) {
  %a = lowbit.fused_glue %acc, %p0, %p0, %p0 form scale zero 2147483648 : (tensor<2x5x4xi32>, tensor<4xi32>, tensor<4xi32>, tensor<4xi32>) -> tensor<2x5x4x!lowbit.unipolar<2>>
  func.return
}

// -----

// CHECK: acc must be i32 or an unpacked affine code, got
func.func @f(%acc: tensor<2x5x4x!lowbit.codebook<1, [0, 3]>>, %p0: tensor<4xi32>, %p1: tensor<4xi32>) {
  %a = lowbit.fused_glue %acc, %p0, %p1 form shift : (tensor<2x5x4x!lowbit.codebook<1, [0, 3]>>, tensor<4xi32>, tensor<4xi32>) -> tensor<2x5x4x!lowbit.unipolar<2>>
  func.return
}
