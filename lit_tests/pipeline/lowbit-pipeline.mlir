// RUN: lowbit-opt %s -p 'lowbit-pipeline{until=tensors}' | filecheck %s --check-prefix=TENSORS
// RUN: lowbit-opt %s -p 'lowbit-pipeline{target=znver5 until=kernels}' | filecheck %s --check-prefix=KERNELS
// RUN: lowbit-opt %s -p 'lowbit-pipeline{target=znver5 until=loops}' | filecheck %s --check-prefix=LOOPS
// RUN: lowbit-opt %s -p 'lowbit-pipeline{target=znver5 until=simd}' | filecheck %s --check-prefix=SIMD
// RUN: lowbit-opt %s -p 'lowbit-pipeline{target=znver5}' | filecheck %s --check-prefix=LLVM
// RUN: lowbit-opt %s -p 'lowbit-pipeline{target=znver5 until=kernels},lowbit-to-loops{target=znver5},lowbit-lower-tile{target=znver5},simd-lower{target=znver5}' > %t.steps
// RUN: lowbit-opt %s -p 'lowbit-pipeline{target=znver5 until=simd}' > %t.whole
// RUN: diff %t.steps %t.whole
// RUN: not lowbit-opt %s -p 'lowbit-pipeline{until=registers}' 2>&1 | filecheck %s --check-prefix=LEVEL

// A network of two layers at every level.

// TENSORS: lowbit.conv2d
// TENSORS: lowbit.fused_glue
// TENSORS: lowbit.max_pool2d
// TENSORS: lowbit.conv2d

// One packing, at the input; then planes flow from layer to layer. The first correction went into
// the thresholds; the second one is a constant, and the pool leaves the frame that the last layer
// reads.
// KERNELS:      func.func @net
// KERNELS-NEXT:   %[[X:.*]] = lowbit.bitpack %x : {{.*}} #lowbit.packed<
// KERNELS-NEXT:   %[[W1:.*]] = lowbit.constant {{.*}} #lowbit.packed<
// KERNELS-NEXT:   %[[T:.*]] = arith.constant dense<{{.*}}> : tensor<8x1xi32>
// KERNELS-NEXT:   %[[A1:.*]] = lowbit.bitserial_conv %[[X]], %[[W1]] schedule {{.*}} -> tensor<1x4x4x8x!lowbit.unipolar<1>, #lowbit.packed<{{.*}}>> epilogue {
// KERNELS-NEXT:   ^bb0(%[[ACC:.*]]: tensor<1x4x4x8xi32>):
// KERNELS-NEXT:     %[[G:.*]] = lowbit.fused_glue %[[ACC]], %[[T]] form threshold
// KERNELS-NEXT:     %[[P:.*]] = lowbit.bitpack %[[G]]
// KERNELS-NEXT:     lowbit.yield %[[P]]
// KERNELS-NEXT:   }
// KERNELS-NEXT:   %[[A2:.*]] = lowbit.max_pool2d %[[A1]] {{.*}} frame = [0, 0, 1, 1, 1, 1, 0, 0]>>
// KERNELS-NEXT:   %[[W2:.*]] = lowbit.constant {{.*}} #lowbit.packed<
// KERNELS-NEXT:   %[[C:.*]] = arith.constant dense<{{.*}}> : tensor<1x1x4xi32>
// KERNELS-NEXT:   %[[Y:.*]] = lowbit.bitserial_conv %[[A2]], %[[W2]], %[[C]] padding [1, 1, 1, 1] schedule
// KERNELS-NEXT:   func.return %[[Y]]

// No sum goes through memory between the layers.
// LOOPS-LABEL: func.func @net_0_bitpack(
// LOOPS:         simd.pack_bits
// LOOPS-LABEL: func.func @net_1_bitserial_conv(
// LOOPS-NOT:     memref<1x4x4x8xi32>
// LOOPS-NOT:     vector.store
// LOOPS:         simd.popcount_acc xor subtract %{{.*}} : vector<16xi32>
// LOOPS:         simd.cmpi sge, {{.*}} : vector<16xi32> to vector<16xi1>
// LOOPS:         simd.pack_bits {{.*}} : vector<16xi1> to i16
// LOOPS-NEXT:    memref.store {{.*}} : memref<1x4x1x1x4x2xi16>
// LOOPS-LABEL: func.func @net_2_max_pool2d(
// LOOPS-LABEL: func.func @net_3_bitserial_conv(
// LOOPS:         simd.popcount_acc xor subtract
// LOOPS-LABEL: func.func @net(
// LOOPS:         func.call @net_0_bitpack(
// LOOPS:         func.call @net_1_bitserial_conv(
// LOOPS:         func.call @net_2_max_pool2d(
// LOOPS:         func.call @net_3_bitserial_conv(

// SIMD-LABEL: func.func @net_1_bitserial_conv(
// SIMD-NOT:     simd.
// SIMD:         %[[X:.*]] = vector.broadcast {{.*}} : i32 to vector<16xi32>
// SIMD-NEXT:    %[[D:.*]] = arith.xori %[[X]], %{{.*}} : vector<16xi32>
// SIMD-NEXT:    %[[N:.*]] = math.ctpop %[[D]] : vector<16xi32>
// SIMD-NEXT:    arith.subi %{{.*}}, %[[N]] : vector<16xi32>

// LLVM-LABEL: llvm.func @net_1_bitserial_conv(
// LLVM-NOT:     {{(arith|scf|memref|vector)\.}}
// LLVM:         llvm.call_intrinsic "llvm.ctpop.v16i32"

// LEVEL: {{^}}error: pass 'lowbit-pipeline': unknown level 'registers': expected one of tensors, kernels, stages, loops, simd, llvm

!x = tensor<1x4x4x8x!lowbit.unipolar<1>>
!w1 = tensor<8x1x1x8x!lowbit.bipolar<1>>
!w2 = tensor<4x1x1x8x!lowbit.bipolar<1>>
!y1 = tensor<1x4x4x8xi32>
!a1 = tensor<1x4x4x8x!lowbit.unipolar<1>>
!a2 = tensor<1x2x2x8x!lowbit.unipolar<1>>
!y2 = tensor<1x4x4x4xi32>

func.func @net(%x: !x) -> !y2 {
  %w1 = lowbit.constant [1, 1, 1, -1, -1, -1, -1, -1, -1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, -1, 1, 1, -1, -1, 1, 1, -1, 1, 1, 1, -1, -1, 1, -1, 1, -1, -1, -1, -1, -1, -1, -1, -1, -1, 1, 1, 1, -1, 1, 1, -1, -1, 1, 1, 1, -1, 1, 1, 1, 1, 1, 1, -1] : !w1
  %w2 = lowbit.constant [1, -1, 1, 1, 1, 1, -1, -1, -1, -1, 1, 1, -1, 1, 1, -1, 1, 1, -1, -1, 1, 1, 1, -1, 1, -1, -1, 1, -1, -1, 1, 1] : !w2
  %t = arith.constant dense<[[-3], [-3], [-1], [2], [-1], [2], [-1], [-2]]> : tensor<8x1xi32>
  %y1 = lowbit.conv2d %x, %w1 : (!x, !w1) -> !y1
  %a1 = lowbit.fused_glue %y1, %t form threshold : (!y1, tensor<8x1xi32>) -> !a1
  %a2 = lowbit.max_pool2d %a1 kernel [2, 2] : (!a1) -> !a2
  %y2 = lowbit.conv2d %a2, %w2 padding [1, 1, 1, 1] : (!a2, !w2) -> !y2
  func.return %y2 : !y2
}
