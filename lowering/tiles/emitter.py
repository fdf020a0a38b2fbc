"""A builder of loops IR in the place of an operation."""

from __future__ import annotations

from xdsl.dialects.builtin import ModuleOp
from xdsl.ir import Block, Operation
from xdsl.rewriter import InsertPoint

from lowering.loops.emit import Emit


def emit_before(op: Operation) -> Emit:
    """A builder that inserts before `op`, its constants at the start of the function."""
    block = op.parent_block()
    assert block is not None, "the operation is in a function"
    return Emit(_entry_block(block), InsertPoint.before(op))


def _entry_block(block: Block) -> Block:
    """The outermost block around, that of the function."""
    while (parent := block.parent_op()) is not None and parent.parent_op() is not None:
        outer = parent.parent_block()
        if outer is None or isinstance(outer.parent_op(), ModuleOp):
            break
        block = outer
    return block
