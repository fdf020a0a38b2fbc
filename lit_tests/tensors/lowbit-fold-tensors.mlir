// RUN: lowbit-opt %s -p lowbit-fold-tensors | filecheck %s

// CHECK: func.func @quantized
// CHECK-NEXT: %[[Q:.*]] = lowbit.constant [1, 0, 3] : tensor<3x!lowbit.unipolar<2>>
// CHECK-NEXT: func.return %[[Q]]
func.func @quantized() -> tensor<3x!lowbit.unipolar<2>> {
  %c = arith.constant dense<[0.6, -0.2, 9.0]> : tensor<3xf32>
  %q = lowbit.quantize %c scale [0.5] : (tensor<3xf32>) -> tensor<3x!lowbit.unipolar<2>>
  func.return %q : tensor<3x!lowbit.unipolar<2>>
}

// CHECK: func.func @several
// CHECK-NEXT: %[[F:.*]] = arith.constant dense<{{.*}}> : tensor<2x2xf32>
// CHECK-NEXT: func.return %[[F]]
func.func @several() -> tensor<2x2xf32> {
  %c = arith.constant dense<[1, -2, 3, 4]> : tensor<4xi8>
  %x = lowbit.cast %c : (tensor<4xi8>) -> tensor<4x!lowbit.signed<4>>
  %y = lowbit.reshape %x : (tensor<4x!lowbit.signed<4>>) -> tensor<2x2x!lowbit.signed<4>>
  %z = lowbit.add %y, %y : (tensor<2x2x!lowbit.signed<4>>, tensor<2x2x!lowbit.signed<4>>) -> tensor<2x2xi32>
  %f = lowbit.dequantize %z scale [0.25] : (tensor<2x2xi32>) -> tensor<2x2xf32>
  func.return %f : tensor<2x2xf32>
}

// What is not known stays, and so does what is packed.

// CHECK: func.func @unknown
// CHECK: lowbit.add
// CHECK: lowbit.unpack
func.func @unknown(%x: tensor<2xi32>) -> (tensor<2xi32>, tensor<8x!lowbit.bipolar<1>>) {
  %c = arith.constant dense<[1, 2]> : tensor<2xi32>
  %y = lowbit.add %x, %c : (tensor<2xi32>, tensor<2xi32>) -> tensor<2xi32>
  %p = lowbit.constant "0x0d" : tensor<8x!lowbit.bipolar<1>, #lowbit.packed<axis = 0, word = i8, order = [p, 0]>>
  %u = lowbit.unpack %p : (tensor<8x!lowbit.bipolar<1>, #lowbit.packed<axis = 0, word = i8, order = [p, 0]>>) -> tensor<8x!lowbit.bipolar<1>>
  func.return %y, %u : tensor<2xi32>, tensor<8x!lowbit.bipolar<1>>
}
