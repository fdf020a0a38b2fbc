// RUN: lowbit-opt %s -p "simd-lower{target=znver5}" | filecheck %s --check-prefix=BITS
// RUN: lowbit-opt %s -p "simd-lower{target=cortex-a53}" | filecheck %s --check-prefix=A64
// RUN: lowbit-opt %s -p "simd-lower{target=cortex-a7}" | filecheck %s --check-prefix=ARMV7

// Where a mask is not a word by itself, three rounds of pairwise sums make bytes of all masks: of
// four registers two, one, and one whose upper half repeats the lower one.

// BITS-LABEL: func.func @four
// BITS-NEXT:    %[[ANY:.*]] = ub.poison : vector<4xi16>
// BITS-NEXT:    %[[WORD:.*]] = llvm.bitcast %a : vector<16xi1> to i16
// BITS-NEXT:    %[[ONE:.*]] = vector.insert %[[WORD]], %[[ANY]] [0] : i16 into vector<4xi16>
// BITS-COUNT-3: llvm.bitcast {{.*}} : vector<16xi1> to i16
// BITS:         func.return

// A64-LABEL: func.func @four
// A64-NEXT:    %[[WEIGHTS:.*]] = arith.constant dense<[1, 2, 4, 8, 16, 32, 64, -128, 1, 2, 4, 8, 16, 32, 64, -128]> : vector<16xi8>
// A64-NEXT:    %[[ZERO:.*]] = arith.constant dense<0> : vector<16xi8>
// A64-NEXT:    %[[A:.*]] = llvm.select %a, %[[WEIGHTS]], %[[ZERO]]
// A64-COUNT-3: llvm.select
// A64-NEXT:    %[[AB:.*]] = llvm.call_intrinsic "llvm.aarch64.neon.addp.v16i8"(%[[A]], %{{.*}})
// A64-NEXT:    %[[CD:.*]] = llvm.call_intrinsic "llvm.aarch64.neon.addp.v16i8"
// A64-NEXT:    %[[ALL:.*]] = llvm.call_intrinsic "llvm.aarch64.neon.addp.v16i8"(%[[AB]], %[[CD]])
// A64-NEXT:    %[[BYTES:.*]] = llvm.call_intrinsic "llvm.aarch64.neon.addp.v16i8"(%[[ALL]], %[[ALL]])
// A64-NEXT:    %[[WORDS:.*]] = llvm.bitcast %[[BYTES]] : vector<16xi8> to vector<8xi16>
// A64-NEXT:    %[[HALVES:.*]] = vector.bitcast %[[WORDS]] : vector<8xi16> to vector<2xi64>
// A64-NEXT:    %[[HALF:.*]] = vector.extract %[[HALVES]][0] : i64 from vector<2xi64>
// A64-NEXT:    llvm.bitcast %[[HALF]] : i64 to vector<4xi16>

// ARMV7-LABEL: func.func @four
// ARMV7-COUNT-7: llvm.call_intrinsic "llvm.arm.neon.vpadd.v8i8"
// ARMV7-NEXT:    %[[WORDS:.*]] = llvm.bitcast {{.*}} : vector<8xi8> to vector<4xi16>
// ARMV7-NEXT:    func.return %[[WORDS]]
func.func @four(%a: vector<16xi1>, %b: vector<16xi1>, %c: vector<16xi1>, %d: vector<16xi1>)
    -> vector<4xi16> {
  %w = simd.pack_masks %a, %b, %c, %d : vector<16xi1> to vector<4xi16>
  func.return %w : vector<4xi16>
}
