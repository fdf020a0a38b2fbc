// RUN: lowbit-opt %s -p "simd-lower{target=znver5}" | filecheck %s
// RUN: lowbit-opt %s -p "simd-lower{target=cortex-a9}" | filecheck %s --check-prefix=ARMV7

func.func @popcount(%acc: vector<16xi32>, %a: vector<16xi32>, %b: vector<16xi32>) -> vector<16xi32> {
  // CHECK-LABEL: func.func @popcount
  // CHECK-NEXT: %[[AND:\w+]] = arith.andi %a, %b : vector<16xi32>
  // CHECK-NEXT: %[[ONES:\w+]] = math.ctpop %[[AND]] : vector<16xi32>
  // CHECK-NEXT: %{{.*}} = arith.addi %acc, %[[ONES]] : vector<16xi32>
  %r = simd.popcount_acc and %acc, %a, %b : vector<16xi32>
  // CHECK-NEXT: arith.xori %a, %b : vector<16xi32>
  // CHECK-NEXT: math.ctpop
  // CHECK-NEXT: arith.subi
  %s = simd.popcount_acc xor subtract %r, %a, %b : vector<16xi32>
  // CHECK-NEXT: func.return
  func.return %s : vector<16xi32>
}

func.func @casts(%a: vector<8xi16>) -> vector<8xi32> {
  // CHECK-LABEL: func.func @casts
  // CHECK-NEXT: llvm.zext %a : vector<8xi16> to vector<8xi32>
  %0 = simd.extui %a : vector<8xi16> to vector<8xi32>
  // CHECK-NEXT: llvm.trunc {{.*}} : vector<8xi32> to vector<8xi8>
  %1 = simd.trunci %0 : vector<8xi32> to vector<8xi8>
  // CHECK-NEXT: llvm.sext {{.*}} : vector<8xi8> to vector<8xi32>
  %2 = simd.extsi %1 : vector<8xi8> to vector<8xi32>
  // CHECK-NEXT: llvm.sitofp {{.*}} : vector<8xi32> to vector<8xf32>
  %3 = simd.sitofp %2 : vector<8xi32> to vector<8xf32>
  // CHECK-NEXT: llvm.fptosi {{.*}} : vector<8xf32> to vector<8xi32>
  %4 = simd.fptosi %3 : vector<8xf32> to vector<8xi32>
  func.return %4 : vector<8xi32>
}

func.func @narrows(%a: vector<16xi32>, %b: vector<16xi32>) -> (vector<32xi16>, vector<32xi16>) {
  // CHECK-LABEL: func.func @narrows
  // CHECK-NEXT: %[[LOW:\w+]] = vector.bitcast %a : vector<16xi32> to vector<32xi16>
  // CHECK-NEXT: %[[HIGH:\w+]] = vector.bitcast %b : vector<16xi32> to vector<32xi16>
  // CHECK-NEXT: vector.shuffle %[[LOW]], %[[HIGH]] [0, 2, 4, {{.*}}, 62]
  // ARMV7-LABEL: func.func @narrows
  // ARMV7-NEXT: %[[BOTH:\w+]] = vector.shuffle %a, %b [0, 1, 2, {{.*}}, 31]
  // ARMV7-NEXT: llvm.trunc %[[BOTH]] : vector<32xi32> to vector<32xi16>
  %0 = simd.narrow no_saturation %a, %b : vector<16xi32> to vector<32xi16>
  // CHECK: arith.maxsi %a
  // CHECK: arith.minsi
  // CHECK: arith.maxsi %b
  // CHECK: arith.minsi
  // CHECK: vector.shuffle
  %1 = simd.narrow %a, %b : vector<16xi32> to vector<32xi16>
  func.return %0, %1 : vector<32xi16>, vector<32xi16>
}

func.func @masks(%a: vector<8xi32>, %b: vector<8xi32>) -> (vector<8xi32>, i8) {
  // CHECK-LABEL: func.func @masks
  // CHECK-NEXT: %[[MASK:\w+]] = llvm.icmp "sle" %a, %b : vector<8xi32>
  %m = simd.cmpi sle, %a, %b : vector<8xi32> to vector<8xi1>
  // CHECK-NEXT: llvm.select %[[MASK]], %a, %b : vector<8xi1>, vector<8xi32>
  %0 = simd.select %m, %a, %b : vector<8xi1>, vector<8xi32>
  // CHECK-NEXT: llvm.bitcast %[[MASK]] : vector<8xi1> to i8
  // ARMV7-LABEL: func.func @masks
  // ARMV7: llvm.select %{{.*}} : vector<8xi1>, vector<8xi32>
  // ARMV7: arith.constant dense<[1, 2, 4, 8, 16, 32, 64, -128]> : vector<8xi8>
  // ARMV7: llvm.select %{{.*}} : vector<8xi1>, vector<8xi8>
  // ARMV7-COUNT-3: llvm.call_intrinsic "llvm.arm.neon.vpadd.v8i8"
  // ARMV7-NEXT: llvm.bitcast {{.*}} : vector<8xi8> to vector<8xi8>
  // ARMV7-NEXT: vector.extract {{.*}}[0] : i8 from vector<8xi8>
  %1 = simd.pack_bits %m : vector<8xi1> to i8
  func.return %0, %1 : vector<8xi32>, i8
}

func.func @memory(%m: memref<8xi32>, %i: index) -> (vector<4xi32>, i32) {
  // CHECK-LABEL: func.func @memory
  // CHECK-NEXT: %[[X:\w+]] = memref.load %m[%i] : memref<8xi32>
  // CHECK-NEXT: %{{.*}} = vector.broadcast %[[X]] : i32 to vector<4xi32>
  %v = simd.broadcast_load %m[%i] : memref<8xi32> to vector<4xi32>
  // CHECK-NEXT: vector.reduction <add>, %{{.*}} : vector<4xi32> into i32
  %s = simd.reduce_add %v : vector<4xi32> to i32
  func.return %v, %s : vector<4xi32>, i32
}
