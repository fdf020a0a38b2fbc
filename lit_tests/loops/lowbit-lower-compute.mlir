// RUN: lowbit-opt %s -p lowbit-lower-compute --verify-diagnostics | filecheck %s

// What has no lowering is refused, and how to add one is said.

// CHECK: 'lowbit.matmul': nothing lowers it from the level of stages to loops; register one with lowering.loops.lowerings.register_lowering, or by an entry point of group lowbit.lowerings
func.func private @stage(%x: memref<5x8xi8>, %w: memref<8x9xi8>, %y: memref<5x9xi32>, %low: index, %high: index) {
  lowbit.compute ins(%x, %w : memref<5x8xi8>, memref<8x9xi8>) outs(%y : memref<5x9xi32>) from %low to %high {
  ^bb0(%a: tensor<5x8x!lowbit.unipolar<2>>, %b: tensor<8x9x!lowbit.signed<1>>):
    %r = lowbit.matmul %a, %b : (tensor<5x8x!lowbit.unipolar<2>>, tensor<8x9x!lowbit.signed<1>>) -> tensor<5x9xi32>
    lowbit.yield %r : (tensor<5x9xi32>) -> ()
  }
  func.return
}
