// RUN: lowbit-opt %s -p 'lowbit-to-loops{target=znver5}' --split-input-file | filecheck %s

// A function becomes stages over parts of a range, which a runtime may share among threads, and a
// function of the old name that calls them in order. All take the same byte buffers: inputs,
// outputs, workspace.

#p = #lowbit.packed<axis = 3, word = i32, order = [0, 1, p, 3, 2], frame = [0, 0, 1, 1, 1, 1, 0, 0]>
!x = tensor<2x4x5x16x!lowbit.unipolar<2>, #p>
!w = tensor<32x3x3x16x!lowbit.signed<1>, #lowbit.packed<axis = 3, word = i32, order = [0, p, 1, 2, 3], lanes = [0, 16]>>
!y = tensor<2x4x5x32xi32>

// Rows of two images, blocks of channels, tiles of two pixels; the fifth pixel has a tile of its own.

// CHECK-LABEL: func.func @conv_0_bitserial_conv(
// CHECK-SAME:    %[[XB:.*]]: memref<672xi8> {llvm.align = 4 : i64}, %[[WB:.*]]: memref<1152xi8> {llvm.align = 4 : i64}, %[[YB:.*]]: memref<5120xi8> {llvm.align = 4 : i64}, %{{.*}}: memref<1xi8>, %[[LOW:.*]]: index, %[[HIGH:.*]]: index) {
// CHECK-DAG:     %[[X:.*]] = memref.view %[[XB]][%{{.*}}][] : memref<672xi8> to memref<2x6x2x1x7xi32>
// CHECK-DAG:     %[[W:.*]] = memref.view %[[WB]][%{{.*}}][] : memref<1152xi8> to memref<2x1x3x3x1x16xi32>
// CHECK-DAG:     %[[Y:.*]] = memref.view %[[YB]][%{{.*}}][] : memref<5120xi8> to memref<2x4x5x32xi32>
// CHECK:         scf.for %[[JOB:.*]] = %[[LOW]] to %[[HIGH]]
// CHECK-NEXT:      scf.for %[[BLOCK:.*]] = {{.*}}
// CHECK-NEXT:        scf.for %[[COL:.*]] = {{.*}}
// CHECK:               %[[IMAGE:.*]] = arith.divui %[[JOB]]
// CHECK-NEXT:          %[[ROW:.*]] = arith.remui %[[JOB]]
// CHECK:               %[[A:.*]], %[[B:.*]] = lowbit.bitserial_tile %[[X]], %[[W]], %[[IMAGE]], %[[ROW]], %[[COL]], %{{.*}}, %[[BLOCK]] pixels 2 vectors 1 x_code !lowbit.unipolar<2> w_code !lowbit.signed<1>
// CHECK:               vector.store %[[A]], %[[Y]][%[[IMAGE]], %[[ROW]], %[[COL]], %{{.*}}]
// CHECK:               vector.store %[[B]], %[[Y]][%[[IMAGE]], %[[ROW]],
// CHECK:             }
// CHECK:             lowbit.bitserial_tile {{.*}} pixels 1 vectors 1
// CHECK:             vector.store

// CHECK-LABEL: func.func @conv(
// CHECK-SAME:    %[[XB:.*]]: memref<672xi8> {llvm.align = 4 : i64}, %[[WB:.*]]: memref<1152xi8> {llvm.align = 4 : i64}, %[[YB:.*]]: memref<5120xi8> {llvm.align = 4 : i64}, %[[WS:.*]]: memref<1xi8>) attributes {lowbit.inputs = [tensor<2x4x5x16x!lowbit.unipolar<2>, {{.*}}], lowbit.outputs = [tensor<2x4x5x32xi32>], lowbit.workspace = 0 : i64, lowbit.stages = {conv_0_bitserial_conv = 8 : i64}} {
// CHECK-NEXT:    %[[ZERO:.*]] = arith.constant 0 : index
// CHECK-NEXT:    %[[ALL:.*]] = arith.constant 8 : index
// CHECK-NEXT:    func.call @conv_0_bitserial_conv(%[[XB]], %[[WB]], %[[YB]], %[[WS]], %[[ZERO]], %[[ALL]])
// CHECK-NEXT:    func.return
func.func @conv(%x: !x, %w: !w) -> !y {
  %y = lowbit.bitserial_conv %x, %w padding [1, 1, 1, 1] schedule #lowbit.schedule<tile = 2x1, unroll = 1, order = rows> : (!x, !w) -> !y
  func.return %y : !y
}

// -----

#p = #lowbit.packed<axis = 3, word = i32, order = [0, 1, p, 3, 2], frame = [0, 0, 1, 1, 1, 1, 0, 0]>
!x = tensor<2x4x5x16x!lowbit.unipolar<2>, #p>
!w = tensor<32x3x3x16x!lowbit.signed<1>, #lowbit.packed<axis = 3, word = i32, order = [0, p, 1, 2, 3], lanes = [0, 16]>>
!y = tensor<2x4x5x32xi32>
!q = tensor<2x4x5x32x!lowbit.unipolar<2>>
!p = tensor<2x4x5x32x!lowbit.unipolar<2>, #p>

// Glue and packing happen in registers: planes are stored, half a word of each block of lanes.
// With order = channels the blocks are outermost.

// CHECK-LABEL: func.func @fused_0_bitserial_conv(
// CHECK-DAG:     %[[T:.*]] = memref.get_global @fused_0_bitserial_conv_constant_0 : memref<3x32xi32>
// CHECK-DAG:     %[[P:.*]] = memref.view {{.*}} to memref<2x6x2x1x7x2xi16>
// CHECK:         scf.for %[[BLOCK:.*]] = {{.*}}
// CHECK-NEXT:      scf.for %[[JOB:.*]] = {{.*}}
// CHECK-NEXT:        scf.for %[[COL:.*]] = {{.*}}
// CHECK:               %[[ACC:.*]] = lowbit.bitserial_tile {{.*}}, %[[BLOCK]] pixels 1
// CHECK-NOT:           : vector<16xi32>{{$}}
// CHECK:               %[[UPPER:.*]] = simd.cmpi sge, %[[ACC]], %{{.*}} : vector<16xi32> to vector<16xi1>
// CHECK-NEXT:          %[[HALF:.*]] = simd.select %[[UPPER]], %{{.*}}, %{{.*}} : vector<16xi1>, vector<16xi32>
// CHECK-NEXT:          %[[LOWER:.*]] = simd.cmpi sge, %[[ACC]], %[[HALF]] : vector<16xi32> to vector<16xi1>
// CHECK-NEXT:          %[[BITS:.*]] = simd.pack_bits %[[LOWER]] : vector<16xi1> to i16
// CHECK-NEXT:          memref.store %[[BITS]], %[[P]][
// CHECK-NEXT:          %[[BITS:.*]] = simd.pack_bits %[[UPPER]] : vector<16xi1> to i16
// CHECK-NEXT:          memref.store %[[BITS]], %[[P]][
// CHECK-NOT:     memref<{{[0-9x]*}}x32xi32>

// CHECK-LABEL: func.func @fused(
// CHECK:       "memref.global"() <{sym_name = "fused_0_bitserial_conv_constant_0", type = memref<3x32xi32>, {{.*}} constant}>
func.func @fused(%x: !x, %w: !w) -> !q {
  %t = arith.constant dense<[[1, 2, 3], [1, 2, 3], [1, 2, 3], [1, 2, 3], [1, 2, 3], [1, 2, 3], [1, 2, 3], [1, 2, 3], [1, 2, 3], [1, 2, 3], [1, 2, 3], [1, 2, 3], [1, 2, 3], [1, 2, 3], [1, 2, 3], [1, 2, 3], [1, 2, 3], [1, 2, 3], [1, 2, 3], [1, 2, 3], [1, 2, 3], [1, 2, 3], [1, 2, 3], [1, 2, 3], [1, 2, 3], [1, 2, 3], [1, 2, 3], [1, 2, 3], [1, 2, 3], [1, 2, 3], [1, 2, 3], [1, 2, 3]]> : tensor<32x3xi32>
  %p = lowbit.bitserial_conv %x, %w padding [1, 1, 1, 1] schedule #lowbit.schedule<tile = 1x1, unroll = 1, order = channels> : (!x, !w) -> !p epilogue {
  ^bb0(%acc: !y):
    %g = lowbit.fused_glue %acc, %t form threshold : (!y, tensor<32x3xi32>) -> !q
    %b = lowbit.bitpack %g : (!q) -> !p
    lowbit.yield %b : (!p) -> ()
  }
  %q = lowbit.unpack %p : (!p) -> !q
  func.return %q : !q
}

// -----

#p = #lowbit.packed<axis = 3, word = i32, order = [0, 1, p, 3, 2]>
!x = tensor<1x1x4x8x!lowbit.bipolar<1>, #p>
!w = tensor<5x1x3x8x!lowbit.bipolar<1>, #lowbit.packed<axis = 3, word = i32, order = [0, p, 1, 2, 3], lanes = [0, 16]>>
!c = tensor<1x1x5xi32>
!y = tensor<1x1x2x5xi32>

// Parameters that are arguments are first brought into the order of the lanes; the lanes without a
// channel get zeros, and are not stored.

// CHECK-LABEL: func.func @ragged_0_copy(
// CHECK-LABEL: func.func @ragged_1_bitserial_conv(
// CHECK:         %[[SUMS:.*]], %{{.*}} = lowbit.bitserial_tile
// CHECK:         %[[C:.*]] = vector.load {{.*}} : memref<1x16xi32>, vector<16xi32>
// CHECK:         %[[Y:.*]] = arith.addi %[[SUMS]], %[[C]] : vector<16xi32>
// CHECK:         %[[VALID:.*]] = simd.cmpi ne, {{.*}} : vector<16xi32> to vector<16xi1>
// CHECK-NEXT:    vector.maskedstore %{{.*}}[{{.*}}], %[[VALID]], %[[Y]] : memref<1x1x2x5xi32>, vector<16xi1>, vector<16xi32>
func.func @ragged(%x: !x, %w: !w, %c: !c) -> !y {
  %y = lowbit.bitserial_conv %x, %w, %c schedule #lowbit.schedule<tile = 2x1, unroll = 1, order = rows> : (!x, !w, !c) -> !y
  func.return %y : !y
}
