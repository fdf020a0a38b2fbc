// RUN: lowbit-opt %s --split-input-file --parsing-diagnostics | filecheck %s

// CHECK: more than 32 bits for f32
func.func @long() {
  %a = arith.constant dense<0x14B000000> : tensor<4xf32>
  func.return
}

// -----

// CHECK: Expected non-negative integer values
func.func @negative() {
  %a = arith.constant dense<-0x4B000000> : tensor<4xf32>
  func.return
}
