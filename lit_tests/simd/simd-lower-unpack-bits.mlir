// RUN: lowbit-opt %s -p "simd-lower{target=znver5}" | filecheck %s --check-prefix=AVX512
// RUN: lowbit-opt %s -p "simd-lower{target=x86-64-v3}" | filecheck %s --check-prefix=BYTES
// RUN: lowbit-opt %s -p "simd-lower{target=cortex-a53}" | filecheck %s --check-prefix=BYTES
// RUN: lowbit-opt %s -p "simd-lower{target=cortex-a7}" | filecheck %s --check-prefix=ARMV7

// A mask has a register of its own, or its bits are tested one by one in bytes: each byte of the word
// eight times.

// AVX512-LABEL: func.func @unpack
// AVX512-NEXT:    %[[MASK:.*]] = llvm.bitcast %w : i16 to vector<16xi1>
// AVX512-NEXT:    func.return %[[MASK]]

// BYTES-LABEL: func.func @unpack
// BYTES-NEXT:    %[[SPLAT:.*]] = vector.broadcast %w : i16 to vector<8xi16>
// BYTES-NEXT:    %[[BYTES:.*]] = llvm.bitcast %[[SPLAT]] : vector<8xi16> to vector<16xi8>
// BYTES-NEXT:    %[[EIGHT:.*]] = vector.shuffle %[[BYTES]], %[[BYTES]] [0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1]
// BYTES-NEXT:    %[[BITS:.*]] = arith.constant dense<[1, 2, 4, 8, 16, 32, 64, -128, 1, 2, 4, 8, 16, 32, 64, -128]> : vector<16xi8>
// BYTES-NEXT:    %[[SET:.*]] = arith.andi %[[EIGHT]], %[[BITS]] : vector<16xi8>
// BYTES-NEXT:    %[[MASK:.*]] = llvm.icmp "eq" %[[SET]], %[[BITS]] : vector<16xi8>
// BYTES-NEXT:    func.return %[[MASK]]

// ARMV7-LABEL: func.func @unpack
// ARMV7-NEXT:    %[[B0:.*]] = arith.trunci %w : i16 to i8
// ARMV7-NEXT:    %[[LOW:.*]] = vector.broadcast %[[B0]] : i8 to vector<8xi8>
// ARMV7-NEXT:    %[[EIGHT:.*]] = arith.constant 8 : i16
// ARMV7-NEXT:    %[[UPPER:.*]] = arith.shrui %w, %[[EIGHT]] : i16
// ARMV7-NEXT:    %[[B1:.*]] = arith.trunci %[[UPPER]] : i16 to i8
// ARMV7-NEXT:    %[[HIGH:.*]] = vector.broadcast %[[B1]] : i8 to vector<8xi8>
// ARMV7-NEXT:    vector.shuffle %[[LOW]], %[[HIGH]] [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15]
func.func @unpack(%w: i16) -> vector<16xi1> {
  %mask = simd.unpack_bits %w : i16 to vector<16xi1>
  func.return %mask : vector<16xi1>
}
