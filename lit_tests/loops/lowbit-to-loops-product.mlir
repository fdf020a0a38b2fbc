// RUN: lowbit-opt %s -p 'lowbit-to-loops{target=znver5}' --split-input-file | filecheck %s

// The table is a constant: bytes for registers, or sums of two where the schedule says memory.

!x = tensor<1x4x4x6x!lowbit.unipolar<2>, #lowbit.packed<axis = 3, word = i32, order = [0, 1, 2, 3], bytes = levels>>
!w = tensor<8x1x1x6x!lowbit.unipolar<2>, #lowbit.packed<axis = 3, word = i32, order = [0, 1, 2, 3], lanes = [0, 16], bytes = levels, shift = 2>>

// CHECK-LABEL: func.func @f_0_product_lut_conv
// CHECK-DAG:     %[[T:.*]] = memref.get_global @f_0_product_lut_conv_constant_0 : memref<1x16xi8>
// CHECK-DAG:     %[[X:.*]] = memref.view %{{.*}} to memref<1x4x4x2xi32>
// CHECK-DAG:     %[[W:.*]] = memref.view %{{.*}} to memref<1x1x1x2x16xi32>
// CHECK:         lowbit.product_lut_tile %[[T]], %[[X]], %[[W]], {{.*}} pixels 4 vectors 1
// CHECK:         dense<{{\[}}[0, 0, 0, 0, 0, 1, 2, 3, 0, 2, 4, 6, 0, 3, 6, 9]]>
func.func @f(%x: !x, %w: !w) -> tensor<1x4x4x8xi32> {
  %a = lowbit.product_lut_conv %x, %w schedule #lowbit.schedule<tile = 4x1, unroll = 0, order = rows> : (!x, !w) -> tensor<1x4x4x8xi32>
  func.return %a : tensor<1x4x4x8xi32>
}

// -----

!x = tensor<1x4x4x6x!lowbit.unipolar<2>, #lowbit.packed<axis = 3, word = i32, order = [0, 1, 2, 3], bytes = levels>>
!w = tensor<8x1x1x6x!lowbit.unipolar<2>, #lowbit.packed<axis = 3, word = i32, order = [0, 1, 2, 3], lanes = [0, 16], bytes = levels, shift = 2>>

// CHECK-LABEL: func.func @g_0_product_lut_conv
// CHECK:         memref.get_global @{{.*}} : memref<65536xi8>
func.func @g(%x: !x, %w: !w) -> tensor<1x4x4x8xi32> {
  %a = lowbit.product_lut_conv %x, %w schedule #lowbit.schedule<tile = 4x1, unroll = 0, order = rows, table = memory> : (!x, !w) -> tensor<1x4x4x8xi32>
  func.return %a : tensor<1x4x4x8xi32>
}
