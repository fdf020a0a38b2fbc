// RUN: lowbit-opt %s -p "simd-lower{target=znver5},convert-scf-to-cf,lowbit-to-llvm{target=znver5}" -t "lowbit-llvm-ir{target=znver5}" | filecheck %s
// RUN: lowbit-opt %s -p "simd-lower{target=znver5},convert-scf-to-cf,lowbit-to-llvm{target=znver5}" -t "lowbit-asm{target=znver5}" | filecheck %s --check-prefix=ZNVER5
// RUN: lowbit-opt %s -p "simd-lower{target=cortex-a53},convert-scf-to-cf,lowbit-to-llvm{target=cortex-a53}" -t "lowbit-asm{target=cortex-a53}" | filecheck %s --check-prefix=A53
// RUN: not lowbit-opt %s -t "lowbit-asm{target=z80}" 2>&1 | filecheck %s --check-prefix=NAME
// RUN: not lowbit-opt %s -t lowbit-llvm-ir 2>&1 | filecheck %s --check-prefix=LEVEL

// NAME: error: {{.*}}unknown target 'z80': expected one of host, x86-64,
// LEVEL: error: {{.*}}'memref.global': expected functions and globals of LLVM

// CHECK: @"table" = internal constant [8 x i8] c"\01\00\02\00\03\00\04\00", align 64
"memref.global"() <{sym_name = "table", sym_visibility = "private", constant, type = memref<2x2xi16>, initial_value = dense<[[1, 2], [3, 4]]> : tensor<2x2xi16>}> : () -> ()

// CHECK: @"elsewhere" = external global [16 x i8], align 4
llvm.mlir.global external @elsewhere() {alignment = 4 : i64} : !llvm.array<4 x i32>

// CHECK: @"scratch" = internal global [4 x i8] zeroinitializer
llvm.mlir.global internal @scratch() : !llvm.array<4 x i8>

// What is LLVM's already keeps its own attributes.
// CHECK: define void @"own"() nounwind noinline "frame-pointer"="all" "no-builtins" {
llvm.func @own() attributes {frame_pointer = #llvm.framePointerKind<all>, passthrough = ["no-builtins"]} {
  llvm.return
}

// CHECK: define void @"count"(ptr {{.*}}noalias{{.*}}) nounwind noinline "frame-pointer"="none" "no-builtins" {
// ZNVER5: count:
// A53: count:
func.func @count(%a: memref<64x4xi32>, %b: memref<4xi32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c64 = arith.constant 64 : index
  // CHECK: phi <4 x i32> [splat (i32 0), %b0]
  %zero = arith.constant dense<0> : vector<4xi32>
  %mask = arith.constant dense<[true, true, false, true]> : vector<4xi1>
  %sum = scf.for %i = %c0 to %c64 step %c1 iter_args(%acc = %zero) -> (vector<4xi32>) {
    // CHECK: load <4 x i32>, ptr %{{.*}}, align 4
    %v = vector.load %a[%i, %c0] : memref<64x4xi32>, vector<4xi32>
    // CHECK: call <4 x i32> @"llvm.ctpop.v4i32"
    // ZNVER5: vpopcntd {{.*}}%xmm
    // A53: cnt v{{[0-9]+}}.16b
    %n = simd.popcount_acc and %acc, %v, %v : vector<4xi32>
    scf.yield %n : vector<4xi32>
  }
  // CHECK: call void @"llvm.masked.store.v4i32.p0"(<4 x i32> %{{.*}}, ptr align 4 %{{.*}}, <4 x i1> <i1 -1, i1 -1, i1 0, i1 -1>)
  vector.maskedstore %b[%c0], %mask, %sum : memref<4xi32>, vector<4xi1>, vector<4xi32>
  func.return
}
