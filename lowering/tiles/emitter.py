"""A builder of loops IR in the place of an operation."""

from __future__ import annotations

from xdsl.dialects import func
from xdsl.dialects.builtin import ModuleOp
from xdsl.ir import Block, Operation
from xdsl.rewriter import InsertPoint

from lowering.loops.emit import Emit


def emit_before(op: Operation) -> Emit:
    """A builder that inserts before `op`, its constants at the start of the function."""
    return Emit(_entry_block(op), InsertPoint.before(op), op.location)


def _entry_block(op: Operation) -> Block:
    """The block of the function around, where constants go."""
    while (parent := op.parent_op()) and not isinstance(parent, func.FuncOp | ModuleOp):
        op = parent
    block = op.parent_block()
    assert block is not None, "the operation is in a function"
    return block
