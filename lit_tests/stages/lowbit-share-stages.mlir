// RUN: lowbit-opt %s -p lowbit-share-stages | filecheck %s
// RUN: lowbit-opt %s -p lowbit-share-stages,lowbit-plan-memory,lowbit-outline-stages | filecheck %s --check-prefix=OUTLINED

// Two stages differ in the table that they read, which becomes an argument; a third one in a number.

// CHECK-LABEL: func.func private @main_0_table_shared(
// CHECK-SAME:    %{{.*}}: memref<8x16xi32>, %[[Y:.*]]: memref<8x16xi32>, %[[T:.*]]: memref<16xi32>, %{{.*}}: index, %{{.*}}: index)
// CHECK-NOT:     memref.get_global
// CHECK-NOT:   @main_1_table(
// CHECK-LABEL: func.func private @main_2_table(
// CHECK-LABEL: func.func @main(
// CHECK-SAME:    %[[X:.*]]: memref<8x16xi32>, %[[Y:.*]]: memref<8x16xi32>)
// CHECK:         %[[T:.*]] = memref.get_global @first : memref<16xi32>
// CHECK-NEXT:    lowbit.launch @main_0_table_shared(%[[X]], %{{.*}}, %[[T]] : memref<8x16xi32>, memref<8x16xi32>, memref<16xi32>) extent 8 {lowbit.stage = "main_0_table"}
// CHECK:         %[[T:.*]] = memref.get_global @second : memref<16xi32>
// CHECK-NEXT:    lowbit.launch @main_0_table_shared(%{{.*}}, %{{.*}}, %[[T]] : memref<8x16xi32>, memref<8x16xi32>, memref<16xi32>) extent 8 {lowbit.stage = "main_1_table"}

// OUTLINED-LABEL: func.func private @main_0_table_shared(%x: memref<8x16xi32> {llvm.align = 4 : i64}, %y: memref<8x16xi32> {llvm.align = 4 : i64}, %table: memref<16xi32> {llvm.align = 4 : i64}, %low: index, %high: index)
// OUTLINED-LABEL: func.func @main_0_table(
// OUTLINED:         %{{.*}} = memref.view
// OUTLINED:         %{{.*}} = memref.view
// OUTLINED:         %[[T:[0-9]+]] = memref.get_global @first : memref<16xi32>
// OUTLINED-NEXT:    func.call @main_0_table_shared(%{{.*}}, %{{.*}}, %[[T]], %{{.*}}, %{{.*}})
// OUTLINED-NEXT:    func.return
// OUTLINED-LABEL: func.func @main_1_table(
// OUTLINED:         func.call @main_0_table_shared(
// OUTLINED-LABEL: func.func @main_2_table(
// OUTLINED-LABEL: func.func @main(
// OUTLINED-SAME:    lowbit.stages = {main_0_table = 8 : i64, main_1_table = 8 : i64, main_2_table = 8 : i64}

func.func private @main_0_table(%x: memref<8x16xi32>, %y: memref<8x16xi32>, %low: index, %high: index) {
  %n = arith.constant 1 : i32
  %c1 = arith.constant 1 : index
  %c = arith.constant 0 : index
  %table = memref.get_global @first : memref<16xi32>
  scf.for %r = %low to %high step %c1 {
      %t0 = memref.load %table[%r] : memref<16xi32>
      %a0 = memref.load %x[%r, %c] : memref<8x16xi32>
      %b0 = arith.addi %a0, %n : i32
      %d0 = arith.addi %b0, %t0 : i32
      memref.store %d0, %y[%r, %c] : memref<8x16xi32>
      %t1 = arith.addi %t0, %d0 : i32
      %a1 = memref.load %x[%r, %c] : memref<8x16xi32>
      %b1 = arith.addi %a1, %n : i32
      %d1 = arith.addi %b1, %t1 : i32
      memref.store %d1, %y[%r, %c] : memref<8x16xi32>
      %t2 = arith.addi %t1, %d1 : i32
      %a2 = memref.load %x[%r, %c] : memref<8x16xi32>
      %b2 = arith.addi %a2, %n : i32
      %d2 = arith.addi %b2, %t2 : i32
      memref.store %d2, %y[%r, %c] : memref<8x16xi32>
      %t3 = arith.addi %t2, %d2 : i32
      %a3 = memref.load %x[%r, %c] : memref<8x16xi32>
      %b3 = arith.addi %a3, %n : i32
      %d3 = arith.addi %b3, %t3 : i32
      memref.store %d3, %y[%r, %c] : memref<8x16xi32>
      %t4 = arith.addi %t3, %d3 : i32
  }
  func.return
}
func.func private @main_1_table(%x: memref<8x16xi32>, %y: memref<8x16xi32>, %low: index, %high: index) {
  %n = arith.constant 1 : i32
  %c1 = arith.constant 1 : index
  %c = arith.constant 0 : index
  %table = memref.get_global @second : memref<16xi32>
  scf.for %r = %low to %high step %c1 {
      %t0 = memref.load %table[%r] : memref<16xi32>
      %a0 = memref.load %x[%r, %c] : memref<8x16xi32>
      %b0 = arith.addi %a0, %n : i32
      %d0 = arith.addi %b0, %t0 : i32
      memref.store %d0, %y[%r, %c] : memref<8x16xi32>
      %t1 = arith.addi %t0, %d0 : i32
      %a1 = memref.load %x[%r, %c] : memref<8x16xi32>
      %b1 = arith.addi %a1, %n : i32
      %d1 = arith.addi %b1, %t1 : i32
      memref.store %d1, %y[%r, %c] : memref<8x16xi32>
      %t2 = arith.addi %t1, %d1 : i32
      %a2 = memref.load %x[%r, %c] : memref<8x16xi32>
      %b2 = arith.addi %a2, %n : i32
      %d2 = arith.addi %b2, %t2 : i32
      memref.store %d2, %y[%r, %c] : memref<8x16xi32>
      %t3 = arith.addi %t2, %d2 : i32
      %a3 = memref.load %x[%r, %c] : memref<8x16xi32>
      %b3 = arith.addi %a3, %n : i32
      %d3 = arith.addi %b3, %t3 : i32
      memref.store %d3, %y[%r, %c] : memref<8x16xi32>
      %t4 = arith.addi %t3, %d3 : i32
  }
  func.return
}
func.func private @main_2_table(%x: memref<8x16xi32>, %y: memref<8x16xi32>, %low: index, %high: index) {
  %n = arith.constant 2 : i32
  %c1 = arith.constant 1 : index
  %c = arith.constant 0 : index
  %table = memref.get_global @second : memref<16xi32>
  scf.for %r = %low to %high step %c1 {
      %t0 = memref.load %table[%r] : memref<16xi32>
      %a0 = memref.load %x[%r, %c] : memref<8x16xi32>
      %b0 = arith.addi %a0, %n : i32
      %d0 = arith.addi %b0, %t0 : i32
      memref.store %d0, %y[%r, %c] : memref<8x16xi32>
      %t1 = arith.addi %t0, %d0 : i32
      %a1 = memref.load %x[%r, %c] : memref<8x16xi32>
      %b1 = arith.addi %a1, %n : i32
      %d1 = arith.addi %b1, %t1 : i32
      memref.store %d1, %y[%r, %c] : memref<8x16xi32>
      %t2 = arith.addi %t1, %d1 : i32
      %a2 = memref.load %x[%r, %c] : memref<8x16xi32>
      %b2 = arith.addi %a2, %n : i32
      %d2 = arith.addi %b2, %t2 : i32
      memref.store %d2, %y[%r, %c] : memref<8x16xi32>
      %t3 = arith.addi %t2, %d2 : i32
      %a3 = memref.load %x[%r, %c] : memref<8x16xi32>
      %b3 = arith.addi %a3, %n : i32
      %d3 = arith.addi %b3, %t3 : i32
      memref.store %d3, %y[%r, %c] : memref<8x16xi32>
      %t4 = arith.addi %t3, %d3 : i32
  }
  func.return
}
func.func @main(%x: memref<8x16xi32>, %y: memref<8x16xi32>) attributes {lowbit.inputs = [tensor<8x16xi32>], lowbit.outputs = [tensor<8x16xi32>]} {
  %a = memref.alloc() : memref<8x16xi32>
  lowbit.launch @main_0_table(%x, %a : memref<8x16xi32>, memref<8x16xi32>) extent 8
  %b = memref.alloc() : memref<8x16xi32>
  lowbit.launch @main_1_table(%a, %b : memref<8x16xi32>, memref<8x16xi32>) extent 8
  lowbit.launch @main_2_table(%b, %y : memref<8x16xi32>, memref<8x16xi32>) extent 8
  func.return
}
"memref.global"() <{sym_name = "first", type = memref<16xi32>, initial_value = dense<1> : tensor<16xi32>, sym_visibility = "private", constant}> : () -> ()
"memref.global"() <{sym_name = "second", type = memref<16xi32>, initial_value = dense<2> : tensor<16xi32>, sym_visibility = "private", constant}> : () -> ()
