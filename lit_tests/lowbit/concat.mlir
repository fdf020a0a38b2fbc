// RUN: ROUNDTRIP
// RUN: GENERIC_ROUNDTRIP

// CHECK: lowbit.concat %{{.*}}, %{{.*}} : (tensor<2x3x4xi32>, tensor<2x3x5xi32>) -> tensor<2x3x9xi32>
func.func @f(%x: tensor<2x3x4xi32>, %y: tensor<2x3x5xi32>) {
  %a = lowbit.concat %x, %y : (tensor<2x3x4xi32>, tensor<2x3x5xi32>) -> tensor<2x3x9xi32>
  func.return
}

// -----

// CHECK: lowbit.concat %{{.*}}, %{{.*}}, %{{.*}} axis 0 : ({{.*}}) -> tensor<6x4x!lowbit.bipolar<1>>
func.func @f(%x: tensor<2x4x!lowbit.bipolar<1>>) {
  %a = lowbit.concat %x, %x, %x axis 0 : (tensor<2x4x!lowbit.bipolar<1>>, tensor<2x4x!lowbit.bipolar<1>>, tensor<2x4x!lowbit.bipolar<1>>) -> tensor<6x4x!lowbit.bipolar<1>>
  func.return
}

// -----

// CHECK: lowbit.concat %{{.*}}, %{{.*}} axis 3
!x = tensor<1x8x8x16x!lowbit.unipolar<2>, #lowbit.packed<axis = 3, word = i32, order = [0, 1, p, 3, 2], frame = [0, 0, 1, 1, 1, 1, 0, 0]>>
!y = tensor<1x8x8x32x!lowbit.unipolar<2>, #lowbit.packed<axis = 3, word = i32, order = [0, 1, p, 3, 2]>>
!r = tensor<1x8x8x48x!lowbit.unipolar<2>, #lowbit.packed<axis = 3, word = i32, order = [0, 1, p, 3, 2]>>
func.func @f(%x: !x, %y: !y) {
  %a = lowbit.concat %x, %y axis 3 : (!x, !y) -> !r
  func.return
}
