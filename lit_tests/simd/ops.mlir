// RUN: ROUNDTRIP
// RUN: GENERIC_ROUNDTRIP

// CHECK-LABEL: func.func @all
func.func @all(%acc: vector<16xi32>, %a: vector<16xi32>, %m: memref<4x8xi32>, %i: index,
               %table: vector<64xi8>, %index: vector<16xi8>) {
  // CHECK: simd.popcount_acc and %acc, %a, %a : vector<16xi32>
  %0 = simd.popcount_acc and %acc, %a, %a : vector<16xi32>
  // CHECK-NEXT: simd.popcount_acc xor subtract %{{.*}}, %a, %a : vector<16xi32>
  %1 = simd.popcount_acc xor subtract %0, %a, %a : vector<16xi32>
  // CHECK-NEXT: simd.dot_acc %acc, %a, %a : vector<16xi32>
  %d = simd.dot_acc %acc, %a, %a : vector<16xi32>
  // CHECK-NEXT: simd.dot_acc no_saturation %{{.*}}, %a, %a : vector<16xi32>
  %n = simd.dot_acc no_saturation %d, %a, %a : vector<16xi32>
  // CHECK-NEXT: simd.dot_acc small_a unsigned_b %{{.*}}, %a, %a : vector<16xi32>
  %u = simd.dot_acc small_a unsigned_b %n, %a, %a : vector<16xi32>
  // CHECK-NEXT: simd.mul_acc signed %a, %a, %a : vector<16xi32> to vector<16xi32>
  %p = simd.mul_acc signed %a, %a, %a : vector<16xi32> to vector<16xi32>
  // CHECK-NEXT: simd.round_shift_acc %a, %{{.*}} by 8 : vector<16xi32>
  %h = simd.round_shift_acc %a, %p by 8 : vector<16xi32>
  // CHECK-NEXT: simd.trunci %{{.*}} : vector<16xi32> to vector<16xi8>
  %2 = simd.trunci %1 : vector<16xi32> to vector<16xi8>
  // CHECK-NEXT: simd.extui %{{.*}} : vector<16xi8> to vector<16xi32>
  %3 = simd.extui %2 : vector<16xi8> to vector<16xi32>
  // CHECK-NEXT: simd.extsi %{{.*}} : vector<16xi8> to vector<16xi16>
  %4 = simd.extsi %2 : vector<16xi8> to vector<16xi16>
  // CHECK-NEXT: simd.cmpi ult, %{{.*}}, %a : vector<16xi32> to vector<16xi1>
  %5 = simd.cmpi ult, %3, %a : vector<16xi32> to vector<16xi1>
  // CHECK-NEXT: simd.select %{{.*}}, %a, %{{.*}} : vector<16xi1>, vector<16xi32>
  %6 = simd.select %5, %a, %3 : vector<16xi1>, vector<16xi32>
  // CHECK-NEXT: simd.extui %{{.*}} : vector<16xi1> to vector<16xi8>
  %7 = simd.extui %5 : vector<16xi1> to vector<16xi8>
  // CHECK-NEXT: simd.pack_bits %{{.*}} : vector<16xi1> to i16
  %8 = simd.pack_bits %5 : vector<16xi1> to i16
  // CHECK-NEXT: simd.pack_masks %{{.*}}, %{{.*}} : vector<16xi1> to vector<2xi16>
  %18 = simd.pack_masks %5, %5 : vector<16xi1> to vector<2xi16>
  // CHECK-NEXT: simd.reduce_add %{{.*}} : vector<16xi32> to i32
  %9 = simd.reduce_add %6 : vector<16xi32> to i32
  // CHECK-NEXT: simd.broadcast_load %m[%i, %i] : memref<4x8xi32> to vector<16xi32>
  %10 = simd.broadcast_load %m[%i, %i] : memref<4x8xi32> to vector<16xi32>
  // CHECK-NEXT: simd.narrow %a, %acc : vector<16xi32> to vector<32xi16>
  %20 = simd.narrow %a, %acc : vector<16xi32> to vector<32xi16>
  // CHECK-NEXT: simd.narrow no_saturation %{{.*}}, %{{.*}} : vector<32xi16> to vector<64xi8>
  %21 = simd.narrow no_saturation %20, %20 : vector<32xi16> to vector<64xi8>
  // CHECK-NEXT: simd.sitofp %{{.*}} : vector<16xi32> to vector<16xf32>
  %11 = simd.sitofp %10 : vector<16xi32> to vector<16xf32>
  // CHECK-NEXT: simd.fptosi %{{.*}} : vector<16xf32> to vector<16xi8>
  %12 = simd.fptosi %11 : vector<16xf32> to vector<16xi8>
  // CHECK-NEXT: simd.fptosi floor %{{.*}} : vector<16xf32> to vector<16xi32>
  %13 = simd.fptosi floor %11 : vector<16xf32> to vector<16xi32>
  // CHECK-NEXT: simd.add_sat %{{.*}}, %a : vector<16xi32>
  %14 = simd.add_sat %13, %a : vector<16xi32>
  // CHECK-NEXT: simd.lookup %table, %index : vector<64xi8>, vector<16xi8>
  %15 = simd.lookup %table, %index : vector<64xi8>, vector<16xi8>
  // CHECK-NEXT: simd.lookup in_range %index, %index : vector<16xi8>, vector<16xi8>
  %16 = simd.lookup in_range %index, %index : vector<16xi8>, vector<16xi8>
  // CHECK-NEXT: simd.unpack_bits %{{.*}} : i16 to vector<16xi1>
  %17 = simd.unpack_bits %8 : i16 to vector<16xi1>
  func.return
}
