// RUN: lowbit-opt %s -p 'lowbit-select-kernel{target=znver5 strategy=lut}' | filecheck %s
// RUN: lowbit-opt %s -p 'lowbit-select-kernel{target=x86-64-v3 strategy=lut}' | filecheck %s --check-prefix=TABLE4

// CHECK-LABEL: func.func @binary
// CHECK:         lowbit.bitpack %x : {{.*}} #lowbit.packed<axis = 1, word = i64, order = [p, 1, 0]>>
// CHECK-NEXT:    lowbit.bitpack %w : {{.*}} #lowbit.packed<axis = 0, word = i64, order = [1, p, 0], lanes = [1, 64], index = [6, 64]>>
// CHECK-NEXT:    lowbit.correction %w x_code !lowbit.unipolar<1> strategy lut
// CHECK-NEXT:    lowbit.lut_gemm
// TABLE4-LABEL: func.func @binary
// TABLE4:        index = [4, 32]>>
// TABLE4:        lowbit.lut_gemm
func.func @binary(%x: tensor<5x70x!lowbit.unipolar<1>>, %w: tensor<70x9x!lowbit.bipolar<1>>) -> tensor<5x9xi32> {
  %y = lowbit.matmul %x, %w : (tensor<5x70x!lowbit.unipolar<1>>, tensor<70x9x!lowbit.bipolar<1>>) -> tensor<5x9xi32>
  func.return %y : tensor<5x9xi32>
}
