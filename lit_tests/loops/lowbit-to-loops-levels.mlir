// RUN: lowbit-opt %s -p 'lowbit-to-loops{target=znver5}' | filecheck %s

// Weights known at run time only: a level is put at bit 2 * (k / 4) of byte k % 4 of its word. The
// last word of a lane has three levels.

// CHECK-LABEL: func.func @pack_0_bitpack
// CHECK:         scf.for
// CHECK:           scf.for %[[K:.*]] = %{{.*}} to %[[SIXTEEN:.*]] step %{{.*}} iter_args(%[[WORD:.*]] = %{{.*}}) -> (i32)
// CHECK:             memref.load
// CHECK-NEXT:        %[[LEVEL:.*]] = arith.subi
// CHECK-NEXT:        %[[WIDE:.*]] = arith.extui %[[LEVEL]] : i8 to i32
// CHECK-NEXT:        %[[PART:.*]] = arith.divui %[[K]], %[[FOUR:.*]]
// CHECK:             %[[BYTE:.*]] = arith.remui %[[K]], %[[FOUR]]
// CHECK:             %[[MOVED:.*]] = arith.shli %[[WIDE]], %{{.*}} : i32
// CHECK-NEXT:        arith.ori %[[WORD]], %[[MOVED]]
// CHECK:           memref.store
// CHECK:           scf.for
// CHECK:           memref.store
// CHECK-LABEL: func.func @pack_1_unpack
// CHECK:           memref.load {{.*}} : memref<1x2x16xi32>
// CHECK:           arith.shrui
// CHECK:           arith.trunci %{{.*}} : i32 to i8
// CHECK:           arith.andi
!packed = tensor<19x16x!lowbit.signed<2>, #lowbit.packed<axis = 0, word = i32, order = [1, 0], lanes = [1, 16], bytes = levels, bits = 2>>
func.func @pack(%x: tensor<19x16x!lowbit.signed<2>>) -> tensor<19x16x!lowbit.signed<2>> {
  %a = lowbit.bitpack %x : (tensor<19x16x!lowbit.signed<2>>) -> !packed
  %b = lowbit.unpack %a : (!packed) -> tensor<19x16x!lowbit.signed<2>>
  func.return %b : tensor<19x16x!lowbit.signed<2>>
}
