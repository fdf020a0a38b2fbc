// RUN: lowbit-opt %s -p 'lowbit-pipeline{target=znver5 strategy=bitserial}' -t 'lowbit-asm{target=znver5}' | filecheck %s --check-prefixes=CHECK,ZNVER5
// RUN: lowbit-opt %s -p 'lowbit-pipeline{target=x86-64-v3 strategy=bitserial}' -t 'lowbit-asm{target=x86-64-v3}' | filecheck %s --check-prefixes=CHECK,AVX2
// RUN: lowbit-opt %s -p 'lowbit-pipeline{target=x86-64 strategy=bitserial}' -t 'lowbit-asm{target=x86-64}' | filecheck %s --check-prefixes=CHECK,SSE2
// RUN: lowbit-opt %s -p 'lowbit-pipeline{target=cortex-a53 strategy=bitserial}' -t lowbit-asm | filecheck %s --check-prefixes=CHECK,A64
// RUN: lowbit-opt %s -p 'lowbit-pipeline{target=cortex-a9 strategy=bitserial}' -t 'lowbit-asm{target=cortex-a9}' | filecheck %s --check-prefixes=CHECK,ARM
// RUN: not lowbit-opt %s -p 'lowbit-pipeline{target=cortex-a9 strategy=bitserial}' -t 'lowbit-asm{target=znver5}' 2>&1 | filecheck %s --check-prefix=MIXED

// One network, the instructions that each target counts bits with. No stage calls a library.

// CHECK-LABEL: {{^}}net_1_bitserial_conv:
// CHECK-NOT:   {{(callq?|bl|blx)\s}}
// ZNVER5:      vpopcntd {{.*}}%zmm
// AVX2:        vpshufb {{.*}}%ymm
// AVX2:        vpsadbw {{.*}}%ymm
// SSE2-NOT:    {{(popcnt|pshufb|ymm)}}
// SSE2:        psadbw {{.*}}%xmm
// A64:         cnt v{{[0-9]+}}.16b
// ARM:         vcnt.8 q{{[0-9]+}}
// CHECK:       {{^}}net_3_bitserial_conv:

// LLVM would end the process at the first intrinsic of another machine.
// MIXED: {{^}}error: {{.*}}the module was lowered for cortex-a9, not for znver5: choose target cortex-a9

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
