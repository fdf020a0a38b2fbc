// RUN: lowbit-opt %s -p "convert-scf-to-cf,lowbit-to-llvm{target=x86-64-v3}" | filecheck %s
// RUN: lowbit-opt %s -p "convert-scf-to-cf,lowbit-to-llvm{target=cortex-a7}" | filecheck %s --check-prefix=ARMV7

"memref.global"() <{sym_name = "table", sym_visibility = "private", constant, type = memref<2x2xi16>, initial_value = dense<[[1, 2], [3, 4]]> : tensor<2x2xi16>}> : () -> ()
// CHECK: llvm.mlir.global internal constant @table(dense<[1, 2, 3, 4]> : tensor<4xi16>) {addr_space = 0 : i32, alignment = 64 : i64} : !llvm.array<4 x i16>

"memref.global"() <{sym_name = "one", sym_visibility = "public", type = memref<f32>, initial_value = dense<1.5> : tensor<f32>}> : () -> ()
// CHECK: llvm.mlir.global external @one(dense<1.500000e+00> : tensor<1xf32>) {{{.*}}} : !llvm.array<1 x f32>

// Without a value it would be declared only, and defined elsewhere.
"memref.global"() <{sym_name = "scratch", sym_visibility = "public", type = memref<2x3xi8>, initial_value}> : () -> ()
// CHECK: llvm.mlir.global external @scratch(dense<0> : tensor<6xi8>) {{{.*}}} : !llvm.array<6 x i8>

// Arguments: nothing overlaps a buffer, and all of it can be read.
// CHECK: llvm.func @copy(%{{.*}}: !llvm.ptr {{{.*}}llvm.noalias{{.*}}llvm.align = 4 : i64{{.*}}llvm.dereferenceable = 512 : i64}, %{{.*}}: !llvm.ptr
func.func @copy(%from: memref<8x16xi32>, %to: memref<8x16xi32>) {
  // CHECK: %[[ZERO:\w+]] = llvm.mlir.constant(0) : i64
  // ARMV7: llvm.func @copy
  // ARMV7-NEXT: llvm.mlir.constant(0 : i32) : i32
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c8 = arith.constant 8 : index
  // CHECK: llvm.br ^[[HEAD:\w+]](%{{.*}} : i64)
  scf.for %i = %c0 to %c8 step %c1 {
    // CHECK: %[[ROW:\w+]] = llvm.mul %{{.*}}, %{{.*}} overflow<nsw> : i64
    // CHECK-NEXT: %[[AT:\w+]] = llvm.add %[[ROW]], %{{.*}} overflow<nsw> : i64
    // CHECK-NEXT: %[[FROM:\w+]] = llvm.getelementptr inbounds %{{.*}}[%[[AT]]] : (!llvm.ptr, i64) -> !llvm.ptr, i32
    // CHECK-NEXT: %[[V:\w+]] = llvm.load %[[FROM]] {alignment = 4 : i64} : !llvm.ptr -> vector<8xi32>
    %v = vector.load %from[%i, %c8] : memref<8x16xi32>, vector<8xi32>
    // CHECK-NEXT: %[[TO:\w+]] = llvm.getelementptr inbounds %{{.*}}[%[[ROW]]] : (!llvm.ptr, i64) -> !llvm.ptr, i32
    // CHECK-NEXT: llvm.store %[[V]], %[[TO]] {alignment = 4 : i64} : vector<8xi32>, !llvm.ptr
    vector.store %v, %to[%i, %c0] : memref<8x16xi32>, vector<8xi32>
  }
  // CHECK: llvm.return
  func.return
}

// CHECK: llvm.func internal @inner(%{{.*}}: i64) -> i64
func.func private @inner(%x: i64) -> i64 {
  func.return %x : i64
}

// CHECK: llvm.func @calls
func.func @calls(%x: i64, %i: index) -> i64 {
  // CHECK-NEXT: llvm.mlir.constant(32) : i64
  // CHECK-NEXT: llvm.alloca %{{.*}} x i64 {alignment = 64 : i64}
  // CHECK: llvm.call @inner(%{{.*}}) : (i64) -> i64
  %y = func.call @inner(%x) : (i64) -> i64
  %m = memref.alloca() : memref<4x8xi64>
  // A view's constant part goes into the accesses, its variable part becomes a pointer.
  // CHECK: %[[ROW:\w+]] = llvm.mul
  // CHECK-NEXT: %[[PTR:\w+]] = llvm.getelementptr inbounds %{{.*}}[%[[ROW]]] : (!llvm.ptr, i64) -> !llvm.ptr, i64
  %view = memref.subview %m[%i, 2][1, 4][1, 1] : memref<4x8xi64> to memref<4xi64, strided<[1], offset: ?>>
  %c1 = arith.constant 1 : index
  // CHECK-NEXT: %[[ADDR:\w+]] = llvm.getelementptr inbounds %[[PTR]][3] : (!llvm.ptr) -> !llvm.ptr, i64
  // CHECK-NEXT: llvm.store %{{.*}}, %[[ADDR]] {alignment = 8 : i64} : i64, !llvm.ptr
  memref.store %y, %view[%c1] : memref<4xi64, strided<[1], offset: ?>>
  %z = memref.load %view[%c1] : memref<4xi64, strided<[1], offset: ?>>
  func.return %z : i64
}

// Rounding is an instruction here, and arithmetic where it would be a call of libm.
// CHECK: llvm.func @round({{.*}}) -> vector<4xf32> attributes {no_unwind, no_inline, frame_pointer = #llvm.framePointerKind<none>, passthrough = ["no-builtins"]} {
// CHECK-NEXT: llvm.call_intrinsic "llvm.roundeven.v4f32"
// CHECK-NEXT: llvm.return
// ARMV7: llvm.func @round
// ARMV7-NOT: roundeven
// ARMV7: llvm.fcmp "olt"
// ARMV7: llvm.return
func.func @round(%x: vector<4xf32>) -> vector<4xf32> {
  %y = math.roundeven %x : vector<4xf32>
  func.return %y : vector<4xf32>
}
