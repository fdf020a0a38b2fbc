"""`lowbit-lower-memref-copies`: `memref.copy` becomes loops over elements.

memref.copy %x, %y : memref<4x8xi32> to memref<4x8xi32, strided<[16, 1]>>
->
scf.for %i = %c0 to %c4 step %c1 {
  scf.for %j = %c0 to %c8 step %c1 {
    %v = memref.load %x[%i, %j] : memref<4x8xi32>
    memref.store %v, %y[%i, %j] : memref<4x8xi32, strided<[16, 1]>>
"""

from __future__ import annotations

from dataclasses import dataclass

from xdsl.context import Context
from xdsl.dialects import memref
from xdsl.dialects.builtin import DYNAMIC_INDEX, MemRefType, ModuleOp
from xdsl.passes import ModulePass
from xdsl.rewriter import Rewriter

from lowbit_dialect import memref_ops
from lowering.loops.emit import Emit, Index
from lowering.support.diagnostics import fail

CopyOp = memref_ops.CopyOp | memref.CopyOp
"""The operation as our tools read it, and as xDSL's passes build it."""


def lower_copy(op: memref_ops.CopyOp | memref.CopyOp) -> None:
    """Replace a copy by its loops.

    Raises:
        OpFailedException: an extent is not known.
    """
    type_ = op.source.type
    assert isinstance(type_, MemRefType), "its verifier says so"
    shape, emit = type_.get_shape(), Emit.before(op)
    if DYNAMIC_INDEX in shape:
        fail(op, f"{type_} has extents that are not known")

    def copy(indices: list[Index]) -> None:
        if len(indices) < len(shape):
            emit.loop(0, shape[len(indices)], lambda i: copy([*indices, i]))
            return
        emit.store(emit.load(op.source, indices), op.destination, indices)

    copy([])
    Rewriter.erase_op(op)


@dataclass(frozen=True)
class LowerMemrefCopiesPass(ModulePass):
    """Lower copies of memrefs."""

    name = "lowbit-lower-memref-copies"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        """Lower each."""
        for inner in [inner for inner in op.walk() if isinstance(inner, CopyOp)]:
            lower_copy(inner)
