// RUN: lowbit-opt %s -p lowbit-fold-constants --split-input-file | filecheck %s

// Nine channels in a word, 0x155 and 0x0aa; two output channels in a block of four lanes.

#w = #lowbit.packed<axis = 3, word = i16, order = [0, p, 1, 2, 3], lanes = [0, 4]>
!w = tensor<2x1x1x9x!lowbit.unipolar<1>>
!p = tensor<2x1x1x9x!lowbit.unipolar<1>, #w>

// CHECK-LABEL: func.func @pack
// CHECK-NEXT:  %[[P:.*]] = lowbit.constant "0x5501aa0000000000" : tensor<2x1x1x9x!lowbit.unipolar<1>, #lowbit.packed<
// CHECK-NEXT:  func.return %[[P]]
func.func @pack() -> !p {
  %w = lowbit.constant [1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0] : !w
  %p = lowbit.bitpack %w : (!w) -> !p
  func.return %p : !p
}

// CHECK-LABEL: func.func @unpack
// CHECK-NEXT:  %[[W:.*]] = lowbit.constant [1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0] : tensor<2x1x1x9x!lowbit.unipolar<1>>
// CHECK-NEXT:  func.return %[[W]]
func.func @unpack() -> !w {
  %p = lowbit.constant "0x5501aa0000000000" : !p
  %w = lowbit.unpack %p : (!p) -> !w
  func.return %w : !w
}

// -----

// A zero bit of the activations stands for -1: minus the sums of the weights 3, 2, 1 and -2, -1, 0
// over the taps on the image, the last two at the left border, all three, the first two at the right.

!w = tensor<2x1x3x1x!lowbit.signed<3>>

// CHECK-LABEL: func.func @correction
// CHECK-NEXT:  %[[C:.*]] = arith.constant dense<{{\[\[\[-3, 1\], \[-6, 3\], \[-5, 3\]\]\]}}> : tensor<1x3x2xi32>
// CHECK-NEXT:  func.return %[[C]]
func.func @correction() -> tensor<1x3x2xi32> {
  %w = lowbit.constant [3, 2, 1, -2, -1, 0] : !w
  %c = lowbit.correction %w x_code !lowbit.bipolar<1> image [1, 4] padding [0, 0, 1, 1] : (!w) -> tensor<1x3x2xi32>
  func.return %c : tensor<1x3x2xi32>
}

// -----

!w = tensor<4x2x!lowbit.bipolar<1>>

// Nothing is known of an argument.
// CHECK-LABEL: func.func @argument(%w
// CHECK-NEXT:  lowbit.correction %w
func.func @argument(%w: !w) -> tensor<1x1x2xi32> {
  %c = lowbit.correction %w x_code !lowbit.unipolar<2> : (!w) -> tensor<1x1x2xi32>
  func.return %c : tensor<1x1x2xi32>
}
