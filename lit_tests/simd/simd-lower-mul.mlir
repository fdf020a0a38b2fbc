// RUN: lowbit-opt %s -p "simd-lower{target=cortex-a53}" | filecheck %s --check-prefixes=CHECK,A64
// RUN: lowbit-opt %s -p "simd-lower{target=cortex-a7}" | filecheck %s --check-prefixes=CHECK,ARM
// RUN: lowbit-opt %s -p "simd-lower{target=x86-64-v3}" | filecheck %s --check-prefixes=CHECK,ELSE

// CHECK-LABEL: func.func @signed
// A64-NEXT:      %[[P:.*]] = llvm.call_intrinsic "llvm.aarch64.neon.smull.v8i16"(%a, %b)
// ARM-NEXT:      %[[P:.*]] = llvm.call_intrinsic "llvm.arm.neon.vmulls.v8i16"(%a, %b)
// ELSE-NEXT:     %[[A:.*]] = llvm.sext %a : vector<8xi8> to vector<8xi16>
// ELSE-NEXT:     %[[B:.*]] = llvm.sext %b : vector<8xi8> to vector<8xi16>
// ELSE-NEXT:     %[[P:.*]] = arith.muli %[[A]], %[[B]]
// CHECK-NEXT:    arith.addi %acc, %[[P]]
func.func @signed(%acc: vector<8xi16>, %a: vector<8xi8>, %b: vector<8xi8>) -> vector<8xi16> {
  %r = simd.mul_acc signed %acc, %a, %b : vector<8xi8> to vector<8xi16>
  func.return %r : vector<8xi16>
}

// CHECK-LABEL: func.func @unsigned
// A64:           "llvm.aarch64.neon.umull.v8i16"
// ARM:           "llvm.arm.neon.vmullu.v8i16"
// ELSE:          llvm.zext
func.func @unsigned(%acc: vector<8xi16>, %a: vector<8xi8>, %b: vector<8xi8>) -> vector<8xi16> {
  %r = simd.mul_acc unsigned %acc, %a, %b : vector<8xi8> to vector<8xi16>
  func.return %r : vector<8xi16>
}

// CHECK-LABEL: func.func @as_wide
// CHECK-NEXT:    %[[P:.*]] = arith.muli %a, %b
// CHECK-NEXT:    arith.addi %acc, %[[P]]
func.func @as_wide(%acc: vector<8xi16>, %a: vector<8xi16>, %b: vector<8xi16>) -> vector<8xi16> {
  %r = simd.mul_acc signed %acc, %a, %b : vector<8xi16> to vector<8xi16>
  func.return %r : vector<8xi16>
}

// CHECK-LABEL: func.func @high_byte
// A64-NEXT:      %[[N:.*]] = arith.constant dense<-8> : vector<8xi16>
// A64-NEXT:      %[[S:.*]] = llvm.call_intrinsic "llvm.aarch64.neon.srshl.v8i16"(%v, %[[N]])
// A64-NEXT:      arith.addi %acc, %[[S]]
// ARM:           "llvm.arm.neon.vrshifts.v8i16"(%v
// ELSE:          arith.shrsi %v
// ELSE:          arith.shrui %v
func.func @high_byte(%acc: vector<8xi16>, %v: vector<8xi16>) -> vector<8xi16> {
  %r = simd.round_shift_acc %acc, %v by 8 : vector<8xi16>
  func.return %r : vector<8xi16>
}
