// RUN: ROUNDTRIP
// RUN: GENERIC_ROUNDTRIP

func.func @all(%v: vector<4xf32>, %i: i64, %p: !llvm.ptr, %w: vector<4xi32>, %b: i1, %x: f32) {
  // CHECK: llvm.extractelement %v[%i : i64] : vector<4xf32>
  %0 = llvm.extractelement %v[%i : i64] : vector<4xf32>
  // CHECK-NEXT: %[[MASK:\w+]] = llvm.fcmp "olt" %v, %v : vector<4xf32>
  %mask = llvm.fcmp "olt" %v, %v : vector<4xf32>
  // CHECK-NEXT: llvm.fcmp "_true" %x, %x {fastmathFlags = #llvm.fastmath<nnan>} : f32
  %1 = llvm.fcmp "_true" %x, %x {fastmathFlags = #llvm.fastmath<nnan>} : f32
  // CHECK-NEXT: llvm.select %{{.*}}, %v, %v : vector<4xi1>, vector<4xf32>
  %2 = llvm.select %mask, %v, %v : vector<4xi1>, vector<4xf32>
  // CHECK-NEXT: llvm.select %b, %v, %v {fastmathFlags = #llvm.fastmath<nsz>} : i1, vector<4xf32>
  %3 = llvm.select %b, %v, %v {fastmathFlags = #llvm.fastmath<nsz>} : i1, vector<4xf32>
  // CHECK-NEXT: llvm.fptosi %v : vector<4xf32> to vector<4xi32>
  %4 = llvm.fptosi %v : vector<4xf32> to vector<4xi32>
  // CHECK-NEXT: llvm.fptoui %x : f32 to i8
  %5 = llvm.fptoui %x : f32 to i8
  // CHECK-NEXT: llvm.uitofp nneg %w : vector<4xi32> to vector<4xf32>
  %6 = llvm.uitofp nneg %w : vector<4xi32> to vector<4xf32>
  // CHECK-NEXT: llvm.trunc %w overflow<nsw> : vector<4xi32> to vector<4xi8>
  %t = llvm.trunc %w overflow<nsw> : vector<4xi32> to vector<4xi8>
  // CHECK-NEXT: llvm.intr.masked.load %p, %{{.*}}, %w {alignment = 4 : i32} : (!llvm.ptr, vector<4xi1>, vector<4xi32>) -> vector<4xi32>
  %7 = llvm.intr.masked.load %p, %mask, %w {alignment = 4 : i32} : (!llvm.ptr, vector<4xi1>, vector<4xi32>) -> vector<4xi32>
  // CHECK-NEXT: llvm.intr.masked.store %{{.*}}, %p, %{{.*}} {alignment = 4 : i32} : vector<4xi32>, vector<4xi1> into !llvm.ptr
  llvm.intr.masked.store %7, %p, %mask {alignment = 4 : i32} : vector<4xi32>, vector<4xi1> into !llvm.ptr
  func.return
}
