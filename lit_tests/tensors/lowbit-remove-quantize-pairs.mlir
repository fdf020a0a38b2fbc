// RUN: lowbit-opt %s -p lowbit-remove-quantize-pairs | filecheck %s

!x = tensor<2x3x!lowbit.signed<4>>
!f = tensor<2x3xf32>

// CHECK: func.func @same(%[[X:.*]]: tensor<2x3x!lowbit.signed<4>>)
// CHECK-NEXT: func.return %[[X]]
func.func @same(%x: !x) -> !x {
  %f = lowbit.dequantize %x scale [0.1, 3.0, 0.7] : (!x) -> !f
  %q = lowbit.quantize %f scale [0.1, 3.0, 0.7] round half_away : (!f) -> !x
  func.return %q : !x
}

// Another scale, other channels, another code.

// CHECK: func.func @other_scale
// CHECK: lowbit.quantize
func.func @other_scale(%x: !x) -> !x {
  %f = lowbit.dequantize %x scale [0.1] : (!x) -> !f
  %q = lowbit.quantize %f scale [0.12] : (!f) -> !x
  func.return %q : !x
}

// CHECK: func.func @other_channels
// CHECK: lowbit.quantize
func.func @other_channels(%x: !x) -> !x {
  %f = lowbit.dequantize %x scale [0.1, 0.1, 0.1] : (!x) -> !f
  %q = lowbit.quantize %f scale [0.1, 0.1] axis 0 : (!f) -> !x
  func.return %q : !x
}

// CHECK: func.func @other_code
// CHECK: lowbit.quantize
func.func @other_code(%x: !x) -> tensor<2x3x!lowbit.unipolar<4>> {
  %f = lowbit.dequantize %x scale [0.1] : (!x) -> !f
  %q = lowbit.quantize %f scale [0.1] : (!f) -> tensor<2x3x!lowbit.unipolar<4>>
  func.return %q : tensor<2x3x!lowbit.unipolar<4>>
}

// A scale that the values differ by less than f32 tells apart is a scale nevertheless.

// CHECK: func.func @nearly_the_same
// CHECK-NEXT: func.return
func.func @nearly_the_same(%x: !x) -> !x {
  %f = lowbit.dequantize %x scale [0.1] : (!x) -> !f
  %q = lowbit.quantize %f scale [0.101] : (!f) -> !x
  func.return %q : !x
}
