// RUN: lowbit-opt %s -p "simd-lower{target=znver5}" | filecheck %s --check-prefix=AVX512
// RUN: lowbit-opt %s -p "simd-lower{target=x86-64-v3}" | filecheck %s --check-prefix=BYTES
// RUN: lowbit-opt %s -p "simd-lower{target=cortex-a53}" | filecheck %s --check-prefix=BYTES

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
func.func @unpack(%w: i16) -> vector<16xi1> {
  %mask = simd.unpack_bits %w : i16 to vector<16xi1>
  func.return %mask : vector<16xi1>
}
