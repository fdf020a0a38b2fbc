// RUN: ROUNDTRIP
// RUN: GENERIC_ROUNDTRIP

// Sums with and without a correction, with a schedule, and with glue that is packed.

// CHECK: lowbit.bitserial_conv %{{.*}}, %{{.*}}, %{{.*}} padding [1, 1, 1, 1] : (tensor<1x8x8x16x!lowbit.unipolar<2>, #lowbit.packed<axis = 3, word = i32, order = [0, 1, p, 3, 2], frame = [0, 0, 1, 1, 1, 1, 0, 0]>>, tensor<32x3x3x16x!lowbit.bipolar<1>, #lowbit.packed<axis = 3, word = i32, order = [0, p, 1, 2, 3], lanes = [0, 16]>>, tensor<1x1x32xi32>) -> tensor<1x8x8x32xi32>
!x = tensor<1x8x8x16x!lowbit.unipolar<2>, #lowbit.packed<axis = 3, word = i32, order = [0, 1, p, 3, 2], frame = [0, 0, 1, 1, 1, 1, 0, 0]>>
!w = tensor<32x3x3x16x!lowbit.bipolar<1>, #lowbit.packed<axis = 3, word = i32, order = [0, p, 1, 2, 3], lanes = [0, 16]>>
func.func @f(%x: !x, %w: !w, %c: tensor<1x1x32xi32>) {
  %a = lowbit.bitserial_conv %x, %w, %c padding [1, 1, 1, 1] : (!x, !w, tensor<1x1x32xi32>) -> tensor<1x8x8x32xi32>
  func.return
}

// -----

// CHECK: lowbit.bitserial_conv %{{.*}}, %{{.*}}, %{{.*}} padding [1, 1, 1, 1] schedule #lowbit.schedule<tile = 7x2, unroll = 1, order = rows> : (tensor<1x8x8x16x!lowbit.unipolar<2>, #lowbit.packed<axis = 3, word = i32, order = [0, 1, p, 3, 2], frame = [0, 0, 1, 1, 1, 1, 0, 0]>>, tensor<32x3x3x16x!lowbit.bipolar<1>, #lowbit.packed<axis = 3, word = i32, order = [0, p, 1, 2, 3], lanes = [0, 16]>>, tensor<1x1x32xi32>) -> tensor<1x8x8x32xi32>
!x = tensor<1x8x8x16x!lowbit.unipolar<2>, #lowbit.packed<axis = 3, word = i32, order = [0, 1, p, 3, 2], frame = [0, 0, 1, 1, 1, 1, 0, 0]>>
!w = tensor<32x3x3x16x!lowbit.bipolar<1>, #lowbit.packed<axis = 3, word = i32, order = [0, p, 1, 2, 3], lanes = [0, 16]>>
func.func @f(%x: !x, %w: !w, %c: tensor<1x1x32xi32>) {
  %a = lowbit.bitserial_conv %x, %w, %c padding [1, 1, 1, 1] schedule #lowbit.schedule<tile = 7x2, unroll = 1, order = rows> : (!x, !w, tensor<1x1x32xi32>) -> tensor<1x8x8x32xi32>
  func.return
}

// -----

// Unipolar and signed codes need no correction; a frame may be wider than the padding.
// CHECK: lowbit.bitserial_conv %{{.*}}, %{{.*}} strides [2, 2] : (tensor<1x8x8x16x!lowbit.unipolar<2>, #lowbit.packed<axis = 3, word = i32, order = [0, 1, p, 3, 2], frame = [0, 0, 1, 1, 1, 1, 0, 0]>>, tensor<32x3x3x16x!lowbit.signed<2>, #lowbit.packed<axis = 3, word = i32, order = [0, p, 1, 2, 3], lanes = [0, 16]>>) -> tensor<1x3x3x32xi32>
!x = tensor<1x8x8x16x!lowbit.unipolar<2>, #lowbit.packed<axis = 3, word = i32, order = [0, 1, p, 3, 2], frame = [0, 0, 1, 1, 1, 1, 0, 0]>>
!w = tensor<32x3x3x16x!lowbit.signed<2>, #lowbit.packed<axis = 3, word = i32, order = [0, p, 1, 2, 3], lanes = [0, 16]>>
func.func @f(%x: !x, %w: !w) {
  %a = lowbit.bitserial_conv %x, %w strides [2, 2] : (!x, !w) -> tensor<1x3x3x32xi32>
  func.return
}

// -----

// Bipolar activations have a correction for each border class.
// CHECK: lowbit.bitserial_conv %{{.*}}, %{{.*}}, %{{.*}} padding [1, 1, 1, 1] : (tensor<1x8x8x16x!lowbit.bipolar<2>, #lowbit.packed<axis = 3, word = i32, order = [0, 1, p, 3, 2], frame = [0, 0, 1, 1, 1, 1, 0, 0]>>, tensor<32x3x3x16x!lowbit.bipolar<1>, #lowbit.packed<axis = 3, word = i32, order = [0, p, 1, 2, 3], lanes = [0, 16]>>, tensor<3x3x32xi32>) -> tensor<1x8x8x32xi32>
!x = tensor<1x8x8x16x!lowbit.bipolar<2>, #lowbit.packed<axis = 3, word = i32, order = [0, 1, p, 3, 2], frame = [0, 0, 1, 1, 1, 1, 0, 0]>>
!w = tensor<32x3x3x16x!lowbit.bipolar<1>, #lowbit.packed<axis = 3, word = i32, order = [0, p, 1, 2, 3], lanes = [0, 16]>>
func.func @f(%x: !x, %w: !w, %c: tensor<3x3x32xi32>) {
  %a = lowbit.bitserial_conv %x, %w, %c padding [1, 1, 1, 1] : (!x, !w, tensor<3x3x32xi32>) -> tensor<1x8x8x32xi32>
  func.return
}

// -----

// CHECK: lowbit.bitserial_conv %{{.*}}, %{{.*}}, %{{.*}} padding [1, 1, 1, 1] : (tensor<1x8x8x16x!lowbit.unipolar<2>, #lowbit.packed<axis = 3, word = i32, order = [0, 1, p, 3, 2], frame = [0, 0, 1, 1, 1, 1, 0, 0]>>, tensor<32x3x3x16x!lowbit.bipolar<1>, #lowbit.packed<axis = 3, word = i32, order = [0, p, 1, 2, 3], lanes = [0, 16]>>, tensor<1x1x32xi32>) -> tensor<1x8x8x32x!lowbit.unipolar<2>> epilogue {
// CHECK: lowbit.fused_glue %{{.*}}, %{{.*}} form threshold : (tensor<1x8x8x32xi32>, tensor<32x3xi32>) -> tensor<1x8x8x32x!lowbit.unipolar<2>>
// CHECK: lowbit.yield %{{.*}} : (tensor<1x8x8x32x!lowbit.unipolar<2>>) -> ()
!x = tensor<1x8x8x16x!lowbit.unipolar<2>, #lowbit.packed<axis = 3, word = i32, order = [0, 1, p, 3, 2], frame = [0, 0, 1, 1, 1, 1, 0, 0]>>
!w = tensor<32x3x3x16x!lowbit.bipolar<1>, #lowbit.packed<axis = 3, word = i32, order = [0, p, 1, 2, 3], lanes = [0, 16]>>
func.func @f(%x: !x, %w: !w, %c: tensor<1x1x32xi32>, %t: tensor<32x3xi32>) {
  %a = lowbit.bitserial_conv %x, %w, %c padding [1, 1, 1, 1] : (!x, !w, tensor<1x1x32xi32>) -> tensor<1x8x8x32x!lowbit.unipolar<2>> epilogue {
  ^bb0(%acc: tensor<1x8x8x32xi32>):
    %g = lowbit.fused_glue %acc, %t form threshold : (tensor<1x8x8x32xi32>, tensor<32x3xi32>) -> tensor<1x8x8x32x!lowbit.unipolar<2>>
    lowbit.yield %g : (tensor<1x8x8x32x!lowbit.unipolar<2>>) -> ()
  }
  func.return
}

// -----

// The glue may hold the correction.
// CHECK: lowbit.bitserial_conv %{{.*}}, %{{.*}} padding [1, 1, 1, 1] : (tensor<1x8x8x16x!lowbit.unipolar<2>, #lowbit.packed<axis = 3, word = i32, order = [0, 1, p, 3, 2], frame = [0, 0, 1, 1, 1, 1, 0, 0]>>, tensor<32x3x3x16x!lowbit.bipolar<1>, #lowbit.packed<axis = 3, word = i32, order = [0, p, 1, 2, 3], lanes = [0, 16]>>) -> tensor<1x8x8x32x!lowbit.unipolar<2>, #lowbit.packed<axis = 3, word = i32, order = [0, 1, p, 3, 2]>> epilogue {
// CHECK: lowbit.fused_glue %{{.*}}, %{{.*}} form threshold : (tensor<1x8x8x32xi32>, tensor<32x3xi32>) -> tensor<1x8x8x32x!lowbit.unipolar<2>>
// CHECK: lowbit.bitpack %{{.*}} : (tensor<1x8x8x32x!lowbit.unipolar<2>>) -> tensor<1x8x8x32x!lowbit.unipolar<2>, #lowbit.packed<axis = 3, word = i32, order = [0, 1, p, 3, 2]>>
// CHECK: lowbit.yield %{{.*}} : (tensor<1x8x8x32x!lowbit.unipolar<2>, #lowbit.packed<axis = 3, word = i32, order = [0, 1, p, 3, 2]>>) -> ()
!x = tensor<1x8x8x16x!lowbit.unipolar<2>, #lowbit.packed<axis = 3, word = i32, order = [0, 1, p, 3, 2], frame = [0, 0, 1, 1, 1, 1, 0, 0]>>
!w = tensor<32x3x3x16x!lowbit.bipolar<1>, #lowbit.packed<axis = 3, word = i32, order = [0, p, 1, 2, 3], lanes = [0, 16]>>
!r = tensor<1x8x8x32x!lowbit.unipolar<2>, #lowbit.packed<axis = 3, word = i32, order = [0, 1, p, 3, 2]>>
func.func @f(%x: !x, %w: !w, %t: tensor<32x3xi32>) {
  %a = lowbit.bitserial_conv %x, %w padding [1, 1, 1, 1] : (!x, !w) -> !r epilogue {
  ^bb0(%acc: tensor<1x8x8x32xi32>):
    %g = lowbit.fused_glue %acc, %t form threshold : (tensor<1x8x8x32xi32>, tensor<32x3xi32>) -> tensor<1x8x8x32x!lowbit.unipolar<2>>
    %p = lowbit.bitpack %g : (tensor<1x8x8x32x!lowbit.unipolar<2>>) -> !r
    lowbit.yield %p : (!r) -> ()
  }
  func.return
}

// -----

// CHECK: lowbit.bitserial_conv %{{.*}}, %{{.*}} padding [1, 1, 1, 1] groups 2 layout nchw : (tensor<1x16x8x8x!lowbit.unipolar<2>, #lowbit.packed<axis = 1, word = i64, order = [0, 2, p, 1, 3], frame = [0, 0, 0, 0, 1, 1, 1, 1], groups = 2>>, tensor<32x8x3x3x!lowbit.signed<2>, #lowbit.packed<axis = 1, word = i64, order = [0, p, 2, 3, 1], lanes = [0, 8], groups = 2>>) -> tensor<1x32x8x8xi32>
!x = tensor<1x16x8x8x!lowbit.unipolar<2>, #lowbit.packed<axis = 1, word = i64, order = [0, 2, p, 1, 3], frame = [0, 0, 0, 0, 1, 1, 1, 1], groups = 2>>
!w = tensor<32x8x3x3x!lowbit.signed<2>, #lowbit.packed<axis = 1, word = i64, order = [0, p, 2, 3, 1], lanes = [0, 8], groups = 2>>
func.func @f(%x: !x, %w: !w) {
  %a = lowbit.bitserial_conv %x, %w padding [1, 1, 1, 1] groups 2 layout nchw : (!x, !w) -> tensor<1x32x8x8xi32>
  func.return
}
