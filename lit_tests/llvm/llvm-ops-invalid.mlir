// RUN: lowbit-opt %s --split-input-file --parsing-diagnostics --verify-diagnostics | filecheck %s

// CHECK: unknown predicate "lt": expected one of _false, oeq, {{.*}}, uno, _true
func.func @f(%v: vector<4xf32>) {
  %0 = llvm.fcmp "lt" %v, %v : vector<4xf32>
  func.return
}

// -----

// CHECK: expected a predicate of 0 to 15, got 16
func.func @f(%v: f32) {
  %0 = "llvm.fcmp"(%v, %v) <{predicate = 16 : i64, fastmathFlags = #llvm.fastmath<none>}> : (f32, f32) -> i1
  func.return
}

// -----

// CHECK: a vector of type vector<4xf32> takes a mask vector<4xi1>, got vector<8xi1>
func.func @f(%v: vector<4xf32>) {
  %0 = "llvm.fcmp"(%v, %v) <{predicate = 1 : i64, fastmathFlags = #llvm.fastmath<none>}> : (vector<4xf32>, vector<4xf32>) -> vector<8xi1>
  func.return
}

// -----

// CHECK: a vector of type vector<4xi8> takes a mask vector<4xi1>, got vector<8xi1>
func.func @f(%m: vector<8xi1>, %v: vector<4xi8>) {
  %0 = llvm.select %m, %v, %v : vector<8xi1>, vector<4xi8>
  func.return
}

// -----

// CHECK: expected a vector beside the mask, got i8
func.func @f(%m: vector<8xi1>, %v: i8) {
  %0 = llvm.select %m, %v, %v : vector<8xi1>, i8
  func.return
}

// -----

// CHECK: a cast keeps the number of lanes, got vector<4xf32> and i32
func.func @f(%v: vector<4xf32>) {
  %0 = llvm.fptosi %v : vector<4xf32> to i32
  func.return
}

// -----

// CHECK: a vector of type vector<4xi8> takes a mask vector<4xi1>, got vector<8xi1>
func.func @f(%p: !llvm.ptr, %m: vector<8xi1>, %v: vector<4xi8>) {
  %0 = llvm.intr.masked.load %p, %m, %v {alignment = 1 : i32} : (!llvm.ptr, vector<8xi1>, vector<4xi8>) -> vector<4xi8>
  func.return
}

// -----

// CHECK: a vector of type vector<4xi8> takes a mask vector<4xi1>, got vector<8xi1>
func.func @f(%p: !llvm.ptr, %m: vector<8xi1>, %v: vector<4xi8>) {
  llvm.intr.masked.store %v, %p, %m {alignment = 1 : i32} : vector<4xi8>, vector<8xi1> into !llvm.ptr
  func.return
}

// -----

// CHECK: expected fewer bits than in i8, got i32
func.func @f(%v: i8) {
  %0 = llvm.trunc %v : i8 to i32
  func.return
}

// -----

// CHECK: expected integers, got f32 and i8
func.func @f(%v: f32) {
  %0 = llvm.trunc %v : f32 to i8
  func.return
}
