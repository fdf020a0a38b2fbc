// RUN: lowbit-opt %s -p lowbit-fuse-epilogue --split-input-file | filecheck %s

#p = #lowbit.packed<axis = 3, word = i32, order = [0, 1, p, 3, 2]>
#framed = #lowbit.packed<axis = 3, word = i64, order = [0, 1, p, 3, 2], frame = [0, 0, 1, 1, 1, 1, 0, 0]>
#planes = #lowbit.packed<axis = 3, word = i32, order = [p, 0, 1, 2, 3]>
!x = tensor<1x8x8x16x!lowbit.unipolar<2>, #p>
!w = tensor<4x1x1x16x!lowbit.signed<1>, #lowbit.packed<axis = 3, word = i32, order = [0, p, 1, 2, 3], lanes = [0, 16]>>
!y = tensor<1x8x8x4xi32>
!q = tensor<1x8x8x4x!lowbit.unipolar<2>>
!next = tensor<1x8x8x4x!lowbit.unipolar<2>, #framed>
!other = tensor<1x8x8x4x!lowbit.unipolar<2>, #planes>

// Glue, then packing as the next kernel reads it: no sum and no byte goes through memory.
// CHECK-LABEL: func.func @glue_and_pack
// CHECK-NEXT:  %[[P:.*]] = lowbit.bitserial_conv %x, %w : {{.*}} frame = [0, 0, 1, 1, 1, 1, 0, 0]>> epilogue {
// CHECK-NEXT:  ^bb0(%[[ACC:.*]]: tensor<1x8x8x4xi32>):
// CHECK-NEXT:    %[[Q:.*]] = lowbit.fused_glue %[[ACC]], %t form threshold
// CHECK-NEXT:    %[[B:.*]] = lowbit.bitpack %[[Q]]
// CHECK-NEXT:    lowbit.yield %[[B]]
// CHECK-NEXT:  }
// CHECK-NEXT:  func.return %[[P]]
func.func @glue_and_pack(%x: !x, %w: !w, %t: tensor<4x3xi32>) -> !next {
  %y = lowbit.bitserial_conv %x, %w : (!x, !w) -> !y
  %q = lowbit.fused_glue %y, %t form threshold : (!y, tensor<4x3xi32>) -> !q
  %p = lowbit.bitpack %q : (!q) -> !next
  func.return %p : !next
}

// A layout that no kernel reads is packed after the kernel.
// CHECK-LABEL: func.func @other_layout
// CHECK-NEXT:  %[[Y:.*]] = lowbit.bitserial_conv %x, %w : {{.*}} -> tensor<1x8x8x4x!lowbit.unipolar<2>> epilogue {
// CHECK-NEXT:  ^bb0
// CHECK-NEXT:    lowbit.fused_glue
// CHECK-NEXT:    lowbit.yield
// CHECK-NEXT:  }
// CHECK-NEXT:  lowbit.bitpack %[[Y]]
func.func @other_layout(%x: !x, %w: !w, %o: tensor<4xi32>, %s: tensor<4xi32>) -> !other {
  %y = lowbit.bitserial_conv %x, %w : (!x, !w) -> !y
  %q = lowbit.fused_glue %y, %o, %s form shift : (!y, tensor<4xi32>, tensor<4xi32>) -> !q
  %p = lowbit.bitpack %q : (!q) -> !other
  func.return %p : !other
}

// Sums that somebody else wants, and glue along another dimension, stay apart.
// CHECK-LABEL: func.func @apart
// CHECK-NEXT:  %[[Y:.*]] = lowbit.bitserial_conv %x, %w
// CHECK-NEXT:  lowbit.fused_glue %[[Y]], %t
// CHECK-NEXT:  %[[Z:.*]] = lowbit.bitserial_conv %x, %w
// CHECK-NEXT:  lowbit.fused_glue %[[Z]], %u form threshold axis 1
func.func @apart(%x: !x, %w: !w, %t: tensor<4x3xi32>, %u: tensor<8x3xi32>) -> (!y, !q, !q) {
  %y = lowbit.bitserial_conv %x, %w : (!x, !w) -> !y
  %q = lowbit.fused_glue %y, %t form threshold : (!y, tensor<4x3xi32>) -> !q
  %z = lowbit.bitserial_conv %x, %w : (!x, !w) -> !y
  %r = lowbit.fused_glue %z, %u form threshold axis 1 : (!y, tensor<8x3xi32>) -> !q
  func.return %y, %q, %r : !y, !q, !q
}

// -----

#p = #lowbit.packed<axis = 3, word = i32, order = [0, 1, p, 3, 2]>
!x = tensor<1x1x8x16x!lowbit.unipolar<2>, #p>
!w = tensor<3x1x1x16x!lowbit.bipolar<1>, #lowbit.packed<axis = 3, word = i32, order = [0, p, 1, 2, 3], lanes = [0, 16]>>
!y = tensor<1x1x8x3xi32>
!q = tensor<1x1x8x3x!lowbit.unipolar<2>>

// acc + c >= t is acc >= t - c, and -(acc + c) >= t is -acc >= t + c; the ends of i32 stay ends.
// CHECK-LABEL: func.func @absorb_in_thresholds
// CHECK-NOT:   lowbit.correction
// CHECK:       %[[F:.*]] = arith.constant dense<[false, true, false]>
// CHECK:       %[[T:.*]] = arith.constant dense<{{\[\[-10, 0\], \[19, 29\], \[-2147483618, 2147483647\]\]}}> : tensor<3x2xi32>
// CHECK-NEXT:  lowbit.bitserial_conv %x, %w : (
// CHECK:         lowbit.fused_glue %{{.*}}, %[[T]], %[[F]] form threshold
func.func @absorb_in_thresholds(%x: !x, %w: !w) -> !q {
  %c = arith.constant dense<[[[10, 20, -30]]]> : tensor<1x1x3xi32>
  %t = arith.constant dense<[[0, 10], [-1, 9], [-2147483648, 2147483647]]> : tensor<3x2xi32>
  %f = arith.constant dense<[false, true, false]> : tensor<3xi1>
  %y = lowbit.bitserial_conv %x, %w, %c : (!x, !w, tensor<1x1x3xi32>) -> !y
  %q = lowbit.fused_glue %y, %t, %f form threshold : (!y, tensor<3x2xi32>, tensor<3xi1>) -> !q
  func.return %q : !q
}

// CHECK-LABEL: func.func @absorb_in_offset
// CHECK:       %[[O:.*]] = arith.constant dense<[11, 20, -32]> : tensor<3xi32>
// CHECK-NEXT:  lowbit.bitserial_conv %x, %w : (
// CHECK:         lowbit.fused_glue %{{.*}}, %[[O]], %s form shift
func.func @absorb_in_offset(%x: !x, %w: !w, %s: tensor<3xi32>) -> !q {
  %c = arith.constant dense<[[[10, 20, -30]]]> : tensor<1x1x3xi32>
  %o = arith.constant dense<[1, 0, -2]> : tensor<3xi32>
  %y = lowbit.bitserial_conv %x, %w, %c : (!x, !w, tensor<1x1x3xi32>) -> !y
  %q = lowbit.fused_glue %y, %o, %s form shift : (!y, tensor<3xi32>, tensor<3xi32>) -> !q
  func.return %q : !q
}

// Offsets that would leave i32, and thresholds that are not known, absorb nothing.
// CHECK-LABEL: func.func @keep_correction
// CHECK:       lowbit.bitserial_conv %x, %w, %{{.*}} : (
// CHECK:       lowbit.bitserial_conv %x, %w, %{{.*}} : (
func.func @keep_correction(%x: !x, %w: !w, %s: tensor<3xi32>, %t: tensor<3x2xi32>) -> (!q, !q) {
  %c = arith.constant dense<[[[10, 20, -30]]]> : tensor<1x1x3xi32>
  %o = arith.constant dense<[2147483640, 0, 0]> : tensor<3xi32>
  %y = lowbit.bitserial_conv %x, %w, %c : (!x, !w, tensor<1x1x3xi32>) -> !y
  %q = lowbit.fused_glue %y, %o, %s form shift : (!y, tensor<3xi32>, tensor<3xi32>) -> !q
  %z = lowbit.bitserial_conv %x, %w, %c : (!x, !w, tensor<1x1x3xi32>) -> !y
  %r = lowbit.fused_glue %z, %t form threshold : (!y, tensor<3x2xi32>) -> !q
  func.return %q, %r : !q, !q
}

// -----

#k = #lowbit.packed<axis = 1, word = i32, order = [p, 0, 1]>
!x = tensor<5x40x!lowbit.unipolar<2>, #k>
!w = tensor<40x6x!lowbit.signed<1>, #lowbit.packed<axis = 0, word = i32, order = [1, p, 0], lanes = [1, 16]>>
!y = tensor<5x6xi32>
!q = tensor<5x6x!lowbit.signed<2>>
!p = tensor<5x6x!lowbit.signed<2>, #k>

// CHECK-LABEL: func.func @matmul
// CHECK-NEXT:  lowbit.bitserial_gemm %x, %w : {{.*}} epilogue {
// CHECK-NEXT:  ^bb0
// CHECK-NEXT:    lowbit.fused_glue
// CHECK-NEXT:    lowbit.bitpack
// CHECK-NEXT:    lowbit.yield
func.func @matmul(%x: !x, %w: !w, %t: tensor<6x3xi32>) -> !p {
  %y = lowbit.bitserial_gemm %x, %w : (!x, !w) -> !y
  %q = lowbit.fused_glue %y, %t form threshold : (!y, tensor<6x3xi32>) -> !q
  %p = lowbit.bitpack %q : (!q) -> !p
  func.return %p : !p
}
