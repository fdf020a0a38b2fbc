// RUN: lowbit-opt %s --split-input-file --parsing-diagnostics --verify-diagnostics | filecheck %s

// CHECK: x and w must be packed
func.func @f(%x: tensor<5x70x!lowbit.unipolar<2>>, %w: tensor<70x9x!lowbit.bipolar<1>, #lowbit.packed<axis = 0, word = i32, order = [1, p, 0], lanes = [1, 4]>>, %c: tensor<1x1x9xi32>) {
  %a = lowbit.bitserial_gemm %x, %w, %c : (tensor<5x70x!lowbit.unipolar<2>>, tensor<70x9x!lowbit.bipolar<1>, #lowbit.packed<axis = 0, word = i32, order = [1, p, 0], lanes = [1, 4]>>, tensor<1x1x9xi32>) -> tensor<5x9xi32>
  func.return
}

// -----

// CHECK: x must lie in #lowbit.packed<axis = 1, word = i32, order = [p, 1, 0]>, got #lowbit.packed<axis = 1, word = i32, order = [1, p, 0]>
func.func @f(%x: tensor<5x70x!lowbit.unipolar<2>, #lowbit.packed<axis = 1, word = i32, order = [1, p, 0]>>, %w: tensor<70x9x!lowbit.bipolar<1>, #lowbit.packed<axis = 0, word = i32, order = [1, p, 0], lanes = [1, 4]>>, %c: tensor<1x1x9xi32>) {
  %a = lowbit.bitserial_gemm %x, %w, %c : (tensor<5x70x!lowbit.unipolar<2>, #lowbit.packed<axis = 1, word = i32, order = [1, p, 0]>>, tensor<70x9x!lowbit.bipolar<1>, #lowbit.packed<axis = 0, word = i32, order = [1, p, 0], lanes = [1, 4]>>, tensor<1x1x9xi32>) -> tensor<5x9xi32>
  func.return
}

// -----

// CHECK: w must lie in #lowbit.packed<axis = 0, word = i32, order = [1, p, 0], lanes = [1, 1]>, got #lowbit.packed<axis = 0, word = i32, order = [1, p, 0]>
func.func @f(%x: tensor<5x70x!lowbit.unipolar<2>, #lowbit.packed<axis = 1, word = i32, order = [p, 1, 0]>>, %w: tensor<70x9x!lowbit.bipolar<1>, #lowbit.packed<axis = 0, word = i32, order = [1, p, 0]>>, %c: tensor<1x1x9xi32>) {
  %a = lowbit.bitserial_gemm %x, %w, %c : (tensor<5x70x!lowbit.unipolar<2>, #lowbit.packed<axis = 1, word = i32, order = [p, 1, 0]>>, tensor<70x9x!lowbit.bipolar<1>, #lowbit.packed<axis = 0, word = i32, order = [1, p, 0]>>, tensor<1x1x9xi32>) -> tensor<5x9xi32>
  func.return
}

// -----

// CHECK: x has 70 columns, w has 60 rows: they must be equal
func.func @f(%x: tensor<5x70x!lowbit.unipolar<2>, #lowbit.packed<axis = 1, word = i32, order = [p, 1, 0]>>, %w: tensor<60x9x!lowbit.bipolar<1>, #lowbit.packed<axis = 0, word = i32, order = [1, p, 0], lanes = [1, 4]>>, %c: tensor<1x1x9xi32>) {
  %a = lowbit.bitserial_gemm %x, %w, %c : (tensor<5x70x!lowbit.unipolar<2>, #lowbit.packed<axis = 1, word = i32, order = [p, 1, 0]>>, tensor<60x9x!lowbit.bipolar<1>, #lowbit.packed<axis = 0, word = i32, order = [1, p, 0], lanes = [1, 4]>>, tensor<1x1x9xi32>) -> tensor<5x9xi32>
  func.return
}

// -----

// CHECK: the codes of x and w need a correction operand, or glue that holds it
func.func @f(%x: tensor<5x70x!lowbit.unipolar<2>, #lowbit.packed<axis = 1, word = i32, order = [p, 1, 0]>>, %w: tensor<70x9x!lowbit.bipolar<1>, #lowbit.packed<axis = 0, word = i32, order = [1, p, 0], lanes = [1, 4]>>) {
  %a = lowbit.bitserial_gemm %x, %w : (tensor<5x70x!lowbit.unipolar<2>, #lowbit.packed<axis = 1, word = i32, order = [p, 1, 0]>>, tensor<70x9x!lowbit.bipolar<1>, #lowbit.packed<axis = 0, word = i32, order = [1, p, 0], lanes = [1, 4]>>) -> tensor<5x9xi32>
  func.return
}

// -----

// CHECK: correction must be tensor<1x1x9xi32>, got tensor<9xi32>
func.func @f(%x: tensor<5x70x!lowbit.unipolar<2>, #lowbit.packed<axis = 1, word = i32, order = [p, 1, 0]>>, %w: tensor<70x9x!lowbit.bipolar<1>, #lowbit.packed<axis = 0, word = i32, order = [1, p, 0], lanes = [1, 4]>>, %c: tensor<9xi32>) {
  %a = lowbit.bitserial_gemm %x, %w, %c : (tensor<5x70x!lowbit.unipolar<2>, #lowbit.packed<axis = 1, word = i32, order = [p, 1, 0]>>, tensor<70x9x!lowbit.bipolar<1>, #lowbit.packed<axis = 0, word = i32, order = [1, p, 0], lanes = [1, 4]>>, tensor<9xi32>) -> tensor<5x9xi32>
  func.return
}

// -----

// CHECK: result must be tensor<5x9xi32>, got tensor<9x5xi32>
func.func @f(%x: tensor<5x70x!lowbit.unipolar<2>, #lowbit.packed<axis = 1, word = i32, order = [p, 1, 0]>>, %w: tensor<70x9x!lowbit.bipolar<1>, #lowbit.packed<axis = 0, word = i32, order = [1, p, 0], lanes = [1, 4]>>, %c: tensor<1x1x9xi32>) {
  %a = lowbit.bitserial_gemm %x, %w, %c : (tensor<5x70x!lowbit.unipolar<2>, #lowbit.packed<axis = 1, word = i32, order = [p, 1, 0]>>, tensor<70x9x!lowbit.bipolar<1>, #lowbit.packed<axis = 0, word = i32, order = [1, p, 0], lanes = [1, 4]>>, tensor<1x1x9xi32>) -> tensor<9x5xi32>
  func.return
}

// -----

// CHECK: lowbit.bitserial_gemm: clause 'padding' is unknown; allowed: schedule
func.func @f(%x: tensor<5x70x!lowbit.unipolar<2>, #lowbit.packed<axis = 1, word = i32, order = [p, 1, 0]>>, %w: tensor<70x9x!lowbit.bipolar<1>, #lowbit.packed<axis = 0, word = i32, order = [1, p, 0], lanes = [1, 4]>>, %c: tensor<1x1x9xi32>) {
  %a = lowbit.bitserial_gemm %x, %w, %c padding [1, 1, 1, 1] : (tensor<5x70x!lowbit.unipolar<2>, #lowbit.packed<axis = 1, word = i32, order = [p, 1, 0]>>, tensor<70x9x!lowbit.bipolar<1>, #lowbit.packed<axis = 0, word = i32, order = [1, p, 0], lanes = [1, 4]>>, tensor<1x1x9xi32>) -> tensor<5x9xi32>
  func.return
}
