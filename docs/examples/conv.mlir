// One convolution, and what kernel selection makes of it.
//
// RUN: lowbit-opt %s -p 'lowbit-select-kernel{target=znver5}' | filecheck %s

func.func @main(%x: tensor<1x8x8x32x!lowbit.unipolar<2>>,
                %w: tensor<16x3x3x32x!lowbit.bipolar<1>>) -> tensor<1x8x8x16xi32> {
  %y = lowbit.conv2d %x, %w padding [1, 1, 1, 1]
    : (tensor<1x8x8x32x!lowbit.unipolar<2>>, tensor<16x3x3x32x!lowbit.bipolar<1>>)
    -> tensor<1x8x8x16xi32>
  func.return %y : tensor<1x8x8x16xi32>
}

// CHECK-LABEL: func.func @main(%x:
// The padding of the convolution becomes a frame of zeros around the packed image.
// CHECK:       %[[X:.*]] = lowbit.bitpack %x {{.*}} frame = [0, 0, 1, 1, 1, 1, 0, 0]
// CHECK:       %[[W:.*]] = lowbit.bitpack %w {{.*}} lanes = [0, 16]
// CHECK:       %[[C:.*]] = lowbit.correction %w
// CHECK-NOT:   lowbit.conv2d
// CHECK:       lowbit.bitserial_conv %[[X]], %[[W]], %[[C]] padding [1, 1, 1, 1]
