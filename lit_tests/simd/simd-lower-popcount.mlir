// RUN: lowbit-opt %s -p "simd-lower{target=cortex-a53}" | filecheck %s
// RUN: lowbit-opt %s -p "simd-lower{target=cortex-a9}" | filecheck %s --check-prefix=ARMV7
// RUN: lowbit-opt %s -p "simd-lower{target=znver5}" | filecheck %s --check-prefix=X86

// Pairs of bytes are summed onto lanes of 16 bits. The operations of one word of %a go together; that
// of another one does not go with them.

func.func @pairs(%s: vector<8xi16>, %t: vector<8xi16>, %a: vector<8xi16>, %b: vector<8xi16>, %c: vector<8xi16>) -> (vector<8xi16>, vector<8xi16>, vector<8xi16>) {
  // CHECK-LABEL: func.func @pairs
  // CHECK-NEXT: %[[AB:\w+]] = arith.andi %a, %b : vector<8xi16>
  // CHECK-NEXT: %[[AB8:\w+]] = llvm.bitcast %[[AB]] : vector<8xi16> to vector<16xi8>
  // CHECK-NEXT: %[[AC:\w+]] = arith.andi %a, %c : vector<8xi16>
  // CHECK-NEXT: %[[AC8:\w+]] = llvm.bitcast %[[AC]] : vector<8xi16> to vector<16xi8>
  // CHECK-NEXT: %[[N:\w+]] = math.ctpop %[[AB8]] : vector<16xi8>
  // CHECK-NEXT: %[[M:\w+]] = math.ctpop %[[AC8]] : vector<16xi8>
  // CHECK-NEXT: %[[P:\w+]] = llvm.call_intrinsic "llvm.aarch64.neon.uaddlp.v8i16.v16i8"(%[[N]])
  // CHECK-NEXT: %[[S:\w+]] = arith.addi %s, %[[P]] : vector<8xi16>
  // CHECK-NEXT: %[[Q:\w+]] = llvm.call_intrinsic "llvm.aarch64.neon.uaddlp.v8i16.v16i8"(%[[M]])
  // CHECK-NEXT: %[[T:\w+]] = arith.addi %t, %[[Q]] : vector<8xi16>
  // CHECK-NEXT: %[[BC:\w+]] = arith.xori %b, %c : vector<8xi16>
  // CHECK-NEXT: %[[BC8:\w+]] = llvm.bitcast %[[BC]] : vector<8xi16> to vector<16xi8>
  // CHECK-NEXT: %[[O:\w+]] = math.ctpop %[[BC8]] : vector<16xi8>
  // CHECK-NEXT: llvm.call_intrinsic "llvm.aarch64.neon.uaddlp.v8i16.v16i8"(%[[O]])
  // CHECK-NEXT: arith.addi %[[S]]
  // CHECK-NEXT: func.return
  // ARMV7-LABEL: func.func @pairs
  // ARMV7:      %[[N:\w+]] = math.ctpop %{{.*}} : vector<16xi8>
  // ARMV7-NEXT: %[[M:\w+]] = math.ctpop %{{.*}} : vector<16xi8>
  // ARMV7-NEXT: %[[S:\w+]] = llvm.call_intrinsic "llvm.arm.neon.vpadalu.v8i16.v16i8"(%s, %[[N]])
  // ARMV7-NEXT: llvm.call_intrinsic "llvm.arm.neon.vpadalu.v8i16.v16i8"(%t, %[[M]])
  // ARMV7:      %[[O:\w+]] = math.ctpop
  // ARMV7-NEXT: llvm.call_intrinsic "llvm.arm.neon.vpadalu.v8i16.v16i8"(%[[S]], %[[O]])
  // ARMV7-NEXT: func.return
  // X86-LABEL: func.func @pairs
  // X86-NEXT: arith.andi %a, %b : vector<8xi16>
  // X86-NEXT: math.ctpop %{{.*}} : vector<8xi16>
  // X86-NEXT: arith.addi %s
  %0 = simd.popcount_acc and %s, %a, %b : vector<8xi16>
  %1 = simd.popcount_acc and %t, %a, %c : vector<8xi16>
  %2 = simd.popcount_acc xor %0, %b, %c : vector<8xi16>
  func.return %0, %1, %2 : vector<8xi16>, vector<8xi16>, vector<8xi16>
}

// No instruction takes pairs of bytes away, or adds them to other lanes.

func.func @others(%s: vector<8xi16>, %a: vector<8xi16>, %t: vector<4xi32>, %b: vector<4xi32>) -> (vector<8xi16>, vector<4xi32>) {
  // CHECK-LABEL: func.func @others
  // CHECK-NEXT: arith.andi %a, %a : vector<8xi16>
  // CHECK-NEXT: math.ctpop %{{.*}} : vector<8xi16>
  // CHECK-NEXT: arith.subi %s
  // CHECK-NEXT: arith.andi %b, %b : vector<4xi32>
  // CHECK-NEXT: math.ctpop %{{.*}} : vector<4xi32>
  // CHECK-NEXT: arith.addi %t
  %0 = simd.popcount_acc and subtract %s, %a, %a : vector<8xi16>
  %1 = simd.popcount_acc and %t, %b, %b : vector<4xi32>
  func.return %0, %1 : vector<8xi16>, vector<4xi32>
}
