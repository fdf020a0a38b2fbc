// RUN: lowbit-opt %s -p 'lowbit-to-loops{target=znver5}' | filecheck %s
// RUN: not lowbit-opt %s -p 'lowbit-to-loops{target=x86-64-v3}' 2>&1 | filecheck %s --check-prefix=MIXED

// MIXED: 'lowbit.lut_conv': w is cut into indices of 6 bits; tables of x86-64-v3 take 4

!x = tensor<1x4x9x70x!lowbit.unipolar<2>, #lowbit.packed<axis = 3, word = i64, order = [0, 1, p, 3, 2], frame = [0, 0, 1, 1, 1, 1, 0, 0]>>
!w = tensor<70x3x3x70x!lowbit.signed<2>, #lowbit.packed<axis = 3, word = i64, order = [0, p, 1, 2, 3], lanes = [0, 64], index = [6, 64]>>
!y = tensor<1x4x9x70xi32>

// Strips of two tiles and one of the last column; a chunk is a word of channels, of which there
// are two, with the sums of four rows kept in between. Tables are made of
// the rows that are not there yet, in a ring of three.

// CHECK-LABEL: func.func @conv_0_lut_conv(
// CHECK-SAME:    %[[LOW:[^:,]*]]: index, %[[HIGH:[^:,]*]]: index) {
// CHECK-DAG:     %[[X:.*]] = memref.view %{{.*}} to memref<1x6x2x2x11xi64>
// CHECK-DAG:     %[[W:.*]] = memref.view %{{.*}} to memref<2x2x3x3x12x64xi8>
// CHECK-DAG:     %[[TABLES:.*]] = memref.alloca() {alignment = 64 : i64} : memref<3x10x11x64xi8>
// CHECK-DAG:     %[[KEPT:.*]] = memref.alloca() {alignment = 64 : i64} : memref<4x2x8x64xi16>
// CHECK:         scf.for %[[FIRST:.*]] = %[[LOW]] to %[[HIGH]]
// CHECK:           vector.store %{{.*}}, %[[KEPT]]
// CHECK:           scf.for %[[JOB:.*]] = %[[FIRST]] to %[[LAST:.*]] step %{{.*}} iter_args(%[[BUILT:.*]] = %{{.*}}) -> (index)
// CHECK:             %[[START:.*]] = arith.maxui %[[TOP:.*]], %[[BUILT]]
// CHECK-NEXT:        scf.for %[[R:.*]] = %[[START]] to %[[END:.*]] step
// CHECK:               %[[SLOT:.*]] = arith.remui %[[R]], %{{.*}}
// CHECK-NEXT:          lowbit.build_tables %[[X]], %[[TABLES]], %{{.*}}, %[[SLOT]], %{{.*}} columns 10 channels 64 x_code
// CHECK:             scf.for %[[BLOCK:.*]] =
// CHECK-NEXT:          scf.for %[[TILE:.*]] =
// CHECK:                 vector.load %[[KEPT]]
// CHECK:                 lowbit.lut_tile %[[TABLES]], %[[W]], {{.*}} pixels 4 registers 1 count 11 x_code
// CHECK-NOT:             lowbit.lut_sums
// CHECK:                 vector.store %{{.*}}, %[[KEPT]]
// CHECK:             scf.yield %[[END]]
// CHECK:           lowbit.build_tables {{.*}} columns 10 channels 6 x_code
// CHECK:           lowbit.lut_tile {{.*}} pixels 4 registers 1 count 1 x_code
// CHECK-NEXT:      lowbit.lut_sums {{.*}} elements 648
// CHECK:           vector.maskedstore
// CHECK:         lowbit.build_tables {{.*}} columns 3 channels 64 x_code
// CHECK:         lowbit.lut_tile {{.*}} pixels 1 registers 1 count 11 x_code
func.func @conv(%x: !x, %w: !w) -> !y {
  %y = lowbit.lut_conv %x, %w padding [1, 1, 1, 1] schedule #lowbit.schedule<tile = 4x4, unroll = 1, order = rows, segment = 4, strip = 2> : (!x, !w) -> !y
  func.return %y : !y
}
