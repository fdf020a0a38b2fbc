// RUN: lowbit-opt %s -p 'lowbit-select-kernel{target=znver5 strategy=bitserial}' --split-input-file | filecheck %s --check-prefixes=CHECK,W32
// RUN: lowbit-opt %s -p 'lowbit-select-kernel{target=x86-64-v3 strategy=bitserial}' --split-input-file | filecheck %s --check-prefixes=CHECK,W64

// The padding becomes the frame of x; words and lanes are those of the target.

!x = tensor<1x4x4x40x!lowbit.unipolar<2>>
!w = tensor<3x3x3x40x!lowbit.bipolar<1>>

// CHECK-LABEL: func.func @conv
// W32-NEXT:    %[[X:.*]] = lowbit.bitpack %x : {{.*}} #lowbit.packed<axis = 3, word = i32, order = [0, 1, p, 3, 2], frame = [0, 0, 1, 1, 0, 1, 0, 0]>>
// W32-NEXT:    %[[W:.*]] = lowbit.bitpack %w : {{.*}} #lowbit.packed<axis = 3, word = i32, order = [0, p, 1, 2, 3], lanes = [0, {{[0-9]+}}]>>
// W64-NEXT:    %[[X:.*]] = lowbit.bitpack %x : {{.*}} #lowbit.packed<axis = 3, word = i64, order = [0, 1, p, 3, 2], frame = [0, 0, 1, 1, 0, 1, 0, 0]>>
// W64-NEXT:    %[[W:.*]] = lowbit.bitpack %w : {{.*}} #lowbit.packed<axis = 3, word = i64, order = [0, p, 1, 2, 3], lanes = [0, {{4|8|16}}]>>
// CHECK-NEXT:  %[[C:.*]] = lowbit.correction %w x_code !lowbit.unipolar<2> image [4, 4] strides [1, 2] padding [1, 1, 0, 1] : {{.*}} -> tensor<1x1x3xi32>
// CHECK-NEXT:  %[[Y:.*]] = lowbit.bitserial_conv %[[X]], %[[W]], %[[C]] strides [1, 2] padding [1, 1, 0, 1] schedule #lowbit.schedule<{{.*}}> : {{.*}} -> tensor<1x4x2x3xi32>
// CHECK-NEXT:  func.return %[[Y]]
func.func @conv(%x: !x, %w: !w) -> tensor<1x4x2x3xi32> {
  %y = lowbit.conv2d %x, %w strides [1, 2] padding [1, 1, 0, 1] : (!x, !w) -> tensor<1x4x2x3xi32>
  func.return %y : tensor<1x4x2x3xi32>
}

// -----

// Each group begins on a word and on a block of its own. These codes need no correction.

!x = tensor<1x4x4x6x!lowbit.unipolar<1>>
!w = tensor<4x1x1x3x!lowbit.signed<2>>

// CHECK-LABEL: func.func @groups
// CHECK-NEXT:  %[[X:.*]] = lowbit.bitpack %x : {{.*}}, groups = 2>>
// CHECK-NEXT:  %[[W:.*]] = lowbit.bitpack %w : {{.*}} lanes = [0, {{[0-9]+}}], groups = 2>>
// CHECK-NEXT:  lowbit.bitserial_conv %[[X]], %[[W]] groups 2 schedule
func.func @groups(%x: !x, %w: !w) -> tensor<1x4x4x4xi32> {
  %y = lowbit.conv2d %x, %w groups 2 : (!x, !w) -> tensor<1x4x4x4xi32>
  func.return %y : tensor<1x4x4x4xi32>
}

// -----

// Bipolar activations: a correction for each class of border pixels, 3 x 3 of them.

!x = tensor<1x6x4x4x!lowbit.bipolar<2>>
!w = tensor<4x6x3x3x!lowbit.signed<2>>

// CHECK-LABEL: func.func @border_classes
// CHECK-NEXT:  %[[X:.*]] = lowbit.bitpack %x : {{.*}} #lowbit.packed<axis = 1, word = {{i32|i64}}, order = [0, 2, p, 1, 3], frame = [0, 0, 0, 0, 1, 1, 1, 1]>>
// CHECK-NEXT:  %[[W:.*]] = lowbit.bitpack %w : {{.*}} #lowbit.packed<axis = 1, word = {{i32|i64}}, order = [0, p, 2, 3, 1], lanes = [0, {{[0-9]+}}]>>
// CHECK-NEXT:  %[[C:.*]] = lowbit.correction %w x_code !lowbit.bipolar<2> image [4, 4] padding [1, 1, 1, 1] layout nchw : {{.*}} -> tensor<3x3x4xi32>
// CHECK-NEXT:  lowbit.bitserial_conv %[[X]], %[[W]], %[[C]] padding [1, 1, 1, 1] layout nchw schedule
func.func @border_classes(%x: !x, %w: !w) -> tensor<1x4x4x4xi32> {
  %y = lowbit.conv2d %x, %w padding [1, 1, 1, 1] layout nchw : (!x, !w) -> tensor<1x4x4x4xi32>
  func.return %y : tensor<1x4x4x4xi32>
}

// -----

!x = tensor<5x70x!lowbit.bipolar<1>>
!w = tensor<70x9x!lowbit.bipolar<1>>

// CHECK-LABEL: func.func @matmul
// CHECK-NEXT:  %[[X:.*]] = lowbit.bitpack %x : {{.*}} #lowbit.packed<axis = 1, word = {{i32|i64}}, order = [p, 0, 1]>>
// CHECK-NEXT:  %[[W:.*]] = lowbit.bitpack %w : {{.*}} #lowbit.packed<axis = 0, word = {{i32|i64}}, order = [1, p, 0], lanes = [1, {{[0-9]+}}]>>
// CHECK-NEXT:  %[[C:.*]] = lowbit.correction %w x_code !lowbit.bipolar<1> : {{.*}} -> tensor<1x1x9xi32>
// CHECK-NEXT:  lowbit.bitserial_gemm %[[X]], %[[W]], %[[C]] schedule
func.func @matmul(%x: !x, %w: !w) -> tensor<5x9xi32> {
  %y = lowbit.matmul %x, %w : (!x, !w) -> tensor<5x9xi32>
  func.return %y : tensor<5x9xi32>
}
