"""`lowbit-lower-copies`: `lowbit.copy` and `lowbit.zero_gaps` become loops that move or zero bytes.

lowbit.compute ins(%x : memref<4x64xi8>) outs(%y : memref<4x64xi8>) from %low to %high {
^bb0(%a: ..):
  %r = lowbit.copy %a : ..
  lowbit.yield %r
}
->
scf.for %part = %low to %high step %c1 {
  %v = vector.load %bytes_of_x[%start] : memref<256xi8>, vector<64xi8>
  vector.store %v, %bytes_of_y[%start]
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from lowbit_dialect.ops.concat import ConcatOp
from lowbit_dialect.ops.copy import CopyOp, ZeroGapsOp
from lowbit_dialect.ops.move import PadOp, SliceOp, TransposeOp
from lowbit_dialect.ops.reshape import ReshapeOp
from lowering.loops.lower_compute import LowerComputePass


@dataclass(frozen=True)
class LowerCopiesPass(LowerComputePass):
    """Lower what moves elements: copies, concat, reshape, transpose, slice, pad, zeroed gaps."""

    name = "lowbit-lower-copies"
    kinds: ClassVar = (*(ConcatOp, CopyOp, PadOp, ReshapeOp, SliceOp, TransposeOp, ZeroGapsOp),)
