"""`lowbit-lower-pointwise`: what does the same with every element becomes loops over vectors.

lowbit.compute ins(%a, %b : memref<4x40xi32>, memref<4x40xi32>) outs(%y : ..) from %low to %high {
^bb0(%x: .., %z: ..):
  %r = lowbit.add %x, %z : ..
  lowbit.yield %r
}
->
scf.for %row = %low to %high step %c1 {
  scf.for %col = %c0 to %c32 step %c16 {
    %s = simd.add_sat (vector.load %a[%row, %col]), (vector.load %b[%row, %col])
    vector.store %s, %y[%row, %col]
  }
  scf.for %col = %c32 to %c40 step %c1 {      and so on, in shorter vectors
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from lowbit_dialect.ops.binary import BinaryOp
from lowbit_dialect.ops.cast import CastOp
from lowbit_dialect.ops.elementwise import AddOp, DequantizeOp, QuantizeOp
from lowbit_dialect.ops.floats import FloatOp
from lowbit_dialect.ops.glue import FusedGlueOp
from lowbit_dialect.ops.sort_key import SortKeyOp
from lowering.loops.lower_compute import LowerComputePass


@dataclass(frozen=True)
class LowerPointwisePass(LowerComputePass):
    """Lower sums, casts, glue in memory, quantize, dequantize, functions of f32, sort keys."""

    name = "lowbit-lower-pointwise"
    kinds: ClassVar = (
        *(AddOp, BinaryOp, CastOp, DequantizeOp, FloatOp, FusedGlueOp, QuantizeOp, SortKeyOp),
    )
