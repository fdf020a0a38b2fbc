// RUN: lowbit-opt %s -p 'lowbit-select-kernel{target=znver5 records="%S/Inputs/records.jsonl"}' | filecheck %s --check-prefix=FILE
// RUN: lowbit-opt %s -p 'lowbit-select-kernel{target=znver5 strategy=dot records="%S/Inputs/records.jsonl"}' | filecheck %s --check-prefix=DOT
// RUN: lowbit-opt %s -p 'lowbit-select-kernel{target=znver5 records=none}' | filecheck %s --check-prefix=NONE
// RUN: lowbit-opt %s -p 'lowbit-select-kernel{target=cortex-a53 records="%S/Inputs/records.jsonl"}' | filecheck %s --check-prefix=OTHER
// RUN: not lowbit-opt %s -p 'lowbit-select-kernel{records="nowhere.jsonl"}' 2>&1 | filecheck %s --check-prefix=BAD

// A record of this convolution on this CPU decides; for another CPU, or a strategy that no record
// is about, the cost model does.

// FILE:  lowbit.bitserial_conv {{.*}} schedule #lowbit.schedule<tile = 3x2, unroll = 0, order = channels>
// DOT:   lowbit.dot_conv {{.*}} schedule #lowbit.schedule<tile = {{[0-9]+}}x{{[0-9]+}}, unroll = {{[0-9]}}, order = rows{{.*}}>
// NONE:  lowbit.{{[a-z]+}}_conv {{.*}} schedule #lowbit.schedule<tile = {{[0-9]+}}x{{[0-9]+}}, unroll = {{[0-9]}}, order = rows{{.*}}>
// OTHER: lowbit.{{[a-z]+}}_conv {{.*}} schedule #lowbit.schedule<tile = {{[0-9]+}}x{{[0-9]+}}, unroll = {{[0-9]}}, order = rows{{.*}}>
// BAD:   error: pass 'lowbit-select-kernel': records nowhere.jsonl: No such file or directory

!x = tensor<1x6x6x20x!lowbit.unipolar<2>>
!w = tensor<40x3x3x20x!lowbit.bipolar<1>>
func.func @conv(%x: !x, %w: !w) -> tensor<1x6x6x40xi32> {
  %y = lowbit.conv2d %x, %w padding [1, 1, 1, 1] : (!x, !w) -> tensor<1x6x6x40xi32>
  func.return %y : tensor<1x6x6x40xi32>
}
