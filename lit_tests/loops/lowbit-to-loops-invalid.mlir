// RUN: not lowbit-opt %s -p lowbit-to-loops 2>&1 | filecheck %s --check-prefix=PLACE
// RUN: lowbit-opt %s -p lowbit-to-loops --split-input-file --verify-diagnostics | filecheck %s

!x = tensor<5x8x!lowbit.unipolar<2>>
!w = tensor<8x9x!lowbit.signed<1>>

// PLACE: {{^}}error: {{.*}}lowbit-to-loops-invalid.mlir:[[# @LINE + 3]]:3: pass 'lowbit-bufferize': 'lowbit.matmul': nothing lowers it at the level of stages; run the passes before, or register one with lowering.loops.lowerings.register_lowering, or by an entry point of group lowbit.lowerings
// CHECK: 'lowbit.matmul': nothing lowers it at the level of stages; run the passes before, or register one with lowering.loops.lowerings.register_lowering, or by an entry point of group lowbit.lowerings
func.func @too_early(%x: !x, %w: !w) -> tensor<5x9xi32> {
  %y = lowbit.matmul %x, %w : (!x, !w) -> tensor<5x9xi32>
  func.return %y : tensor<5x9xi32>
}

// -----

// CHECK: 'func.call': nothing lowers it at the level of stages
func.func @call(%x: tensor<2xi32>) -> tensor<2xi32> {
  %y = func.call @call(%x) : (tensor<2xi32>) -> tensor<2xi32>
  func.return %y : tensor<2xi32>
}

// -----

// CHECK: 'func.func': @scalar takes and returns tensors, got i32
func.func @scalar(%x: i32) {
  func.return
}

// -----

// CHECK: 'func.func': @dynamic: tensor<?xi32> must have known, positive extents
func.func @dynamic(%x: tensor<?xi32>) -> tensor<?xi32> {
  func.return %x : tensor<?xi32>
}

// -----

// CHECK: 'func.func': @element: tensor<2xbf16> has elements of bf16; value codes, i1, i8, i16, i32, i64, index, f32 and f64 are allowed
func.func @element(%x: tensor<2xbf16>) -> tensor<2xbf16> {
  func.return %x : tensor<2xbf16>
}

// -----

// CHECK: 'func.func': @layout: #lowbit.packed for 2 dimensions on a tensor of 1
func.func @layout(%x: tensor<2x!lowbit.unipolar<2>, #lowbit.packed<axis = 1, word = i8, order = [0, p, 1]>>) {
  func.return
}

// -----

// CHECK: 'func.func': @blocks must be one block that ends in func.return
func.func @blocks(%x: tensor<2xi32>) -> tensor<2xi32> {
  cf.br ^bb1
^bb1:
  func.return %x : tensor<2xi32>
}

// -----

!levels = tensor<1x64x!lowbit.unipolar<8>, #lowbit.packed<axis = 1, word = i32, order = [0, 1], bytes = levels>>
!values = tensor<64x16x!lowbit.signed<8>, #lowbit.packed<axis = 0, word = i32, order = [1, 0], lanes = [1, 16], bytes = values>>

// CHECK: 'lowbit.dot_gemm': it has no schedule; lowbit-plan-kernels gives it one
func.func @unplanned(%x: !levels, %w: !values) -> tensor<1x16xi32> {
  %y = lowbit.dot_gemm %x, %w : (!levels, !values) -> tensor<1x16xi32>
  func.return %y : tensor<1x16xi32>
}
