"""`lowbit-lower-pools`: pools become loops over rows, a vector of windows at a time.

lowbit.compute ins(%x : memref<1x8x8x64xi8>) outs(%y : memref<1x4x4x64xi8>) from %low to %high {
^bb0(%a: ..):
  %r = lowbit.max_pool2d %a kernel [2, 2] : ..
  lowbit.yield %r
}
->
scf.for %row = %low to %high step %c1 {
  scf.for %col = %c0 to %c4 step %c1 {
    scf.for %channel = %c0 to %c64 step %c64 {
      four times vector.load, arith.maxui
      vector.store %best, %y[..]
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from lowbit_dialect.ops.pool import AvgPool2DOp, MaxPool2DOp
from lowering.loops.lower_compute import LowerComputePass


@dataclass(frozen=True)
class LowerPoolsPass(LowerComputePass):
    """Lower pools."""

    name = "lowbit-lower-pools"
    kinds: ClassVar = (AvgPool2DOp, MaxPool2DOp)
