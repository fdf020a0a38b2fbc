"""`lowbit-lower-packing`: `lowbit.bitpack` and `lowbit.unpack` become loops over words.

lowbit.compute ins(%x : memref<4x64xi8>) outs(%y : memref<1x4x2xi32>) from %low to %high {
^bb0(%a: tensor<4x64x!lowbit.unipolar<1>>):
  %r = lowbit.bitpack %a : (..) -> tensor<.., #lowbit.packed<axis = 1, word = i32, ..>>
  lowbit.yield %r
}
->
scf.for %row = %low to %high step %c1 {
  scf.for %word = %c0 to %c2 step %c1 {
    %bytes = vector.load %x[%row, %first] : .., vector<32xi8>
    %mask = simd.cmpi ne, (%bytes and 1), 0
    %bits = simd.pack_bits %mask : vector<32xi1> to i32
    memref.store %bits, %y[%c0, %row, %word]
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from lowbit_dialect.ops.pack import BitpackOp, UnpackOp
from lowering.loops.lower_compute import LowerComputePass


@dataclass(frozen=True)
class LowerPackingPass(LowerComputePass):
    """Lower packing and unpacking."""

    name = "lowbit-lower-packing"
    kinds: ClassVar = (BitpackOp, UnpackOp)
