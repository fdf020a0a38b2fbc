// RUN: lowbit-opt %s -p 'lowbit-select-kernel{target=znver5 strategy=dot}' --split-input-file | filecheck %s

// A row of 4096 by 4096 weights: they are read once, so that fewer bytes are faster.

// CHECK-LABEL: func.func @row
// CHECK:         lowbit.bitpack %w {{.*}} lanes = [1, 64], bytes = levels, bits = 2>
func.func @row(%x: tensor<1x4096x!lowbit.unipolar<8>>, %w: tensor<4096x4096x!lowbit.signed<2>>) -> tensor<1x4096xi32> {
  %y = lowbit.matmul %x, %w : (tensor<1x4096x!lowbit.unipolar<8>>, tensor<4096x4096x!lowbit.signed<2>>) -> tensor<1x4096xi32>
  func.return %y : tensor<1x4096xi32>
}

// -----

// Three bits take four; eight take a byte.

// CHECK-LABEL: func.func @three_bits
// CHECK:         lowbit.bitpack %w {{.*}} bytes = levels, bits = 4>
// CHECK:         lowbit.bitpack %v {{.*}} bytes = values>
func.func @three_bits(%x: tensor<1x4096x!lowbit.unipolar<8>>, %w: tensor<4096x4096x!lowbit.bipolar<3>>, %v: tensor<4096x4096x!lowbit.signed<8>>) -> (tensor<1x4096xi32>, tensor<1x4096xi32>) {
  %y = lowbit.matmul %x, %w : (tensor<1x4096x!lowbit.unipolar<8>>, tensor<4096x4096x!lowbit.bipolar<3>>) -> tensor<1x4096xi32>
  %z = lowbit.matmul %x, %v : (tensor<1x4096x!lowbit.unipolar<8>>, tensor<4096x4096x!lowbit.signed<8>>) -> tensor<1x4096xi32>
  func.return %y, %z : tensor<1x4096xi32>, tensor<1x4096xi32>
}

// -----

// A convolution reads its weights again for every row, from L1.

// CHECK-LABEL: func.func @convolution
// CHECK:         lowbit.bitpack %w {{.*}} bytes = values>
func.func @convolution(%x: tensor<1x28x28x128x!lowbit.unipolar<4>>, %w: tensor<128x3x3x128x!lowbit.signed<4>>) -> tensor<1x28x28x128xi32> {
  %y = lowbit.conv2d %x, %w padding [1, 1, 1, 1] : (tensor<1x28x28x128x!lowbit.unipolar<4>>, tensor<128x3x3x128x!lowbit.signed<4>>) -> tensor<1x28x28x128xi32>
  func.return %y : tensor<1x28x28x128xi32>
}
