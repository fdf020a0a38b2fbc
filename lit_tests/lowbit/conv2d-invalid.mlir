// RUN: lowbit-opt %s --split-input-file --parsing-diagnostics --verify-diagnostics | filecheck %s

// CHECK: result must be tensor<1x6x6x32xi32>, got tensor<1x8x8x32xi32>
func.func @f(%x: tensor<1x8x8x16x!lowbit.unipolar<2>>, %w: tensor<32x3x3x16x!lowbit.bipolar<1>>) {
  %a = lowbit.conv2d %x, %w : (tensor<1x8x8x16x!lowbit.unipolar<2>>, tensor<32x3x3x16x!lowbit.bipolar<1>>) -> tensor<1x8x8x32xi32>
  func.return
}

// -----

// CHECK: x must have 4 dimensions, got 3
func.func @f(%x: tensor<8x8x16x!lowbit.unipolar<2>>, %w: tensor<32x3x3x16x!lowbit.bipolar<1>>) {
  %a = lowbit.conv2d %x, %w : (tensor<8x8x16x!lowbit.unipolar<2>>, tensor<32x3x3x16x!lowbit.bipolar<1>>) -> tensor<1x6x6x32xi32>
  func.return
}

// -----

// CHECK: x must have known, positive extents, got ?x8x8x16
func.func @f(%x: tensor<?x8x8x16x!lowbit.unipolar<2>>, %w: tensor<32x3x3x16x!lowbit.bipolar<1>>) {
  %a = lowbit.conv2d %x, %w : (tensor<?x8x8x16x!lowbit.unipolar<2>>, tensor<32x3x3x16x!lowbit.bipolar<1>>) -> tensor<1x6x6x32xi32>
  func.return
}

// -----

// CHECK: x has 2^31 elements or more: [99999999999, 8, 8, 16]
func.func @f(%x: tensor<99999999999x8x8x16x!lowbit.unipolar<2>>, %w: tensor<32x3x3x16x!lowbit.bipolar<1>>) {
  %a = lowbit.conv2d %x, %w : (tensor<99999999999x8x8x16x!lowbit.unipolar<2>>, tensor<32x3x3x16x!lowbit.bipolar<1>>) -> tensor<1x6x6x32xi32>
  func.return
}

// -----

// CHECK: x must be a tensor of a value code
func.func @f(%x: tensor<1x8x8x16xi8>, %w: tensor<32x3x3x16x!lowbit.bipolar<1>>) {
  %a = lowbit.conv2d %x, %w : (tensor<1x8x8x16xi8>, tensor<32x3x3x16x!lowbit.bipolar<1>>) -> tensor<1x6x6x32xi32>
  func.return
}

// -----

// CHECK: w must not be packed here; use lowbit.unpack
!w = tensor<32x3x3x16x!lowbit.bipolar<1>, #lowbit.packed<axis = 3, word = i32, order = [0, p, 1, 2, 3]>>
func.func @f(%x: tensor<1x8x8x16x!lowbit.unipolar<2>>, %w: !w) {
  %a = lowbit.conv2d %x, %w : (tensor<1x8x8x16x!lowbit.unipolar<2>>, !w) -> tensor<1x6x6x32xi32>
  func.return
}

// -----

// CHECK: weights have 8 input channels, 16 channels in 1 groups need 16
func.func @f(%x: tensor<1x8x8x16x!lowbit.unipolar<2>>, %w: tensor<32x3x3x8x!lowbit.bipolar<1>>) {
  %a = lowbit.conv2d %x, %w : (tensor<1x8x8x16x!lowbit.unipolar<2>>, tensor<32x3x3x8x!lowbit.bipolar<1>>) -> tensor<1x6x6x32xi32>
  func.return
}

// -----

// CHECK: groups = 3 must divide the 16 input and the 32 output channels
func.func @f(%x: tensor<1x8x8x16x!lowbit.unipolar<2>>, %w: tensor<32x3x3x16x!lowbit.bipolar<1>>) {
  %a = lowbit.conv2d %x, %w groups 3 : (tensor<1x8x8x16x!lowbit.unipolar<2>>, tensor<32x3x3x16x!lowbit.bipolar<1>>) -> tensor<1x6x6x32xi32>
  func.return
}

// -----

// CHECK: groups = 0 must divide
func.func @f(%x: tensor<1x8x8x16x!lowbit.unipolar<2>>, %w: tensor<32x3x3x16x!lowbit.bipolar<1>>) {
  %a = lowbit.conv2d %x, %w groups 0 : (tensor<1x8x8x16x!lowbit.unipolar<2>>, tensor<32x3x3x16x!lowbit.bipolar<1>>) -> tensor<1x6x6x32xi32>
  func.return
}

// -----

// CHECK: strides needs 2 integers >= 1, got [0, 1]
func.func @f(%x: tensor<1x8x8x16x!lowbit.unipolar<2>>, %w: tensor<32x3x3x16x!lowbit.bipolar<1>>) {
  %a = lowbit.conv2d %x, %w strides [0, 1] : (tensor<1x8x8x16x!lowbit.unipolar<2>>, tensor<32x3x3x16x!lowbit.bipolar<1>>) -> tensor<1x6x6x32xi32>
  func.return
}

// -----

// CHECK: strides needs 2 integers >= 1, got [1]
func.func @f(%x: tensor<1x8x8x16x!lowbit.unipolar<2>>, %w: tensor<32x3x3x16x!lowbit.bipolar<1>>) {
  %a = lowbit.conv2d %x, %w strides [1] : (tensor<1x8x8x16x!lowbit.unipolar<2>>, tensor<32x3x3x16x!lowbit.bipolar<1>>) -> tensor<1x6x6x32xi32>
  func.return
}

// -----

// CHECK: padding needs 4 integers >= 0, got [1, 1]
func.func @f(%x: tensor<1x8x8x16x!lowbit.unipolar<2>>, %w: tensor<32x3x3x16x!lowbit.bipolar<1>>) {
  %a = lowbit.conv2d %x, %w padding [1, 1] : (tensor<1x8x8x16x!lowbit.unipolar<2>>, tensor<32x3x3x16x!lowbit.bipolar<1>>) -> tensor<1x6x6x32xi32>
  func.return
}

// -----

// CHECK: dilation needs 2 integers >= 1, got [-1, 1]
func.func @f(%x: tensor<1x8x8x16x!lowbit.unipolar<2>>, %w: tensor<32x3x3x16x!lowbit.bipolar<1>>) {
  %a = lowbit.conv2d %x, %w dilation [-1, 1] : (tensor<1x8x8x16x!lowbit.unipolar<2>>, tensor<32x3x3x16x!lowbit.bipolar<1>>) -> tensor<1x6x6x32xi32>
  func.return
}

// -----

// CHECK: the filter does not fit in the width: 3 taps, dilation 4, on 0 + 8 + 0
func.func @f(%x: tensor<1x8x8x16x!lowbit.unipolar<2>>, %w: tensor<32x3x3x16x!lowbit.bipolar<1>>) {
  %a = lowbit.conv2d %x, %w dilation [1, 4] : (tensor<1x8x8x16x!lowbit.unipolar<2>>, tensor<32x3x3x16x!lowbit.bipolar<1>>) -> tensor<1x6x6x32xi32>
  func.return
}

// -----

// CHECK: result has 2^31 elements or more: [1, 9223372036854775812, 6, 32]
func.func @f(%x: tensor<1x8x8x16x!lowbit.unipolar<2>>, %w: tensor<32x3x3x16x!lowbit.bipolar<1>>) {
  %a = lowbit.conv2d %x, %w padding [9223372036854775806, 0, 0, 0] : (tensor<1x8x8x16x!lowbit.unipolar<2>>, tensor<32x3x3x16x!lowbit.bipolar<1>>) -> tensor<1x6x6x32xi32>
  func.return
}

// -----

// CHECK: 9223372036854775808 does not fit in i64
func.func @f(%x: tensor<1x8x8x16x!lowbit.unipolar<2>>, %w: tensor<32x3x3x16x!lowbit.bipolar<1>>) {
  %a = lowbit.conv2d %x, %w strides [9223372036854775808, 1] : (tensor<1x8x8x16x!lowbit.unipolar<2>>, tensor<32x3x3x16x!lowbit.bipolar<1>>) -> tensor<1x6x6x32xi32>
  func.return
}

// -----

// CHECK: layout 'hwcn' is unknown: nhwc and nchw are allowed
func.func @f(%x: tensor<1x8x8x16x!lowbit.unipolar<2>>, %w: tensor<32x3x3x16x!lowbit.bipolar<1>>) {
  %a = lowbit.conv2d %x, %w layout hwcn : (tensor<1x8x8x16x!lowbit.unipolar<2>>, tensor<32x3x3x16x!lowbit.bipolar<1>>) -> tensor<1x6x6x32xi32>
  func.return
}

// -----

// CHECK: lowbit.conv2d: clause 'stride' is unknown; allowed: strides, padding, dilation, groups, layout
func.func @f(%x: tensor<1x8x8x16x!lowbit.unipolar<2>>, %w: tensor<32x3x3x16x!lowbit.bipolar<1>>) {
  %a = lowbit.conv2d %x, %w stride [1, 1] : (tensor<1x8x8x16x!lowbit.unipolar<2>>, tensor<32x3x3x16x!lowbit.bipolar<1>>) -> tensor<1x6x6x32xi32>
  func.return
}

// -----

// CHECK: lowbit.conv2d: clause 'groups' is given twice
func.func @f(%x: tensor<1x8x8x16x!lowbit.unipolar<2>>, %w: tensor<32x3x3x16x!lowbit.bipolar<1>>) {
  %a = lowbit.conv2d %x, %w groups 1 groups 1 : (tensor<1x8x8x16x!lowbit.unipolar<2>>, tensor<32x3x3x16x!lowbit.bipolar<1>>) -> tensor<1x6x6x32xi32>
  func.return
}

// -----

// CHECK: Expected integer literal
func.func @f(%x: tensor<1x8x8x16x!lowbit.unipolar<2>>, %w: tensor<32x3x3x16x!lowbit.bipolar<1>>) {
  %a = lowbit.conv2d %x, %w strides [1.5, 1] : (tensor<1x8x8x16x!lowbit.unipolar<2>>, tensor<32x3x3x16x!lowbit.bipolar<1>>) -> tensor<1x6x6x32xi32>
  func.return
}

// -----

// CHECK: 589824 products of unipolar<8> and signed<8> can reach 19251855360, beyond i32
func.func @f(%x: tensor<1x3x3x65536x!lowbit.unipolar<8>>, %w: tensor<1x3x3x65536x!lowbit.signed<8>>) {
  %a = lowbit.conv2d %x, %w : (tensor<1x3x3x65536x!lowbit.unipolar<8>>, tensor<1x3x3x65536x!lowbit.signed<8>>) -> tensor<1x1x1x1xi32>
  func.return
}

// -----

// CHECK: property 'layout' expected in operation 'lowbit.conv2d'
func.func @f(%x: tensor<1x8x8x16x!lowbit.unipolar<2>>, %w: tensor<32x3x3x16x!lowbit.bipolar<1>>) {
  %a = "lowbit.conv2d"(%x, %w) <{strides = array<i64: 1, 1>, padding = array<i64: 0, 0, 0, 0>, dilation = array<i64: 1, 1>, groups = 1 : i64}> : (tensor<1x8x8x16x!lowbit.unipolar<2>>, tensor<32x3x3x16x!lowbit.bipolar<1>>) -> tensor<1x6x6x32xi32>
  func.return
}

// -----

// CHECK: Expected attribute i64 but got f32
func.func @f(%x: tensor<1x8x8x16x!lowbit.unipolar<2>>, %w: tensor<32x3x3x16x!lowbit.bipolar<1>>) {
  %a = "lowbit.conv2d"(%x, %w) <{strides = array<f32: 1.0, 1.0>, padding = array<i64: 0, 0, 0, 0>, dilation = array<i64: 1, 1>, groups = 1 : i64, layout = "nhwc"}> : (tensor<1x8x8x16x!lowbit.unipolar<2>>, tensor<32x3x3x16x!lowbit.bipolar<1>>) -> tensor<1x6x6x32xi32>
  func.return
}

// -----

// CHECK: Expected attribute i64 but got i8
func.func @f(%x: tensor<1x8x8x16x!lowbit.unipolar<2>>, %w: tensor<32x3x3x16x!lowbit.bipolar<1>>) {
  %a = "lowbit.conv2d"(%x, %w) <{strides = array<i64: 1, 1>, padding = array<i64: 0, 0, 0, 0>, dilation = array<i64: 1, 1>, groups = 1 : i8, layout = "nhwc"}> : (tensor<1x8x8x16x!lowbit.unipolar<2>>, tensor<32x3x3x16x!lowbit.bipolar<1>>) -> tensor<1x6x6x32xi32>
  func.return
}

// -----

// CHECK: should be of base attribute array
func.func @f(%x: tensor<1x8x8x16x!lowbit.unipolar<2>>, %w: tensor<32x3x3x16x!lowbit.bipolar<1>>) {
  %a = "lowbit.conv2d"(%x, %w) <{strides = array<i64: 1, 1>, padding = array<i64: 0, 0, 0, 0>, dilation = 1 : i64, groups = 1 : i64, layout = "nhwc"}> : (tensor<1x8x8x16x!lowbit.unipolar<2>>, tensor<32x3x3x16x!lowbit.bipolar<1>>) -> tensor<1x6x6x32xi32>
  func.return
}
