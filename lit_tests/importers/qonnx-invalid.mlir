// RUN: lowbit-opt %s --split-input-file --parsing-diagnostics --verify-diagnostics | filecheck %s

// CHECK: node 'a' (Swish): operator 'Swish' is not supported
func.func @f(%x: !qonnx.unknown) {
  %y = qonnx.node "Swish"(%x) named "a" : (!qonnx.unknown) -> !qonnx.unknown
  func.return
}

// -----

// CHECK: node (Relu): 2 inputs, expected 1
func.func @f(%x: !qonnx.unknown) {
  %y = qonnx.node "Relu"(%x, %x) : (!qonnx.unknown, !qonnx.unknown) -> !qonnx.unknown
  func.return
}

// -----

// CHECK: node 'q' (Quant): attribute 'signd' is unknown; allowed: signed, narrow, rounding_mode
func.func @f(%x: !qonnx.unknown) {
  %y = qonnx.node "Quant"(%x, %x, %x, %x) {signd = 1 : i64} named "q"
    : (!qonnx.unknown, !qonnx.unknown, !qonnx.unknown, !qonnx.unknown) -> !qonnx.unknown
  func.return
}

// -----

// CHECK: node (Quant): attribute 'narrow' is 2, allowed: 0, 1
func.func @f(%x: !qonnx.unknown) {
  %y = qonnx.node "Quant"(%x, %x, %x, %x) {narrow = 2 : i64}
    : (!qonnx.unknown, !qonnx.unknown, !qonnx.unknown, !qonnx.unknown) -> !qonnx.unknown
  func.return
}

// -----

// CHECK: node (Conv): attribute 'pads' must be ints
func.func @f(%x: !qonnx.unknown) {
  %y = qonnx.node "Conv"(%x, %x) {pads = 1 : i64}
    : (!qonnx.unknown, !qonnx.unknown) -> !qonnx.unknown
  func.return
}
