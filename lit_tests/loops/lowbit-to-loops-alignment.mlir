// RUN: lowbit-opt %s -p 'lowbit-to-loops{target=cortex-a7}' | filecheck %s
// RUN: lowbit-opt %s -p 'lowbit-to-loops{target=cortex-a7},simd-lower{target=cortex-a7},convert-scf-to-cf,lowbit-to-llvm{target=cortex-a7}' | filecheck %s --check-prefix=LLVM

!x = tensor<2x3x!lowbit.unipolar<2>, #lowbit.packed<axis = 1, word = i16, order = [p, 0, 1]>>
!y = tensor<2x3x!lowbit.unipolar<2>, #lowbit.packed<axis = 1, word = i64, order = [p, 0, 1]>>
!a = tensor<2x3x!lowbit.unipolar<2>>
!z = tensor<2x3xf32>

// Inputs and outputs are aligned to their elements. The workspace is aligned to nothing: each stage
// that uses it rounds it up to a multiple of 64, in the 63 bytes that it has for that.

// CHECK-LABEL: func.func @f_0_unpack(
// CHECK-SAME:    %[[X:.*]]: memref<8xi8> {llvm.align = 2 : i64}, %[[Y:.*]]: memref<32xi8> {llvm.align = 8 : i64}, %[[Z:.*]]: memref<24xi8> {llvm.align = 4 : i64}, %[[W:.*]]: memref<127xi8>, %{{.*}}: index, %{{.*}}: index)
// CHECK-NEXT:    %[[C64:.*]] = arith.constant 64 : index
// CHECK-NEXT:    %[[C63:.*]] = arith.constant 63 : index
// CHECK-NEXT:    %[[ADDRESS:.*]] = {{.*}}memref.extract_aligned_pointer_as_index{{.*}}%[[W]]{{.*}} -> index
// CHECK-NEXT:    %[[BEYOND:.*]] = arith.andi %[[ADDRESS]], %[[C63]] : index
// CHECK-NEXT:    %[[MISSING:.*]] = arith.subi %[[C64]], %[[BEYOND]] : index
// CHECK-NEXT:    %[[SKIPPED:.*]] = arith.andi %[[MISSING]], %[[C63]] : index
// CHECK-NEXT:    %[[ROUNDED:.*]] = memref.view %[[W]][%[[SKIPPED]]][] : memref<127xi8> to memref<64xi8>
// CHECK-NEXT:    %[[ALIGNED:.*]] = memref.assume_alignment %[[ROUNDED]], 64 : memref<64xi8>
// CHECK-DAG:     memref.view %[[X]][%{{.*}}][] : memref<8xi8> to memref<2x2x1xi16>
// CHECK-DAG:     memref.view %[[ALIGNED]][%{{.*}}][] : memref<64xi8> to memref<2x3xi8>

// A stage that does not use the workspace leaves it alone.
// CHECK-LABEL: func.func @f_1_zero_gaps(
// CHECK-NOT:     extract_aligned_pointer
// CHECK-LABEL: func.func @f_2_bitpack(
// CHECK:         extract_aligned_pointer
// CHECK-LABEL: func.func @f(
// CHECK-SAME:    %[[X:.*]]: memref<8xi8> {llvm.align = 2 : i64}, %[[Y:.*]]: memref<32xi8> {llvm.align = 8 : i64}, %[[Z:.*]]: memref<24xi8> {llvm.align = 4 : i64}, %[[W:.*]]: memref<127xi8>)
// CHECK-SAME:    lowbit.workspace = 127 : i64
// CHECK-NOT:     extract_aligned_pointer
// CHECK:         func.call @f_0_unpack(%[[X]], %[[Y]], %[[Z]], %[[W]], %

// LLVM-LABEL: llvm.func @f_0_unpack(
// LLVM-SAME:    llvm.align = 2 : i64, {{.*}} llvm.align = 8 : i64, {{.*}} llvm.align = 4 : i64, {{.*}} llvm.align = 1 : i64,
// LLVM:         %[[ADDRESS:.*]] = llvm.ptrtoint %{{.*}} : !llvm.ptr to i32
// LLVM:         llvm.load %{{.*}} {alignment = 2 : i64} : !llvm.ptr -> i16
// LLVM-LABEL: llvm.func @f_2_bitpack(
// LLVM:         llvm.store %{{.*}}, %{{.*}} {alignment = 8 : i64} : i64, !llvm.ptr
func.func @f(%x: !x) -> (!y, !z) {
  %a = lowbit.unpack %x : (!x) -> !a
  %y = lowbit.bitpack %a : (!a) -> !y
  %z = lowbit.dequantize %a scale [0.5] : (!a) -> !z
  func.return %y, %z : !y, !z
}
