// RUN: lowbit-opt %s -p "simd-lower{target=znver5}" | filecheck %s --check-prefixes=CHECK,VNNI
// RUN: lowbit-opt %s -p "simd-lower{target=x86-64-v3}" | filecheck %s --check-prefixes=CHECK,AVX2
// RUN: lowbit-opt %s -p "simd-lower{target=cortex-a53}" | filecheck %s --check-prefixes=CHECK,PORTABLE,NEON
// RUN: lowbit-opt %s -p "simd-lower{target=neoverse-n1}" | filecheck %s --check-prefixes=CHECK,PORTABLE,DOTPROD

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

// Bytes that are both signed, or both unsigned. The second factor is the one whose lane is taken.

// CHECK-LABEL: func.func @alike
// DOTPROD-NEXT:  %[[A:.*]] = llvm.bitcast %a : vector<4xi32> to vector<16xi8>
// DOTPROD-NEXT:  %[[B:.*]] = llvm.bitcast %b : vector<4xi32> to vector<16xi8>
// DOTPROD-NEXT:  llvm.call_intrinsic "llvm.aarch64.neon.sdot.v4i32.v16i8"(%acc, %[[B]], %[[A]])
// DOTPROD:       llvm.call_intrinsic "llvm.aarch64.neon.udot.v4i32.v16i8"
// NEON-NOT:      dot.v4i32
// VNNI:          "llvm.x86.avx512.vpdpbusd.128"
// VNNI-NOT:      vpdpbusd
func.func @alike(%acc: vector<4xi32>, %a: vector<4xi32>, %b: vector<4xi32>) -> vector<4xi32> {
  %r = simd.dot_acc small_a %acc, %a, %b : vector<4xi32>
  %s = simd.dot_acc unsigned_b %r, %a, %b : vector<4xi32>
  func.return %s : vector<4xi32>
}

// Sums of bytes: neighbours, and neighbours of these.

// CHECK-LABEL: func.func @ones
// NEON:          %[[P:.*]] = llvm.call_intrinsic "llvm.aarch64.neon.uaddlp.v8i16.v16i8"
// NEON-NEXT:     %[[S:.*]] = llvm.call_intrinsic "llvm.aarch64.neon.uaddlp.v4i32.v8i16"(%[[P]])
// NEON-NEXT:     arith.addi %acc, %[[S]]
// DOTPROD:       llvm.call_intrinsic "llvm.aarch64.neon.udot.v4i32.v16i8"
// VNNI:          "llvm.x86.avx512.vpdpbusd.128"
func.func @ones(%acc: vector<4xi32>, %a: vector<4xi32>) -> vector<4xi32> {
  %b = arith.constant dense<0x01010101> : vector<4xi32>
  %r = simd.dot_acc no_saturation %acc, %a, %b : vector<4xi32>
  func.return %r : vector<4xi32>
}
