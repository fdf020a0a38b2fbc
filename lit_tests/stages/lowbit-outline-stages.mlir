// RUN: lowbit-opt %s -p lowbit-outline-stages | filecheck %s

// Launches become functions of the buffers that a runtime has, as bytes: inputs, outputs, and a
// workspace that each stage rounds up to the alignment of its slots.

// CHECK-LABEL: func.func @main_0_first(
// CHECK-SAME:    %[[X:.*]]: memref<32xi8> {llvm.align = 4 : i64}, %[[Y:.*]]: memref<32xi8> {llvm.align = 4 : i64}, %[[W:[a-z0-9]+]]: memref<191xi8>, %{{.*}}: index, %{{.*}}: index) {
// CHECK:         "memref.extract_aligned_pointer_as_index"(%[[W]])
// CHECK:         %[[SLOTS:.*]] = memref.assume_alignment %{{.*}}, 64 : memref<128xi8>
// CHECK-DAG:     %[[A:.*]] = memref.view %[[X]][%{{.*}}][] : memref<32xi8> to memref<8xi32>
// CHECK-DAG:     %[[AT:.*]] = arith.constant 64 : index
// CHECK-DAG:     %[[B:.*]] = memref.view %[[SLOTS]][%[[AT]]][] : memref<128xi8> to memref<32xi8>
// CHECK:         memref.load %[[A]]
// CHECK:         memref.store %{{.*}}, %[[B]][
// CHECK-NOT:     lowbit.view_as
// CHECK-LABEL: func.func @main(
// CHECK-SAME:    %[[X:.*]]: memref<32xi8> {llvm.align = 4 : i64}, %[[Y:.*]]: memref<32xi8> {llvm.align = 4 : i64}, %[[W:[a-z0-9]+]]: memref<191xi8>)
// CHECK-SAME:    lowbit.stages = {main_0_first = 8 : i64, main_1_second = 4 : i64}
// CHECK:         func.call @main_0_first(%[[X]], %[[Y]], %[[W]],
// CHECK:         func.call @main_1_second(%[[X]], %[[Y]], %[[W]],
func.func private @main_0_first(%x: memref<8xi32>, %y: memref<8xi32>, %low: index, %high: index) {
  %bytes = lowbit.view_as %y : (memref<8xi32>) -> memref<32xi8>
  %a = memref.load %x[%low] : memref<8xi32>
  %b = arith.trunci %a : i32 to i8
  memref.store %b, %bytes[%low] : memref<32xi8>
  func.return
}
func.func private @main_1_second(%x: memref<8xi32>, %y: memref<8xi32>, %low: index, %high: index) {
  func.return
}
func.func @main(%x: memref<8xi32>, %y: memref<8xi32>, %workspace: memref<191xi8>) attributes {lowbit.inputs = [tensor<8xi32>], lowbit.outputs = [tensor<8xi32>], lowbit.workspace = 191 : i64} {
  %offset = arith.constant 64 : index
  %a = memref.view %workspace[%offset][] : memref<191xi8> to memref<8xi32>
  lowbit.launch @main_0_first(%x, %a : memref<8xi32>, memref<8xi32>) extent 8
  lowbit.launch @main_1_second(%a, %y : memref<8xi32>, memref<8xi32>) extent 4
  func.return
}
