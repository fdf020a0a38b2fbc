"""`lowbit-lower-floats`: operations of f32 that are no function of single elements become loops.

lowbit.compute ins(%x : memref<4x40xf32>) outs(%y : memref<4x1xf32>) from %low to %high {
^bb0(%a: ..):
  %r = lowbit.reduce %a function max : ..
  lowbit.yield %r
}
->
scf.for %row = %low to %high step %c1 {
  %lanes = scf.for %col = %c0 to %c32 step %c16 iter_args(..) {
    %m = simd.select (simd.cmpf ogt, ..), .. of vector.load %x[%row, %col]
    ..
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from lowbit_dialect.ops.float_contraction import FloatConv2DOp, FloatMatmulOp
from lowbit_dialect.ops.reduce import ReduceOp
from lowbit_dialect.ops.resize import ResizeOp
from lowering.loops.lower_compute import LowerComputePass


@dataclass(frozen=True)
class LowerFloatsPass(LowerComputePass):
    """Lower contractions, reductions and resampling of f32."""

    name = "lowbit-lower-floats"
    kinds: ClassVar = (FloatConv2DOp, FloatMatmulOp, ReduceOp, ResizeOp)
