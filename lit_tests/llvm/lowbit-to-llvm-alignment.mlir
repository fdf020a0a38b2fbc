// RUN: lowbit-opt %s -p "convert-scf-to-cf,lowbit-to-llvm{target=cortex-a7}" --split-input-file --verify-diagnostics | filecheck %s

// Accesses of a view of bytes state what is known of the bytes, at most one element: nothing of an
// argument without llvm.align, and of the others the common divisor with the offset.

// CHECK-LABEL: llvm.func @views(
// CHECK-SAME:    llvm.align = 1 : i64, {{.*}} llvm.align = 4 : i64, {{.*}} llvm.align = 16 : i64,
func.func @views(%a: memref<64xi8>, %b: memref<64xi8> {llvm.align = 4 : i64}, %c: memref<64xi8> {llvm.align = 16 : i64}, %i: index) -> i32 {
  %c0 = arith.constant 0 : index
  %c2 = arith.constant 2 : index
  %c8 = arith.constant 8 : index
  %mask = arith.constant dense<true> : vector<4xi1>
  %a0 = memref.view %a[%c0][] : memref<64xi8> to memref<4xi32>
  %b0 = memref.view %b[%c8][] : memref<64xi8> to memref<4xi64>
  %b2 = memref.view %b[%c2][] : memref<64xi8> to memref<4xi32>
  %offset = arith.muli %i, %c8 : index
  %c8i = memref.view %c[%offset][] : memref<64xi8> to memref<4xi64>
  %ci = memref.view %c[%i][] : memref<64xi8> to memref<4xi64>
  %known = memref.assume_alignment %a, 64 : memref<64xi8>
  %k8 = memref.view %known[%c8][] : memref<64xi8> to memref<4xi32>
  // CHECK: %[[V:.*]] = llvm.load %{{.*}} {alignment = 1 : i64} : !llvm.ptr -> i32
  %v = memref.load %a0[%c2] : memref<4xi32>
  // CHECK: llvm.load %{{.*}} {alignment = 4 : i64} : !llvm.ptr -> i64
  %w = memref.load %b0[%c2] : memref<4xi64>
  // CHECK: llvm.store %[[V]], %{{.*}} {alignment = 2 : i64} : i32
  memref.store %v, %b2[%c0] : memref<4xi32>
  // CHECK: llvm.store %{{.*}}, %{{.*}} {alignment = 8 : i64} : i64
  memref.store %w, %c8i[%c0] : memref<4xi64>
  // CHECK: llvm.store %{{.*}}, %{{.*}} {alignment = 1 : i64} : i64
  memref.store %w, %ci[%c0] : memref<4xi64>
  // CHECK: %[[L:.*]] = llvm.load %{{.*}} {alignment = 4 : i64} : !llvm.ptr -> vector<4xi32>
  %l = vector.load %k8[%c0] : memref<4xi32>, vector<4xi32>
  // CHECK: llvm.intr.masked.store %[[L]], %{{.*}} {alignment = 1 : i32}
  vector.maskedstore %a0[%c0], %mask, %l : memref<4xi32>, vector<4xi1>, vector<4xi32>
  func.return %v : i32
}

// An element of a buffer is aligned to its size whatever the buffer says.
// CHECK: llvm.mlir.global {{.*}} @table({{.*}}) {addr_space = 0 : i32, alignment = 4 : i64}
"memref.global"() <{sym_name = "table", sym_visibility = "private", constant, type = memref<2xi32>, initial_value = dense<[1, 2]> : tensor<2xi32>, alignment = 1 : i64}> : () -> ()
// CHECK-LABEL: llvm.func @buffers(
func.func @buffers(%i: index) -> i64 {
  // CHECK: llvm.alloca {{.*}} x i64 {alignment = 8 : i64}
  %m = memref.alloca() {alignment = 2 : i64} : memref<4xi64>
  %v = memref.load %m[%i] : memref<4xi64>
  func.return %v : i64
}

// -----

// CHECK: an alignment is a power of two up to 4294967296, got 3
func.func @argument(%a: memref<64xi8> {llvm.align = 3 : i64}) {
  func.return
}

// -----

func.func @assumption(%a: memref<64xi8>, %i: index) -> i8 {
  // CHECK: an alignment is a power of two up to 4294967296, got 48
  %b = memref.assume_alignment %a, 48 : memref<64xi8>
  %v = memref.load %b[%i] : memref<64xi8>
  func.return %v : i8
}
