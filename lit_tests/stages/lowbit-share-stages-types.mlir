// RUN: lowbit-opt %s -p lowbit-share-stages | filecheck %s

// Stages that differ in nothing but the types of results are not the same: cubes of i16 wrap.

// CHECK-LABEL: func.func private @main_0_cube(
// CHECK:         arith.extui %{{.*}} : i8 to i16
// CHECK-LABEL: func.func private @main_1_cube(
// CHECK:         arith.extui %{{.*}} : i8 to i32
// CHECK-LABEL: func.func @main(
// CHECK:         lowbit.launch @main_0_cube(
// CHECK:         lowbit.launch @main_1_cube(

func.func private @main_0_cube(%x: memref<8xi8>, %y: memref<8xi8>, %low: index, %high: index) {
  %step = arith.constant 1 : index
  scf.for %i = %low to %high step %step {
    %x0 = memref.load %x[%i] : memref<8xi8>
    %a0 = arith.extui %x0 : i8 to i16
    %b0 = arith.muli %a0, %a0 : i16
    %c0 = arith.muli %b0, %a0 : i16
    %d0 = arith.shrui %c0, %a0 : i16
    %x1 = arith.trunci %d0 : i16 to i8
    %a1 = arith.extui %x1 : i8 to i16
    %b1 = arith.muli %a1, %a1 : i16
    %c1 = arith.muli %b1, %a1 : i16
    %d1 = arith.shrui %c1, %a1 : i16
    %x2 = arith.trunci %d1 : i16 to i8
    %a2 = arith.extui %x2 : i8 to i16
    %b2 = arith.muli %a2, %a2 : i16
    %c2 = arith.muli %b2, %a2 : i16
    %d2 = arith.shrui %c2, %a2 : i16
    %x3 = arith.trunci %d2 : i16 to i8
    %a3 = arith.extui %x3 : i8 to i16
    %b3 = arith.muli %a3, %a3 : i16
    %c3 = arith.muli %b3, %a3 : i16
    %d3 = arith.shrui %c3, %a3 : i16
    %x4 = arith.trunci %d3 : i16 to i8
    %a4 = arith.extui %x4 : i8 to i16
    %b4 = arith.muli %a4, %a4 : i16
    %c4 = arith.muli %b4, %a4 : i16
    %d4 = arith.shrui %c4, %a4 : i16
    %x5 = arith.trunci %d4 : i16 to i8
    memref.store %x5, %y[%i] : memref<8xi8>
  }
  func.return
}

func.func private @main_1_cube(%x: memref<8xi8>, %y: memref<8xi8>, %low: index, %high: index) {
  %step = arith.constant 1 : index
  scf.for %i = %low to %high step %step {
    %x0 = memref.load %x[%i] : memref<8xi8>
    %a0 = arith.extui %x0 : i8 to i32
    %b0 = arith.muli %a0, %a0 : i32
    %c0 = arith.muli %b0, %a0 : i32
    %d0 = arith.shrui %c0, %a0 : i32
    %x1 = arith.trunci %d0 : i32 to i8
    %a1 = arith.extui %x1 : i8 to i32
    %b1 = arith.muli %a1, %a1 : i32
    %c1 = arith.muli %b1, %a1 : i32
    %d1 = arith.shrui %c1, %a1 : i32
    %x2 = arith.trunci %d1 : i32 to i8
    %a2 = arith.extui %x2 : i8 to i32
    %b2 = arith.muli %a2, %a2 : i32
    %c2 = arith.muli %b2, %a2 : i32
    %d2 = arith.shrui %c2, %a2 : i32
    %x3 = arith.trunci %d2 : i32 to i8
    %a3 = arith.extui %x3 : i8 to i32
    %b3 = arith.muli %a3, %a3 : i32
    %c3 = arith.muli %b3, %a3 : i32
    %d3 = arith.shrui %c3, %a3 : i32
    %x4 = arith.trunci %d3 : i32 to i8
    %a4 = arith.extui %x4 : i8 to i32
    %b4 = arith.muli %a4, %a4 : i32
    %c4 = arith.muli %b4, %a4 : i32
    %d4 = arith.shrui %c4, %a4 : i32
    %x5 = arith.trunci %d4 : i32 to i8
    memref.store %x5, %y[%i] : memref<8xi8>
  }
  func.return
}

func.func @main(%x: memref<8xi8>, %y: memref<8xi8>, %z: memref<8xi8>) attributes {lowbit.inputs = [tensor<8xi8>], lowbit.outputs = [tensor<8xi8>, tensor<8xi8>]} {
  lowbit.launch @main_0_cube(%x, %y : memref<8xi8>, memref<8xi8>) extent 8
  lowbit.launch @main_1_cube(%x, %z : memref<8xi8>, memref<8xi8>) extent 8
  func.return
}
