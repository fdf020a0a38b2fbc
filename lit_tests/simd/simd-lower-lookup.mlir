// RUN: lowbit-opt %s -p "simd-lower{target=znver5}" | filecheck %s --check-prefixes=CHECK,VBMI
// RUN: lowbit-opt %s -p "simd-lower{target=x86-64-v3}" | filecheck %s --check-prefixes=CHECK,AVX2
// RUN: lowbit-opt %s -p "simd-lower{target=x86-64}" | filecheck %s --check-prefixes=CHECK,PORTABLE
// RUN: lowbit-opt %s -p "simd-lower{target=cortex-a53}" | filecheck %s --check-prefixes=CHECK,A64
// RUN: lowbit-opt %s -p "simd-lower{target=cortex-a9}" | filecheck %s --check-prefixes=CHECK,ARMV7

// One instruction, where one takes such a table and indices that are in range. What an instruction
// would not take modulo the entries is masked; the table is repeated for each 128 bits.

// CHECK-LABEL: func.func @sixteen
// VBMI-NEXT:     %[[T:.*]] = vector.shuffle %t, %t [0, 1, 2, {{.*}} 13, 14, 15, 0, 1, {{.*}}, 15] :
// VBMI-NEXT:     llvm.call_intrinsic "llvm.x86.avx2.pshuf.b"(%[[T]], %i)
// VBMI-NEXT:     arith.constant dense<15> : vector<32xi8>
// VBMI-NEXT:     %[[I:.*]] = arith.andi %i
// VBMI:          llvm.call_intrinsic "llvm.x86.avx2.pshuf.b"(%{{.*}}, %[[I]])
// AVX2:          llvm.call_intrinsic "llvm.x86.avx2.pshuf.b"(%{{.*}}, %i)
// AVX2:          llvm.call_intrinsic "llvm.x86.avx2.pshuf.b"(%{{.*}}, %{{s.*}})
// PORTABLE-COUNT-15: llvm.select
// A64:           %[[LOW:.*]] = vector.shuffle %i, %i [0, {{.*}} 15]
// A64-NEXT:      llvm.call_intrinsic "llvm.aarch64.neon.tbl1.v16i8"(%t, %[[LOW]])
// A64-NEXT:      %[[HIGH:.*]] = vector.shuffle %i, %i [16, {{.*}} 31]
// A64-NEXT:      llvm.call_intrinsic "llvm.aarch64.neon.tbl1.v16i8"(%t, %[[HIGH]])
// ARMV7:         %[[T0:.*]] = vector.shuffle %t, %t [0, {{.*}} 7]
// ARMV7:         %[[T1:.*]] = vector.shuffle %t, %t [8, {{.*}} 15]
// ARMV7-COUNT-4: llvm.call_intrinsic "llvm.arm.neon.vtbl2"(%[[T0]], %[[T1]], %{{.*}})
func.func @sixteen(%t: vector<16xi8>, %i: vector<32xi8>) -> (vector<32xi8>, vector<32xi8>) {
  %r = simd.lookup in_range %t, %i : vector<16xi8>, vector<32xi8>
  %s = simd.lookup %t, %i : vector<16xi8>, vector<32xi8>
  func.return %r, %s : vector<32xi8>, vector<32xi8>
}

// Too large a table is looked up in parts, among which the higher bits of the index choose.

// CHECK-LABEL: func.func @sixty_four
// VBMI-NOT:      arith.andi
// VBMI:          llvm.call_intrinsic "llvm.x86.avx512.permvar.qi.512"(%t, %{{.*}})
// VBMI-NOT:      llvm.select
// AVX2:          llvm.call_intrinsic "llvm.x86.avx2.pshuf.b"
// AVX2:          llvm.call_intrinsic "llvm.x86.avx2.pshuf.b"
// AVX2:          llvm.select
// AVX2:          llvm.call_intrinsic "llvm.x86.avx2.pshuf.b"
// AVX2:          llvm.call_intrinsic "llvm.x86.avx2.pshuf.b"
// AVX2:          llvm.select
// AVX2:          arith.constant dense<32>
// AVX2:          llvm.select
// PORTABLE-COUNT-63: llvm.select
// A64-COUNT-2:   llvm.call_intrinsic "llvm.aarch64.neon.tbl4.v16i8"
// ARMV7-COUNT-8: llvm.call_intrinsic "llvm.arm.neon.vtbl4"
// ARMV7:         llvm.select
// CHECK:         func.return
func.func @sixty_four(%t: vector<64xi8>, %i: vector<32xi8>) -> vector<32xi8> {
  %r = simd.lookup %t, %i : vector<64xi8>, vector<32xi8>
  func.return %r : vector<32xi8>
}
