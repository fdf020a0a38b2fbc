// RUN: ROUNDTRIP
// RUN: GENERIC_ROUNDTRIP

func.func @all(%v: vector<4xf32>, %i: i64, %p: !llvm.ptr, %w: vector<4xi32>) {
  // CHECK: llvmx.extractelement %v[%i : i64] : vector<4xf32> to f32
  %0 = llvmx.extractelement %v[%i : i64] : vector<4xf32> to f32
  // CHECK-NEXT: %[[MASK:\w+]] = llvmx.fcmp olt, %v, %v : vector<4xf32> to vector<4xi1>
  %mask = llvmx.fcmp olt, %v, %v : vector<4xf32> to vector<4xi1>
  // CHECK-NEXT: llvmx.select %{{.*}}, %v, %v : vector<4xi1>, vector<4xf32>
  %1 = llvmx.select %mask, %v, %v : vector<4xi1>, vector<4xf32>
  // CHECK-NEXT: llvmx.cast uitofp %w : vector<4xi32> to vector<4xf32>
  %2 = llvmx.cast uitofp %w : vector<4xi32> to vector<4xf32>
  // CHECK-NEXT: llvmx.masked_load %p, %{{.*}}, %w align 4 : !llvm.ptr, vector<4xi1>, vector<4xi32>
  %3 = llvmx.masked_load %p, %mask, %w align 4 : !llvm.ptr, vector<4xi1>, vector<4xi32>
  // CHECK-NEXT: llvmx.masked_store %{{.*}}, %p, %{{.*}} align 4 : vector<4xi32>, !llvm.ptr, vector<4xi1>
  llvmx.masked_store %3, %p, %mask align 4 : vector<4xi32>, !llvm.ptr, vector<4xi1>
  func.return
}
