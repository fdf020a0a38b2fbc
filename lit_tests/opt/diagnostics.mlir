// RUN: not lowbit-opt %s 2>&1 | filecheck %s --check-prefix=PARSE
// RUN: lowbit-opt %s --split-input-file --parsing-diagnostics --verify-diagnostics | filecheck %s
// RUN: not lowbit-opt %s -p canonicalise 2>&1 | filecheck %s --check-prefix=PASS
// RUN: not lowbit-opt %s -p 'cse{x=1' 2>&1 | filecheck %s --check-prefix=SPEC

// PASS:      {{^}}error: unknown pass 'canonicalise'; did you mean 'canonicalize'
// SPEC:      {{^}}error: pass-pipeline:1:8: Malformed pass arguments
// SPEC-NEXT: cse{x=1

// CHECK: func.func @f
func.func @f(%a: i32) -> i32 {
  func.return %a : i32
}

// -----

// PARSE:      {{^}}error: {{.*}}diagnostics.mlir:[[# @LINE + 7]]:15: operand is used with type i64
// PARSE-NEXT:   func.return %a : i64
// PARSE-NEXT:               ^^
// CHECK:      // -----
// CHECK:      diagnostics.mlir:[[# @LINE + 3]]:15
// CHECK:      operand is used with type i64
func.func @g(%a: i32) -> i32 {
  func.return %a : i64
}

// -----

// CHECK: Expected arguments to have the same types as the function output types
func.func @h(%a: i32) -> i32 {
  func.return
}
