// RUN: lowbit-opt %s -p 'lowbit-bufferize{target=znver5},lowbit-lower-pointwise{target=znver5}' | filecheck %s

// The same with every element: whole vectors, then shorter ones, of rows low .. high.

// CHECK-LABEL: func.func private @main_0_add(
// CHECK-SAME:    %[[A:.*]]: memref<4x40xi32>, %[[B:.*]]: memref<4x40xi32>, %[[Y:[^:]*]]: memref<4x40xi32>, %[[LOW:.*]]: index, %[[HIGH:.*]]: index)
// CHECK:         scf.for %[[ROW:.*]] = %[[LOW]] to %[[HIGH]] step
// CHECK:           scf.for %[[COL:.*]] = {{.*}}
// CHECK-NEXT:        %[[L:.*]] = vector.load %[[A]][%[[ROW]], %[[COL]]] : memref<4x40xi32>, vector<16xi32>
// CHECK-NEXT:        %[[R:.*]] = vector.load %[[B]][%[[ROW]], %[[COL]]] : memref<4x40xi32>, vector<16xi32>
// CHECK-NEXT:        %[[S:.*]] = simd.add_sat %[[L]], %[[R]] : vector<16xi32>
// CHECK-NEXT:        vector.store %[[S]], %[[Y]][%[[ROW]], %[[COL]]]
// CHECK:             vector.load %{{.*}} : memref<4x40xi32>, vector<1xi32>
// CHECK-LABEL: func.func private @main_1_fused_glue(
// CHECK:           simd.cmpi sge
// CHECK-LABEL: func.func private @main_2_dequantize(
// CHECK:           arith.mulf
// CHECK-LABEL: func.func private @main_3_quantize(
// CHECK:           arith.divf
// CHECK-NOT:     lowbit.compute
// CHECK-LABEL: func.func @main(
func.func @main(%a: tensor<4x40xi32>, %b: tensor<4x40xi32>, %f: tensor<2x8xf32>) -> (tensor<4x40xf32>, tensor<2x8x!lowbit.signed<4>>) {
  %s = lowbit.add %a, %b : (tensor<4x40xi32>, tensor<4x40xi32>) -> tensor<4x40xi32>
  %o = arith.constant dense<3> : tensor<4x1xi32>
  %g = lowbit.fused_glue %s, %o form threshold axis 0 : (tensor<4x40xi32>, tensor<4x1xi32>) -> tensor<4x40x!lowbit.unipolar<1>>
  %y = lowbit.dequantize %g scale [0.5] : (tensor<4x40x!lowbit.unipolar<1>>) -> tensor<4x40xf32>
  %q = lowbit.quantize %f scale [0.5] : (tensor<2x8xf32>) -> tensor<2x8x!lowbit.signed<4>>
  func.return %y, %q : tensor<4x40xf32>, tensor<2x8x!lowbit.signed<4>>
}
