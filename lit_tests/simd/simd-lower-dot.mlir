// RUN: lowbit-opt %s -p "simd-lower{target=znver5}" | filecheck %s --check-prefixes=CHECK,VNNI
// RUN: lowbit-opt %s -p "simd-lower{target=x86-64-v3}" | filecheck %s --check-prefixes=CHECK,AVX2
// RUN: lowbit-opt %s -p "simd-lower{target=cortex-a53}" | filecheck %s --check-prefixes=CHECK,PORTABLE

// One instruction where there is one for these lanes. Without, bytes are widened to i16 first.

// CHECK-LABEL: func.func @any
// VNNI-NEXT:     %[[A:.*]] = llvm.bitcast %a : vector<8xi32> to vector<32xi8>
// VNNI-NEXT:     %[[B:.*]] = llvm.bitcast %b : vector<8xi32> to vector<32xi8>
// VNNI-NEXT:     %{{.*}} = llvm.call_intrinsic "llvm.x86.avx512.vpdpbusd.256"(%acc, %[[A]], %[[B]])
// AVX2:          arith.shrsi
// AVX2:          llvm.call_intrinsic "llvm.x86.avx2.pmadd.wd"
// AVX2-NEXT:     llvm.call_intrinsic "llvm.x86.avx2.pmadd.wd"
// AVX2-NEXT:     arith.addi
// AVX2-NEXT:     arith.addi %acc
// PORTABLE:      arith.muli
// PORTABLE:      arith.addi %acc
func.func @any(%acc: vector<8xi32>, %a: vector<8xi32>, %b: vector<8xi32>) -> vector<8xi32> {
  %r = simd.dot_acc %acc, %a, %b : vector<8xi32>
  func.return %r : vector<8xi32>
}

// Sums of two products that stay in i16 can be made by an instruction that saturates there.

// CHECK-LABEL: func.func @small
// VNNI:          "llvm.x86.avx512.vpdpbusd.256"
// AVX2-NEXT:     llvm.bitcast %a : vector<8xi32> to vector<32xi8>
// AVX2-NEXT:     llvm.bitcast %b : vector<8xi32> to vector<32xi8>
// AVX2-NEXT:     %[[PAIRS:.*]] = llvm.call_intrinsic "llvm.x86.avx2.pmadd.ub.sw"
// AVX2-NEXT:     %[[ONE:.*]] = arith.constant dense<1> : vector<16xi16>
// AVX2-NEXT:     %[[SUM:.*]] = llvm.call_intrinsic "llvm.x86.avx2.pmadd.wd"(%[[PAIRS]], %[[ONE]])
// AVX2-NEXT:     arith.addi %acc, %[[SUM]]
func.func @small(%acc: vector<8xi32>, %a: vector<8xi32>, %b: vector<8xi32>) -> vector<8xi32> {
  %r = simd.dot_acc no_saturation %acc, %a, %b : vector<8xi32>
  func.return %r : vector<8xi32>
}

// Lanes of two bytes.

// CHECK-LABEL: func.func @pairs
// VNNI:          "llvm.x86.avx2.pmadd.ub.sw"
// AVX2:          "llvm.x86.avx2.pmadd.ub.sw"
// PORTABLE-NOT:  call_intrinsic
// CHECK:         arith.addi %acc
func.func @pairs(%acc: vector<16xi16>, %a: vector<16xi16>, %b: vector<16xi16>) -> vector<16xi16> {
  %r = simd.dot_acc no_saturation %acc, %a, %b : vector<16xi16>
  func.return %r : vector<16xi16>
}

// CHECK-LABEL: func.func @wide_pairs
// CHECK-NOT:     pmadd.ub.sw
// CHECK:         arith.muli
func.func @wide_pairs(%acc: vector<16xi16>, %a: vector<16xi16>, %b: vector<16xi16>) -> vector<16xi16> {
  %r = simd.dot_acc %acc, %a, %b : vector<16xi16>
  func.return %r : vector<16xi16>
}
