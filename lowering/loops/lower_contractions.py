"""`lowbit-lower-contractions`: kernels become loops around register tiles, as their schedule says.

lowbit.compute ins(%x, %w : ..) outs(%y : memref<1x4x4x16xi32>) from %low to %high {
^bb0(%a: .., %b: ..):
  %r = lowbit.bitserial_conv %a, %b schedule #lowbit.schedule<tile = 2x1, ..> : ..
  lowbit.yield %r
}
->
scf.for %row = %low to %high step %c1 {
  scf.for %block = %c0 to %c1 step %c1 {
    scf.for %col = %c0 to %c4 step %c2 {
      %s0, %s1 = lowbit.bitserial_tile %x, %w, .. pixels 2 vectors 1
      vector.store %s0, %y[..]             or the epilogue: correction, glue, packing
      vector.store %s1, %y[..]

Each strategy writes the loops of its kernels (`Strategy.loops`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from lowbit_dialect.ops.kernel import KernelOp
from lowering.loops.lower_compute import LowerComputePass


@dataclass(frozen=True)
class LowerContractionsPass(LowerComputePass):
    """Lower kernels."""

    name = "lowbit-lower-contractions"
    kinds: ClassVar = (KernelOp,)
