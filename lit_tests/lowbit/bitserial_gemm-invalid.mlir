// RUN: lowbit-opt %s --split-input-file --parsing-diagnostics --verify-diagnostics | filecheck %s

// CHECK: x and w must be packed
!w = tensor<70x9x!lowbit.bipolar<1>, #lowbit.packed<axis = 0, word = i32, order = [1, p, 0], lanes = [1, 4]>>
func.func @f(%x: tensor<5x70x!lowbit.unipolar<2>>, %w: !w, %c: tensor<1x1x9xi32>) {
  %a = lowbit.bitserial_gemm %x, %w, %c : (tensor<5x70x!lowbit.unipolar<2>>, !w, tensor<1x1x9xi32>) -> tensor<5x9xi32>
  func.return
}

// -----

// CHECK: x must lie in #lowbit.packed<axis = 1, word = i32, order = [p, 0, 1]>, got #lowbit.packed<axis = 1, word = i32, order = [1, p, 0]>
!x = tensor<5x70x!lowbit.unipolar<2>, #lowbit.packed<axis = 1, word = i32, order = [1, p, 0]>>
!w = tensor<70x9x!lowbit.bipolar<1>, #lowbit.packed<axis = 0, word = i32, order = [1, p, 0], lanes = [1, 4]>>
func.func @f(%x: !x, %w: !w, %c: tensor<1x1x9xi32>) {
  %a = lowbit.bitserial_gemm %x, %w, %c : (!x, !w, tensor<1x1x9xi32>) -> tensor<5x9xi32>
  func.return
}

// -----

// CHECK: w must lie in #lowbit.packed<axis = 0, word = i32, order = [1, p, 0], lanes = [1, 1]>, got #lowbit.packed<axis = 0, word = i32, order = [1, p, 0]>
!x = tensor<5x70x!lowbit.unipolar<2>, #lowbit.packed<axis = 1, word = i32, order = [p, 0, 1]>>
!w = tensor<70x9x!lowbit.bipolar<1>, #lowbit.packed<axis = 0, word = i32, order = [1, p, 0]>>
func.func @f(%x: !x, %w: !w, %c: tensor<1x1x9xi32>) {
  %a = lowbit.bitserial_gemm %x, %w, %c : (!x, !w, tensor<1x1x9xi32>) -> tensor<5x9xi32>
  func.return
}

// -----

// CHECK: x has 70 columns, w has 60 rows: they must be equal
!x = tensor<5x70x!lowbit.unipolar<2>, #lowbit.packed<axis = 1, word = i32, order = [p, 0, 1]>>
!w = tensor<60x9x!lowbit.bipolar<1>, #lowbit.packed<axis = 0, word = i32, order = [1, p, 0], lanes = [1, 4]>>
func.func @f(%x: !x, %w: !w, %c: tensor<1x1x9xi32>) {
  %a = lowbit.bitserial_gemm %x, %w, %c : (!x, !w, tensor<1x1x9xi32>) -> tensor<5x9xi32>
  func.return
}

// -----

// CHECK: the codes of x and w need a correction operand, or glue that holds it
!x = tensor<5x70x!lowbit.unipolar<2>, #lowbit.packed<axis = 1, word = i32, order = [p, 0, 1]>>
!w = tensor<70x9x!lowbit.bipolar<1>, #lowbit.packed<axis = 0, word = i32, order = [1, p, 0], lanes = [1, 4]>>
func.func @f(%x: !x, %w: !w) {
  %a = lowbit.bitserial_gemm %x, %w : (!x, !w) -> tensor<5x9xi32>
  func.return
}

// -----

// CHECK: correction must be tensor<1x1x9xi32>, got tensor<9xi32>
!x = tensor<5x70x!lowbit.unipolar<2>, #lowbit.packed<axis = 1, word = i32, order = [p, 0, 1]>>
!w = tensor<70x9x!lowbit.bipolar<1>, #lowbit.packed<axis = 0, word = i32, order = [1, p, 0], lanes = [1, 4]>>
func.func @f(%x: !x, %w: !w, %c: tensor<9xi32>) {
  %a = lowbit.bitserial_gemm %x, %w, %c : (!x, !w, tensor<9xi32>) -> tensor<5x9xi32>
  func.return
}

// -----

// CHECK: result must be tensor<5x9xi32>, got tensor<9x5xi32>
!x = tensor<5x70x!lowbit.unipolar<2>, #lowbit.packed<axis = 1, word = i32, order = [p, 0, 1]>>
!w = tensor<70x9x!lowbit.bipolar<1>, #lowbit.packed<axis = 0, word = i32, order = [1, p, 0], lanes = [1, 4]>>
func.func @f(%x: !x, %w: !w, %c: tensor<1x1x9xi32>) {
  %a = lowbit.bitserial_gemm %x, %w, %c : (!x, !w, tensor<1x1x9xi32>) -> tensor<9x5xi32>
  func.return
}

// -----

// CHECK: lowbit.bitserial_gemm: clause 'padding' is unknown; allowed: schedule
!x = tensor<5x70x!lowbit.unipolar<2>, #lowbit.packed<axis = 1, word = i32, order = [p, 0, 1]>>
!w = tensor<70x9x!lowbit.bipolar<1>, #lowbit.packed<axis = 0, word = i32, order = [1, p, 0], lanes = [1, 4]>>
func.func @f(%x: !x, %w: !w, %c: tensor<1x1x9xi32>) {
  %a = lowbit.bitserial_gemm %x, %w, %c padding [1, 1, 1, 1] : (!x, !w, tensor<1x1x9xi32>) -> tensor<5x9xi32>
  func.return
}
