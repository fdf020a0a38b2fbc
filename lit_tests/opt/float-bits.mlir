// RUN: lowbit-opt %s | lowbit-opt | filecheck %s
// RUN: lowbit-opt %s | lowbit-opt --print-op-generic | lowbit-opt | filecheck %s

// xDSL prints floats of many digits as their bits; in dense literals too they are read as bits.

// CHECK-LABEL: func.func @bits
// CHECK-NEXT:  arith.constant dense<[0x4B000000, 1.000000e+00, 0x7fc00000, 0xff800000]> : tensor<4xf32>
// CHECK-NEXT:  arith.constant dense<0x4B000000> : vector<4xf32>
// CHECK-NEXT:  arith.constant dense<1.000000e+00> : tensor<2xf16>
// CHECK-NEXT:  arith.constant dense<1008> : tensor<4xi32>
// CHECK-NEXT:  arith.constant 0x4B000000 : f32
func.func @bits() {
  %a = arith.constant dense<[8388608.0, 1.0, 0x7fc00000, 0xff800000]> : tensor<4xf32>
  %b = arith.constant dense<0x4b000000> : vector<4xf32>
  %c = arith.constant dense<0x3C00> : tensor<2xf16>
  %d = arith.constant dense<0x3f0> : tensor<4xi32>
  %e = arith.constant 8388608.0 : f32
  func.return
}
