// RUN: lowbit-opt %s --split-input-file --parsing-diagnostics --verify-diagnostics | filecheck %s

// CHECK: x and w must be packed
!w = tensor<32x3x3x16x!lowbit.bipolar<1>, #lowbit.packed<axis = 3, word = i32, order = [0, p, 1, 2, 3], lanes = [0, 16]>>
func.func @f(%x: tensor<1x8x8x16x!lowbit.unipolar<2>>, %w: !w, %c: tensor<1x1x32xi32>) {
  %a = lowbit.bitserial_conv %x, %w, %c padding [1, 1, 1, 1] : (tensor<1x8x8x16x!lowbit.unipolar<2>>, !w, tensor<1x1x32xi32>) -> tensor<1x8x8x32xi32>
  func.return
}

// -----

// CHECK: x: kernels take affine codes, got codebook<1, [1, 2]>
!x = tensor<1x8x8x16x!lowbit.codebook<1, [1, 2]>, #lowbit.packed<axis = 3, word = i32, order = [0, 1, p, 3, 2], frame = [0, 0, 1, 1, 1, 1, 0, 0]>>
!w = tensor<32x3x3x16x!lowbit.bipolar<1>, #lowbit.packed<axis = 3, word = i32, order = [0, p, 1, 2, 3], lanes = [0, 16]>>
func.func @f(%x: !x, %w: !w, %c: tensor<1x1x32xi32>) {
  %a = lowbit.bitserial_conv %x, %w, %c padding [1, 1, 1, 1] : (!x, !w, tensor<1x1x32xi32>) -> tensor<1x8x8x32xi32>
  func.return
}

// -----

// CHECK: w: kernels take affine codes, got codebook<1, [1, 2]>
!x = tensor<1x8x8x16x!lowbit.unipolar<2>, #lowbit.packed<axis = 3, word = i32, order = [0, 1, p, 3, 2], frame = [0, 0, 1, 1, 1, 1, 0, 0]>>
!w = tensor<32x3x3x16x!lowbit.codebook<1, [1, 2]>, #lowbit.packed<axis = 3, word = i32, order = [0, p, 1, 2, 3], lanes = [0, 16]>>
func.func @f(%x: !x, %w: !w, %c: tensor<1x1x32xi32>) {
  %a = lowbit.bitserial_conv %x, %w, %c padding [1, 1, 1, 1] : (!x, !w, tensor<1x1x32xi32>) -> tensor<1x8x8x32xi32>
  func.return
}

// -----

// CHECK: x must lie in #lowbit.packed<axis = 3, word = i32, order = [0, 1, p, 3, 2], frame = [0, 0, 1, 1, 1, 1, 0, 0]>, got #lowbit.packed<axis = 3, word = i32, order = [0, 1, p, 3, 2]>
!x = tensor<1x8x8x16x!lowbit.unipolar<2>, #lowbit.packed<axis = 3, word = i32, order = [0, 1, p, 3, 2]>>
!w = tensor<32x3x3x16x!lowbit.bipolar<1>, #lowbit.packed<axis = 3, word = i32, order = [0, p, 1, 2, 3], lanes = [0, 16]>>
func.func @f(%x: !x, %w: !w, %c: tensor<1x1x32xi32>) {
  %a = lowbit.bitserial_conv %x, %w, %c padding [1, 1, 1, 1] : (!x, !w, tensor<1x1x32xi32>) -> tensor<1x8x8x32xi32>
  func.return
}

// -----

// CHECK: w must lie in #lowbit.packed<axis = 3, word = i32, order = [0, p, 1, 2, 3], lanes = [0, 16]>, got #lowbit.packed<axis = 3, word = i32, order = [p, 0, 1, 2, 3], lanes = [0, 16]>
!x = tensor<1x8x8x16x!lowbit.unipolar<2>, #lowbit.packed<axis = 3, word = i32, order = [0, 1, p, 3, 2], frame = [0, 0, 1, 1, 1, 1, 0, 0]>>
!w = tensor<32x3x3x16x!lowbit.bipolar<1>, #lowbit.packed<axis = 3, word = i32, order = [p, 0, 1, 2, 3], lanes = [0, 16]>>
func.func @f(%x: !x, %w: !w, %c: tensor<1x1x32xi32>) {
  %a = lowbit.bitserial_conv %x, %w, %c padding [1, 1, 1, 1] : (!x, !w, tensor<1x1x32xi32>) -> tensor<1x8x8x32xi32>
  func.return
}

// -----

// CHECK: x and w must have words of the same width
!x = tensor<1x8x8x16x!lowbit.unipolar<2>, #lowbit.packed<axis = 3, word = i32, order = [0, 1, p, 3, 2], frame = [0, 0, 1, 1, 1, 1, 0, 0]>>
!w = tensor<32x3x3x16x!lowbit.bipolar<1>, #lowbit.packed<axis = 3, word = i64, order = [0, p, 1, 2, 3], lanes = [0, 16]>>
func.func @f(%x: !x, %w: !w, %c: tensor<1x1x32xi32>) {
  %a = lowbit.bitserial_conv %x, %w, %c padding [1, 1, 1, 1] : (!x, !w, tensor<1x1x32xi32>) -> tensor<1x8x8x32xi32>
  func.return
}

// -----

// CHECK: the codes of x and w need a correction operand, or glue that holds it
!x = tensor<1x8x8x16x!lowbit.unipolar<2>, #lowbit.packed<axis = 3, word = i32, order = [0, 1, p, 3, 2], frame = [0, 0, 1, 1, 1, 1, 0, 0]>>
!w = tensor<32x3x3x16x!lowbit.bipolar<1>, #lowbit.packed<axis = 3, word = i32, order = [0, p, 1, 2, 3], lanes = [0, 16]>>
func.func @f(%x: !x, %w: !w) {
  %a = lowbit.bitserial_conv %x, %w padding [1, 1, 1, 1] : (!x, !w) -> tensor<1x8x8x32xi32>
  func.return
}

// -----

// CHECK: the codes of x and w need no correction operand
!x = tensor<1x8x8x16x!lowbit.unipolar<2>, #lowbit.packed<axis = 3, word = i32, order = [0, 1, p, 3, 2], frame = [0, 0, 1, 1, 1, 1, 0, 0]>>
!w = tensor<32x3x3x16x!lowbit.signed<2>, #lowbit.packed<axis = 3, word = i32, order = [0, p, 1, 2, 3], lanes = [0, 16]>>
func.func @f(%x: !x, %w: !w, %c: tensor<1x1x32xi32>) {
  %a = lowbit.bitserial_conv %x, %w, %c padding [1, 1, 1, 1] : (!x, !w, tensor<1x1x32xi32>) -> tensor<1x8x8x32xi32>
  func.return
}

// -----

// CHECK: correction must be tensor<1x1x32xi32>, got tensor<3x3x32xi32>
!x = tensor<1x8x8x16x!lowbit.unipolar<2>, #lowbit.packed<axis = 3, word = i32, order = [0, 1, p, 3, 2], frame = [0, 0, 1, 1, 1, 1, 0, 0]>>
!w = tensor<32x3x3x16x!lowbit.bipolar<1>, #lowbit.packed<axis = 3, word = i32, order = [0, p, 1, 2, 3], lanes = [0, 16]>>
func.func @f(%x: !x, %w: !w, %c: tensor<3x3x32xi32>) {
  %a = lowbit.bitserial_conv %x, %w, %c padding [1, 1, 1, 1] : (!x, !w, tensor<3x3x32xi32>) -> tensor<1x8x8x32xi32>
  func.return
}

// -----

// CHECK: result must be tensor<1x8x8x32xi32>, got tensor<1x8x8x32x!lowbit.unipolar<2>>
!x = tensor<1x8x8x16x!lowbit.unipolar<2>, #lowbit.packed<axis = 3, word = i32, order = [0, 1, p, 3, 2], frame = [0, 0, 1, 1, 1, 1, 0, 0]>>
!w = tensor<32x3x3x16x!lowbit.bipolar<1>, #lowbit.packed<axis = 3, word = i32, order = [0, p, 1, 2, 3], lanes = [0, 16]>>
func.func @f(%x: !x, %w: !w, %c: tensor<1x1x32xi32>) {
  %a = lowbit.bitserial_conv %x, %w, %c padding [1, 1, 1, 1] : (!x, !w, tensor<1x1x32xi32>) -> tensor<1x8x8x32x!lowbit.unipolar<2>>
  func.return
}

// -----

// CHECK: result must be tensor<1x8x8x32x!lowbit.unipolar<2>>, got tensor<1x8x8x32xi32>
!x = tensor<1x8x8x16x!lowbit.unipolar<2>, #lowbit.packed<axis = 3, word = i32, order = [0, 1, p, 3, 2], frame = [0, 0, 1, 1, 1, 1, 0, 0]>>
!w = tensor<32x3x3x16x!lowbit.bipolar<1>, #lowbit.packed<axis = 3, word = i32, order = [0, p, 1, 2, 3], lanes = [0, 16]>>
func.func @f(%x: !x, %w: !w, %c: tensor<1x1x32xi32>, %t: tensor<32x3xi32>) {
  %a = lowbit.bitserial_conv %x, %w, %c padding [1, 1, 1, 1] : (!x, !w, tensor<1x1x32xi32>) -> tensor<1x8x8x32xi32> epilogue {
  ^bb0(%acc: tensor<1x8x8x32xi32>):
    %g = lowbit.fused_glue %acc, %t form threshold : (tensor<1x8x8x32xi32>, tensor<32x3xi32>) -> tensor<1x8x8x32x!lowbit.unipolar<2>>
    lowbit.yield %g : (tensor<1x8x8x32x!lowbit.unipolar<2>>) -> ()
  }
  func.return
}

// -----

// CHECK: the epilogue must take one argument of tensor<1x8x8x32xi32>
!x = tensor<1x8x8x16x!lowbit.unipolar<2>, #lowbit.packed<axis = 3, word = i32, order = [0, 1, p, 3, 2], frame = [0, 0, 1, 1, 1, 1, 0, 0]>>
!w = tensor<32x3x3x16x!lowbit.bipolar<1>, #lowbit.packed<axis = 3, word = i32, order = [0, p, 1, 2, 3], lanes = [0, 16]>>
func.func @f(%x: !x, %w: !w, %c: tensor<1x1x32xi32>) {
  %a = lowbit.bitserial_conv %x, %w, %c padding [1, 1, 1, 1] : (!x, !w, tensor<1x1x32xi32>) -> tensor<1x8x8x32x!lowbit.unipolar<2>> epilogue {
  ^bb0(%acc: tensor<1x8x8x32x!lowbit.unipolar<2>>):
    lowbit.yield %acc : (tensor<1x8x8x32x!lowbit.unipolar<2>>) -> ()
  }
  func.return
}

// -----

// CHECK: the epilogue must end in lowbit.yield
!x = tensor<1x8x8x16x!lowbit.unipolar<2>, #lowbit.packed<axis = 3, word = i32, order = [0, 1, p, 3, 2], frame = [0, 0, 1, 1, 1, 1, 0, 0]>>
!w = tensor<32x3x3x16x!lowbit.bipolar<1>, #lowbit.packed<axis = 3, word = i32, order = [0, p, 1, 2, 3], lanes = [0, 16]>>
func.func @f(%x: !x, %w: !w, %c: tensor<1x1x32xi32>) {
  %a = lowbit.bitserial_conv %x, %w, %c padding [1, 1, 1, 1] : (!x, !w, tensor<1x1x32xi32>) -> tensor<1x8x8x32xi32> epilogue {
  ^bb0(%acc: tensor<1x8x8x32xi32>):
    "test.termop"() : () -> ()
  }
  func.return
}

// -----

// CHECK: the epilogue must be one block
!x = tensor<1x8x8x16x!lowbit.unipolar<2>, #lowbit.packed<axis = 3, word = i32, order = [0, 1, p, 3, 2], frame = [0, 0, 1, 1, 1, 1, 0, 0]>>
!w = tensor<32x3x3x16x!lowbit.bipolar<1>, #lowbit.packed<axis = 3, word = i32, order = [0, p, 1, 2, 3], lanes = [0, 16]>>
func.func @f(%x: !x, %w: !w, %c: tensor<1x1x32xi32>) {
  %a = lowbit.bitserial_conv %x, %w, %c padding [1, 1, 1, 1] : (!x, !w, tensor<1x1x32xi32>) -> tensor<1x8x8x32xi32> epilogue {
  ^bb0(%acc: tensor<1x8x8x32xi32>):
    lowbit.yield %acc : (tensor<1x8x8x32xi32>) -> ()
  ^bb1(%more: tensor<1x8x8x32xi32>):
    lowbit.yield %more : (tensor<1x8x8x32xi32>) -> ()
  }
  func.return
}

// -----

// CHECK: lowbit.yield ends the epilogue of a kernel or the body of lowbit.compute only
func.func @f(%x: tensor<4xi32>) {
  lowbit.yield %x : (tensor<4xi32>) -> ()
}

// -----

// CHECK: groups = 3 must divide the 16 input and the 32 output channels
!x = tensor<1x8x8x16x!lowbit.unipolar<2>, #lowbit.packed<axis = 3, word = i32, order = [0, 1, p, 3, 2], frame = [0, 0, 1, 1, 1, 1, 0, 0]>>
!w = tensor<32x3x3x16x!lowbit.bipolar<1>, #lowbit.packed<axis = 3, word = i32, order = [0, p, 1, 2, 3], lanes = [0, 16]>>
func.func @f(%x: !x, %w: !w, %c: tensor<1x1x32xi32>) {
  %a = lowbit.bitserial_conv %x, %w, %c groups 3 : (!x, !w, tensor<1x1x32xi32>) -> tensor<1x8x8x32xi32>
  func.return
}

// -----

// CHECK: should be of base attribute lowbit.schedule
!x = tensor<1x8x8x16x!lowbit.unipolar<2>, #lowbit.packed<axis = 3, word = i32, order = [0, 1, p, 3, 2], frame = [0, 0, 1, 1, 1, 1, 0, 0]>>
!w = tensor<32x3x3x16x!lowbit.bipolar<1>, #lowbit.packed<axis = 3, word = i32, order = [0, p, 1, 2, 3], lanes = [0, 16]>>
func.func @f(%x: !x, %w: !w, %c: tensor<1x1x32xi32>) {
  %a = lowbit.bitserial_conv %x, %w, %c padding [1, 1, 1, 1] schedule 3 : i32 : (!x, !w, tensor<1x1x32xi32>) -> tensor<1x8x8x32xi32>
  func.return
}

// -----

// CHECK: 294912 products of unipolar<8> and unipolar<8> can reach 19176652800, beyond i32
!x = tensor<1x3x3x32768x!lowbit.unipolar<8>, #lowbit.packed<axis = 3, word = i32, order = [0, 1, p, 3, 2]>>
!w = tensor<1x3x3x32768x!lowbit.unipolar<8>, #lowbit.packed<axis = 3, word = i32, order = [0, p, 1, 2, 3], lanes = [0, 16]>>
func.func @f(%x: !x, %w: !w) {
  %a = lowbit.bitserial_conv %x, %w  : (!x, !w) -> tensor<1x1x1x1xi32>
  func.return
}

// -----

// CHECK: the sums without the correction can leave i32, so a correction operand is needed
!x = tensor<1x1x1x20000x!lowbit.bipolar<8>, #lowbit.packed<axis = 3, word = i32, order = [0, 1, p, 3, 2]>>
!w = tensor<1x1x1x20000x!lowbit.bipolar<8>, #lowbit.packed<axis = 3, word = i32, order = [0, p, 1, 2, 3], lanes = [0, 16]>>
!q = tensor<1x1x1x1x!lowbit.unipolar<1>>
func.func @f(%x: !x, %w: !w, %t: tensor<1x1xi32>) {
  %a = lowbit.bitserial_conv %x, %w  : (!x, !w) -> !q epilogue {
  ^bb0(%acc: tensor<1x1x1x1xi32>):
    %g = lowbit.fused_glue %acc, %t form threshold : (tensor<1x1x1x1xi32>, tensor<1x1xi32>) -> !q
    lowbit.yield %g : (!q) -> ()
  }
  func.return
}

// -----

// CHECK: schedule: 3 vectors do not divide the 16 lanes of w
!x = tensor<1x8x8x16x!lowbit.unipolar<2>, #lowbit.packed<axis = 3, word = i32, order = [0, 1, p, 3, 2], frame = [0, 0, 1, 1, 1, 1, 0, 0]>>
!w = tensor<32x3x3x16x!lowbit.bipolar<1>, #lowbit.packed<axis = 3, word = i32, order = [0, p, 1, 2, 3], lanes = [0, 16]>>
func.func @f(%x: !x, %w: !w, %c: tensor<1x1x32xi32>) {
  %a = lowbit.bitserial_conv %x, %w, %c padding [1, 1, 1, 1] schedule #lowbit.schedule<tile = 2x3, unroll = 1, order = rows> : (!x, !w, tensor<1x1x32xi32>) -> tensor<1x8x8x32xi32>
  func.return
}
