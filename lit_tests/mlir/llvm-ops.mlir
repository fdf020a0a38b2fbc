// REQUIRES: mlir
// RUN: lowbit-opt %s > %t.text
// RUN: %{mlir-translate} --mlir-to-llvmir %t.text | filecheck %s
// RUN: lowbit-opt %s --print-op-generic > %t.generic
// RUN: %{mlir-translate} --mlir-to-llvmir %t.generic | filecheck %s
// RUN: lowbit-opt %s -t 'lowbit-llvm-ir{target=x86-64}' | filecheck %s

// MLIR reads the operations that xDSL lacks, and translates them as lowbit does.

// CHECK: @{{.*}}table{{.*}} = internal constant [
llvm.mlir.global internal constant @table(dense<[1, 2, 3, 4]> : tensor<4xi16>) {alignment = 64 : i64} : !llvm.array<4 x i16>
// CHECK: @{{.*}}elsewhere{{.*}} = external global [
llvm.mlir.global external @elsewhere() : !llvm.array<4 x i32>

// CHECK: define i32 @{{"?all"?}}(
llvm.func @all(%v: vector<4xf32>, %i: i64, %p: !llvm.ptr, %w: vector<4xi32>, %b: i1, %x: f32) -> i32 {
  // CHECK: fcmp olt <4 x float>
  %mask = llvm.fcmp "olt" %v, %v : vector<4xf32>
  // CHECK: fcmp nnan false float
  %0 = llvm.fcmp "_false" %x, %x {fastmathFlags = #llvm.fastmath<nnan>} : f32
  // CHECK: fcmp uno float
  %1 = llvm.fcmp "uno" %x, %x : f32
  // CHECK: select <4 x i1> {{.*}}, <4 x float>
  %2 = llvm.select %mask, %v, %v : vector<4xi1>, vector<4xf32>
  // CHECK: select nsz i1 {{.*}}, <4 x float>
  %3 = llvm.select %b, %v, %2 {fastmathFlags = #llvm.fastmath<nsz>} : i1, vector<4xf32>
  // CHECK: fptosi <4 x float> {{.*}} to <4 x i32>
  %4 = llvm.fptosi %3 : vector<4xf32> to vector<4xi32>
  // CHECK: fptoui float {{.*}} to i8
  %5 = llvm.fptoui %x : f32 to i8
  // CHECK: uitofp nneg <4 x i32> {{.*}} to <4 x float>
  %6 = llvm.uitofp nneg %w : vector<4xi32> to vector<4xf32>
  // CHECK: trunc nuw nsw <4 x i32> {{.*}} to <4 x i8>
  %7 = llvm.trunc %4 overflow<nsw, nuw> : vector<4xi32> to vector<4xi8>
  // CHECK: call <4 x i32> @{{"?}}llvm.masked.load.v4i32.p0{{"?}}(ptr align 4 %{{.*}}, <4 x i1> %{{.*}}, <4 x i32> %{{.*}})
  %8 = llvm.intr.masked.load %p, %mask, %w {alignment = 4 : i32} : (!llvm.ptr, vector<4xi1>, vector<4xi32>) -> vector<4xi32>
  // CHECK: call void @{{"?}}llvm.masked.store.v4i32.p0{{"?}}(<4 x i32> %{{.*}}, ptr align 4 %{{.*}}, <4 x i1> %{{.*}})
  llvm.intr.masked.store %8, %p, %mask {alignment = 4 : i32} : vector<4xi32>, vector<4xi1> into !llvm.ptr
  // CHECK: extractelement <4 x i32> %{{.*}}, i64 %
  %9 = llvm.extractelement %8[%i : i64] : vector<4xi32>
  llvm.return %9 : i32
}
