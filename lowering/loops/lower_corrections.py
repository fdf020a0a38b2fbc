"""`lowbit-lower-corrections`: corrections of weights that are not constant become loops.

lowbit.compute ins(%w : memref<8x3x3x16xi8>) outs(%c : memref<3x3x8xi32>) from %low to %high {
^bb0(%a: ..):
  %r = lowbit.correction %a x_code .. : ..
  lowbit.yield %r
}
->
scf.for %oc = %low to %high step %c1 {
  scf.for %row_class .. scf.for %col_class ..
    %total = scf.for %y .. scf.for %x .. scf.for %ic ..      sums of decoded weights
    memref.store %total, %c[%row_class, %col_class, %oc]
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from lowbit_dialect.ops.correction import CorrectionOp
from lowering.loops.lower_compute import LowerComputePass


@dataclass(frozen=True)
class LowerCorrectionsPass(LowerComputePass):
    """Lower corrections."""

    name = "lowbit-lower-corrections"
    kinds: ClassVar = (CorrectionOp,)
