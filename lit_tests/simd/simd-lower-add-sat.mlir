// RUN: lowbit-opt %s -p "simd-lower{target=cortex-a7}" | filecheck %s --check-prefix=NEON
// RUN: lowbit-opt %s -p "simd-lower{target=znver5}" | filecheck %s --check-prefix=SIGNS

// One instruction, or the end on the side of both operands where the sum has another sign.

// NEON-LABEL: func.func @add
// NEON-NEXT:    llvm.call_intrinsic "llvm.sadd.sat.v4i32"(%a, %b)

// SIGNS-LABEL: func.func @add
// SIGNS:         %[[SUM:.*]] = arith.addi %a, %b : vector<4xi32>
// SIGNS-NEXT:    %[[A:.*]] = arith.xori %a, %[[SUM]]
// SIGNS-NEXT:    %[[B:.*]] = arith.xori %b, %[[SUM]]
// SIGNS-NEXT:    %[[BOTH:.*]] = arith.andi %[[A]], %[[B]]
// SIGNS-NEXT:    %[[OVER:.*]] = llvm.icmp "slt" %[[BOTH]], %{{.*}}
// SIGNS-NEXT:    %[[ONE:.*]] = arith.shrui %a, %{{.*}}
// SIGNS-NEXT:    %[[END:.*]] = arith.addi %{{.*}}, %[[ONE]]
// SIGNS-NEXT:    llvm.select %[[OVER]], %[[END]], %[[SUM]]
func.func @add(%a: vector<4xi32>, %b: vector<4xi32>) -> vector<4xi32> {
  %r = simd.add_sat %a, %b : vector<4xi32>
  func.return %r : vector<4xi32>
}
