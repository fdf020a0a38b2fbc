// RUN: lowbit-opt %s --split-input-file --parsing-diagnostics --verify-diagnostics | filecheck %s

// CHECK: x has 70 columns, w has 60 rows: they must be equal
func.func @f(%x: tensor<5x70x!lowbit.unipolar<2>>, %w: tensor<60x9x!lowbit.bipolar<1>>) {
  %a = lowbit.matmul %x, %w : (tensor<5x70x!lowbit.unipolar<2>>, tensor<60x9x!lowbit.bipolar<1>>) -> tensor<5x9xi32>
  func.return
}

// -----

// CHECK: result must be tensor<5x9xi32>, got tensor<9x5xi32>
func.func @f(%x: tensor<5x70x!lowbit.unipolar<2>>, %w: tensor<70x9x!lowbit.bipolar<1>>) {
  %a = lowbit.matmul %x, %w : (tensor<5x70x!lowbit.unipolar<2>>, tensor<70x9x!lowbit.bipolar<1>>) -> tensor<9x5xi32>
  func.return
}

// -----

// CHECK: x must have 2 dimensions, got 1
func.func @f(%x: tensor<70x!lowbit.unipolar<2>>, %w: tensor<70x9x!lowbit.bipolar<1>>) {
  %a = lowbit.matmul %x, %w : (tensor<70x!lowbit.unipolar<2>>, tensor<70x9x!lowbit.bipolar<1>>) -> tensor<9xi32>
  func.return
}

// -----

// CHECK: w must be a tensor of a value code
func.func @f(%x: tensor<5x70x!lowbit.unipolar<2>>, %w: tensor<70x9xi8>) {
  %a = lowbit.matmul %x, %w : (tensor<5x70x!lowbit.unipolar<2>>, tensor<70x9xi8>) -> tensor<5x9xi32>
  func.return
}

// -----

// CHECK: 1000000 products of unipolar<8> and unipolar<8> can reach 65025000000, beyond i32
func.func @f(%x: tensor<1x1000000x!lowbit.unipolar<8>>, %w: tensor<1000000x1x!lowbit.unipolar<8>>) {
  %a = lowbit.matmul %x, %w : (tensor<1x1000000x!lowbit.unipolar<8>>, tensor<1000000x1x!lowbit.unipolar<8>>) -> tensor<1x1xi32>
  func.return
}

// -----

// CHECK: x must not be packed here
!x = tensor<5x70x!lowbit.unipolar<2>, #lowbit.packed<axis = 1, word = i32, order = [p, 0, 1]>>
func.func @f(%x: !x, %w: tensor<70x9x!lowbit.bipolar<1>>) {
  %a = lowbit.matmul %x, %w : (!x, tensor<70x9x!lowbit.bipolar<1>>) -> tensor<5x9xi32>
  func.return
}
