// RUN: lowbit-opt %s -p 'lowbit-select-kernel{target=znver5}' --split-input-file | filecheck %s --check-prefixes=CHECK,AUTO
// RUN: lowbit-opt %s -p 'lowbit-select-kernel{target=x86-64-v3}' --split-input-file | filecheck %s --check-prefixes=CHECK,AVX2
// RUN: lowbit-opt %s -p 'lowbit-select-kernel{target=znver5 strategy=dot}' --split-input-file | filecheck %s --check-prefixes=CHECK,DOT
// RUN: not lowbit-opt %s -p 'lowbit-select-kernel{strategy=fast}' --split-input-file 2>&1 | filecheck %s --check-prefix=BAD

// BAD: unknown strategy 'fast': expected one of auto, bitserial, dot, lut

// Wide pairs are dot products of bytes on every target that has an instruction for them. Levels of
// signed activations begin at -8: a correction for each class of border pixels.

!x = tensor<1x4x4x40x!lowbit.signed<4>>
!w = tensor<3x3x3x40x!lowbit.signed<4>>

// CHECK-LABEL: func.func @wide
// CHECK-NEXT:  %[[X:.*]] = lowbit.bitpack %x : {{.*}} #lowbit.packed<axis = 3, word = i32, order = [0, 1, 2, 3], frame = [0, 0, 1, 1, 1, 1, 0, 0], bytes = levels>>
// CHECK-NEXT:  %[[W:.*]] = lowbit.bitpack %w : {{.*}} #lowbit.packed<axis = 3, word = i32, order = [0, 1, 2, 3], lanes = [0, {{[0-9]+}}], bytes = values>>
// CHECK-NEXT:  %[[C:.*]] = lowbit.correction %w x_code !lowbit.signed<4> image [4, 4] padding [1, 1, 1, 1] strategy dot : {{.*}} -> tensor<3x3x3xi32>
// CHECK-NEXT:  lowbit.dot_conv %[[X]], %[[W]], %[[C]] padding [1, 1, 1, 1] schedule
func.func @wide(%x: !x, %w: !w) -> tensor<1x4x4x3xi32> {
  %y = lowbit.conv2d %x, %w padding [1, 1, 1, 1] : (!x, !w) -> tensor<1x4x4x3xi32>
  func.return %y : tensor<1x4x4x3xi32>
}

// -----

// CHECK-LABEL: func.func @binary
// AUTO:          lowbit.bitserial_gemm
// DOT:           lowbit.dot_gemm
func.func @binary(%x: tensor<5x70x!lowbit.unipolar<1>>, %w: tensor<70x9x!lowbit.bipolar<1>>) -> tensor<5x9xi32> {
  %y = lowbit.matmul %x, %w : (tensor<5x70x!lowbit.unipolar<1>>, tensor<70x9x!lowbit.bipolar<1>>) -> tensor<5x9xi32>
  func.return %y : tensor<5x9xi32>
}

// -----

// Two bits by two: popcounts of vectors are faster, those of sums are not.

// CHECK-LABEL: func.func @narrow
// AUTO:          lowbit.bitserial_gemm
// AVX2:          lowbit.dot_gemm
func.func @narrow(%x: tensor<5x70x!lowbit.unipolar<2>>, %w: tensor<70x9x!lowbit.signed<2>>) -> tensor<5x9xi32> {
  %y = lowbit.matmul %x, %w : (tensor<5x70x!lowbit.unipolar<2>>, tensor<70x9x!lowbit.signed<2>>) -> tensor<5x9xi32>
  func.return %y : tensor<5x9xi32>
}

// -----

// A layer of a network, one bit by one and two by one.

// CHECK-LABEL: func.func @layer
// AUTO:          lowbit.bitserial_conv
// AVX2:          lowbit.lut_conv
func.func @layer(%x: tensor<1x28x28x128x!lowbit.unipolar<1>>, %w: tensor<128x3x3x128x!lowbit.bipolar<1>>) -> tensor<1x28x28x128xi32> {
  %y = lowbit.conv2d %x, %w padding [1, 1, 1, 1] : (tensor<1x28x28x128x!lowbit.unipolar<1>>, tensor<128x3x3x128x!lowbit.bipolar<1>>) -> tensor<1x28x28x128xi32>
  func.return %y : tensor<1x28x28x128xi32>
}

// -----

// CHECK-LABEL: func.func @layer2
// AUTO:          lowbit.lut_conv
// AVX2:          lowbit.lut_conv
func.func @layer2(%x: tensor<1x28x28x128x!lowbit.unipolar<2>>, %w: tensor<128x3x3x128x!lowbit.bipolar<1>>) -> tensor<1x28x28x128xi32> {
  %y = lowbit.conv2d %x, %w padding [1, 1, 1, 1] : (tensor<1x28x28x128x!lowbit.unipolar<2>>, tensor<128x3x3x128x!lowbit.bipolar<1>>) -> tensor<1x28x28x128xi32>
  func.return %y : tensor<1x28x28x128xi32>
}
