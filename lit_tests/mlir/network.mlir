// REQUIRES: mlir

// MLIR reads a network at the levels of kernels, stages, vectors and LLVM, and the way down goes on from
// what came back.

// RUN: lowbit-opt %s -p 'lowbit-pipeline{target=znver5 strategy=bitserial until=kernels}' --print-op-generic > %t.kernels
// RUN: %{mlir-opt} --allow-unregistered-dialect --mlir-print-op-generic %t.kernels > %t.kernels.back
// RUN: lowbit-opt %t.kernels.back -p 'lowbit-pipeline{target=znver5 until=stages}' --print-op-generic > %t.stages
// RUN: %{mlir-opt} --allow-unregistered-dialect --mlir-print-op-generic %t.stages > %t.stages.back
// RUN: lowbit-opt %t.stages.back -p 'lowbit-pipeline{target=znver5 until=simd}' --print-op-generic > %t.simd
// RUN: %{mlir-opt} --allow-unregistered-dialect --mlir-print-op-generic %t.simd > %t.simd.back
// RUN: lowbit-opt %t.simd.back -p 'convert-scf-to-cf,lowbit-to-llvm{target=znver5}' > %t.llvm
// RUN: %{mlir-translate} --mlir-to-llvmir %t.llvm | filecheck %s

// CHECK: target triple = "x86_64-
// CHECK: define void @net_{{[0-9]}}_bitserial_conv(ptr noalias {{.*}}
// CHECK: call <16 x i32> @llvm.ctpop.v16i32(
// CHECK: define void @net(
// CHECK: attributes #0 = { noinline nounwind "frame-pointer"="none" "no-builtins" }

!x = tensor<1x4x4x8x!lowbit.unipolar<1>>
!w = tensor<8x1x1x8x!lowbit.bipolar<1>>
!y = tensor<1x4x4x8xi32>
!a = tensor<1x4x4x8x!lowbit.unipolar<1>>
!p = tensor<1x2x2x8x!lowbit.unipolar<1>>

func.func @net(%x: !x, %w: !w, %t: tensor<8x1xi32>) -> !p {
  %y = lowbit.conv2d %x, %w : (!x, !w) -> !y
  %a = lowbit.fused_glue %y, %t form threshold : (!y, tensor<8x1xi32>) -> !a
  %p = lowbit.max_pool2d %a kernel [2, 2] : (!a) -> !p
  func.return %p : !p
}
