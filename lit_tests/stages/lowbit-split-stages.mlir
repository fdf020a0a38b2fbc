// RUN: lowbit-opt %s -p lowbit-split-stages | filecheck %s

// Parameters of a kernel that are no constants are brought into the order of its lanes, and an
// unpacked result with images of single channels out of it, by operations of their own.

#p = #lowbit.packed<axis = 1, word = i32, order = [0, 2, p, 1, 3]>
!x = tensor<1x8x1x4x!lowbit.bipolar<1>, #p>
!w = tensor<5x8x1x3x!lowbit.bipolar<1>, #lowbit.packed<axis = 1, word = i32, order = [0, p, 2, 3, 1], lanes = [0, 16]>>
!c = tensor<1x1x5xi32>
!y = tensor<1x5x1x2xi32>
!q = tensor<1x5x1x2x!lowbit.unipolar<1>>

// CHECK-LABEL: func.func @conv(
// CHECK-SAME:    %[[X:.*]]: tensor<1x8x1x4x{{.*}}, %[[W:.*]]: tensor<5x8x1x3x{{.*}}, %[[C:.*]]: tensor<1x1x5xi32>, %[[T:.*]]: tensor<5x1xi32>)
// CHECK-NEXT:    %[[LC:.*]] = lowbit.copy %[[C]] : (tensor<1x1x5xi32>) -> tensor<1x1x5xi32, #lowbit.channels<axis = 2, lanes = 16>>
// CHECK-NEXT:    %[[LT:.*]] = lowbit.copy %[[T]] : (tensor<5x1xi32>) -> tensor<5x1xi32, #lowbit.channels<axis = 0, lanes = 16, fill = 2147483647>>
// CHECK-NEXT:    %[[S:.*]] = lowbit.bitserial_conv %[[X]], %[[W]], %[[LC]] {{.*}} -> tensor<1x5x1x2x!lowbit.unipolar<1>, #lowbit.channels<axis = 1>> epilogue {
// CHECK:           lowbit.fused_glue %{{.*}}, %[[LT]] form threshold
// CHECK:         %[[Q:.*]] = lowbit.copy %[[S]] : (tensor<1x5x1x2x!lowbit.unipolar<1>, #lowbit.channels<axis = 1>>) -> tensor<1x5x1x2x!lowbit.unipolar<1>>
// CHECK-NEXT:    func.return %[[Q]]
func.func @conv(%x: !x, %w: !w, %c: !c, %t: tensor<5x1xi32>) -> !q {
  %y = lowbit.bitserial_conv %x, %w, %c layout nchw schedule #lowbit.schedule<tile = 2x1, unroll = 1, order = rows> : (!x, !w, !c) -> !q epilogue {
  ^bb0(%acc: !y):
    %g = lowbit.fused_glue %acc, %t form threshold axis 1 : (!y, tensor<5x1xi32>) -> !q
    lowbit.yield %g : (!q) -> ()
  }
  func.return %y : !q
}
