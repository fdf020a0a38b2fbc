// RUN: lowbit-opt %s --split-input-file --verify-diagnostics | filecheck %s

// CHECK: the accumulator must have lanes of i8, i16, i32, i64, got vector<4xf32>
func.func @f(%a: vector<4xf32>) {
  %0 = simd.popcount_acc and %a, %a, %a : vector<4xf32>
  func.return
}

// -----

// CHECK: the accumulator must have a power of two of lanes, got vector<12xi32>
func.func @f(%a: vector<12xi32>) {
  %0 = simd.popcount_acc and %a, %a, %a : vector<12xi32>
  func.return
}

// -----

// CHECK: the accumulator must be a one-dimensional vector, got vector<4x4xi32>
func.func @f(%a: vector<4x4xi32>) {
  %0 = simd.popcount_acc and %a, %a, %a : vector<4x4xi32>
  func.return
}

// -----

// CHECK: simd.extui must widen the lanes, got i32 to i32
func.func @f(%a: vector<4xi32>) {
  %0 = simd.extui %a : vector<4xi32> to vector<4xi32>
  func.return
}

// -----

// CHECK: simd.trunci must narrow the lanes, got i8 to i16
func.func @f(%a: vector<4xi8>) {
  %0 = simd.trunci %a : vector<4xi8> to vector<4xi16>
  func.return
}

// -----

// CHECK: simd.extsi keeps the number of lanes: 4 in the operand, 8 in the result
func.func @f(%a: vector<4xi8>) {
  %0 = simd.extsi %a : vector<4xi8> to vector<8xi16>
  func.return
}

// -----

// CHECK: the result must have lanes of f32, got vector<4xf64>
func.func @f(%a: vector<4xi8>) {
  %0 = simd.sitofp %a : vector<4xi8> to vector<4xf64>
  func.return
}

// -----

// CHECK: the mask has 8 lanes, the operands have 4
func.func @f(%m: vector<8xi1>, %a: vector<4xi32>) {
  %0 = simd.select %m, %a, %a : vector<8xi1>, vector<4xi32>
  func.return
}

// -----

// CHECK: simd.pack_bits takes masks of 8, 16, 32, 64 lanes, got 4
func.func @f(%m: vector<4xi1>) {
  %0 = simd.pack_bits %m : vector<4xi1> to i4
  func.return
}

// -----

// CHECK: the result of packing 8 lanes is i8, got i16
func.func @f(%m: vector<8xi1>) {
  %0 = simd.pack_bits %m : vector<8xi1> to i16
  func.return
}

// -----

// CHECK: the sum of lanes of i8 is i8, got i32
func.func @f(%a: vector<8xi8>) {
  %0 = simd.reduce_add %a : vector<8xi8> to i32
  func.return
}

// -----

// CHECK: the operands have 8 lanes, the mask has 4
func.func @f(%a: vector<8xi8>) {
  %0 = simd.cmpi eq, %a, %a : vector<8xi8> to vector<4xi1>
  func.return
}

// -----

// CHECK: the memref holds i8, the result has lanes of i32
func.func @f(%m: memref<8xi8>, %i: index) {
  %0 = simd.broadcast_load %m[%i] : memref<8xi8> to vector<4xi32>
  func.return
}

// -----

// CHECK: a memref of rank 2 takes as many indices, got 1
func.func @f(%m: memref<8x8xi8>, %i: index) {
  %0 = simd.broadcast_load %m[%i] : memref<8x8xi8> to vector<4xi8>
  func.return
}

// -----

// CHECK: the accumulator must have lanes of i16 or i32, got vector<16xi8>
func.func @f(%a: vector<16xi8>) {
  %0 = simd.dot_acc %a, %a, %a : vector<16xi8>
  func.return
}

// -----

// CHECK: the table must have 16, 32, 64, 128, 256 entries, got 8
func.func @f(%t: vector<8xi8>, %i: vector<16xi8>) {
  %0 = simd.lookup %t, %i : vector<8xi8>, vector<16xi8>
  func.return
}

// -----

// CHECK: the index must have lanes of i8, got vector<16xi16>
func.func @f(%t: vector<16xi8>, %i: vector<16xi16>) {
  %0 = simd.lookup %t, %i : vector<16xi8>, vector<16xi16>
  func.return
}

// -----

func.func @narrow(%a: vector<16xi32>) {
  // CHECK: two vectors of 16 lanes of i32 narrow to one of 32 of i16, got vector<16xi16>
  %0 = simd.narrow %a, %a : vector<16xi32> to vector<16xi16>
  func.return
}

// -----

// CHECK: simd.unpack_bits makes masks of 8, 16, 32, 64 lanes of words as wide, got i8 to vector<16xi1>
func.func @f(%w: i8) {
  %0 = simd.unpack_bits %w : i8 to vector<16xi1>
  func.return
}

// -----

// CHECK: simd.unpack_bits makes masks of 8, 16, 32, 64 lanes of words as wide, got i4 to vector<4xi1>
func.func @f(%w: i4) {
  %0 = simd.unpack_bits %w : i4 to vector<4xi1>
  func.return
}

// -----

// CHECK: simd.pack_masks takes masks of 8, 16, 32, 64 lanes, got 4
func.func @f(%m: vector<4xi1>) {
  %0 = simd.pack_masks %m, %m : vector<4xi1> to vector<2xi4>
  func.return
}

// -----

// CHECK: 2 masks of 8 lanes make as many words of i8, got vector<4xi8>
func.func @f(%m: vector<8xi1>) {
  %0 = simd.pack_masks %m, %m : vector<8xi1> to vector<4xi8>
  func.return
}

// -----

// CHECK: products of vector<8xi8> are summed in lanes as wide or twice as wide, got vector<8xi32>
func.func @f(%acc: vector<8xi32>, %a: vector<8xi8>) {
  %0 = simd.mul_acc signed %acc, %a, %a : vector<8xi8> to vector<8xi32>
  func.return
}

// -----

// CHECK: lanes of i16 are shifted by 1 to 15, got 16
func.func @f(%a: vector<8xi16>) {
  %0 = simd.round_shift_acc %a, %a by 16 : vector<8xi16>
  func.return
}

// -----

// CHECK: simd.fptosi floor makes lanes of i32, got i16
func.func @f(%v: vector<4xf32>) {
  %0 = simd.fptosi floor %v : vector<4xf32> to vector<4xi16>
  func.return
}

// -----

// CHECK: the operands must have lanes of i8, i16, i32, i64, got vector<4xf32>
func.func @f(%v: vector<4xf32>) {
  %0 = simd.add_sat %v, %v : vector<4xf32>
  func.return
}
