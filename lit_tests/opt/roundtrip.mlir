// RUN: ROUNDTRIP
// RUN: GENERIC_ROUNDTRIP

// The two substitutions of lit.cfg: print, parse again, compare, in both syntaxes.

func.func @f(%a: i32) -> i32 {
  %0 = arith.addi %a, %a : i32
  func.return %0 : i32
}
// CHECK:       func.func @f(%{{.*}}: i32) -> i32 {
// CHECK-NEXT:    %[[X:.*]] = arith.addi %{{.*}}, %{{.*}} : i32
// CHECK-NEXT:    func.return %[[X]] : i32

// -----

// CHECK: func.func private @g()
func.func private @g()
