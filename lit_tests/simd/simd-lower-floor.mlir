// RUN: lowbit-opt %s -p "simd-lower{target=cortex-a53}" | filecheck %s --check-prefix=ROUNDS
// RUN: lowbit-opt %s -p "simd-lower{target=x86-64-v3}" | filecheck %s --check-prefix=ROUNDS
// RUN: lowbit-opt %s -p "simd-lower{target=cortex-a7}" | filecheck %s --check-prefix=BITS
// RUN: lowbit-opt %s -p "simd-lower{target=x86-64}" | filecheck %s --check-prefix=BITS

// Without an instruction that rounds, one is taken from what was rounded towards zero and is less,
// which is told from the bits: vectors of ARMv7 take denormal numbers for zero.

// ROUNDS-LABEL: func.func @floor
// ROUNDS-NEXT:    %[[FLOOR:.*]] = math.floor %v : vector<4xf32>
// ROUNDS-NEXT:    llvm.fptosi %[[FLOOR]] : vector<4xf32> to vector<4xi32>

// BITS-LABEL: func.func @floor
// BITS-DAG:     %[[ZERO:.*]] = arith.constant dense<0> : vector<4xi32>
// BITS-DAG:     %[[MOST:.*]] = arith.constant dense<2147483647> : vector<4xi32>
// BITS-NEXT:    %[[NEAR:.*]] = llvm.fptosi %v : vector<4xf32> to vector<4xi32>
// BITS-NEXT:    %[[WHOLE:.*]] = llvm.sitofp %[[NEAR]]
// BITS-NEXT:    %[[V:.*]] = vector.bitcast %v
// BITS-NEXT:    %[[W:.*]] = vector.bitcast %[[WHOLE]]
// BITS-NEXT:    %[[DIFFERS:.*]] = arith.xori %[[V]], %[[W]]
// BITS-NEXT:    %[[FRACTION:.*]] = arith.andi %[[DIFFERS]], %[[MOST]]
// BITS-NEXT:    %[[HAS:.*]] = llvm.icmp "ne" %[[FRACTION]], %[[ZERO]]
// BITS-NEXT:    %[[NEGATIVE:.*]] = llvm.icmp "slt" %[[V]], %[[ZERO]]
// BITS-NEXT:    %[[BELOW:.*]] = llvm.and %[[HAS]], %[[NEGATIVE]]
// BITS-NEXT:    %[[LESS:.*]] = llvm.sext %[[BELOW]]
// BITS-NEXT:    arith.addi %[[NEAR]], %[[LESS]] : vector<4xi32>
func.func @floor(%v: vector<4xf32>) -> vector<4xi32> {
  %r = simd.fptosi floor %v : vector<4xf32> to vector<4xi32>
  func.return %r : vector<4xi32>
}
