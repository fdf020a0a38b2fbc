// RUN: lowbit-opt %s -p 'lowbit-pipeline{target=znver5 strategy=bitserial until=kernels}' | filecheck %s

#dense = #lowbit.packed<axis = 3, word = i8, order = [p, 0, 1, 2, 3]>
#rows = #lowbit.packed<axis = 3, word = i32, order = [0, 1, p, 3, 2]>

// CHECK: lowbit.bitserial_conv
func.func @main(%x: tensor<1x2x2x4x!lowbit.unipolar<2>>)
    -> tensor<1x2x2x1x!lowbit.unipolar<2>, #rows> {
  %bits = lowbit.constant "0x05" : tensor<1x1x1x4x!lowbit.bipolar<1>, #dense>
  %w = lowbit.unpack %bits
      : (tensor<1x1x1x4x!lowbit.bipolar<1>, #dense>) -> tensor<1x1x1x4x!lowbit.bipolar<1>>
  %acc = lowbit.conv2d %x, %w
      : (tensor<1x2x2x4x!lowbit.unipolar<2>>, tensor<1x1x1x4x!lowbit.bipolar<1>>)
      -> tensor<1x2x2x1xi32>
  %steps = arith.constant dense<[[-2, 1, 4]]> : tensor<1x3xi32>
  %q = lowbit.fused_glue %acc, %steps form threshold
      : (tensor<1x2x2x1xi32>, tensor<1x3xi32>) -> tensor<1x2x2x1x!lowbit.unipolar<2>>
  %packed = lowbit.bitpack %q
      : (tensor<1x2x2x1x!lowbit.unipolar<2>>) -> tensor<1x2x2x1x!lowbit.unipolar<2>, #rows>
  func.return %packed : tensor<1x2x2x1x!lowbit.unipolar<2>, #rows>
}
