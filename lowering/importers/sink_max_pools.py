"""`lowbit-sink-max-pools`: pools of largest numbers move behind the functions that follow them.

%p = qonnx.node "MaxPool"(%x)
%r = qonnx.node "Relu"(%p)
%q = qonnx.node "Quant"(%r, ..)
->
%r = qonnx.node "Relu"(%x)
%q = qonnx.node "Quant"(%r, ..)
%p = qonnx.node "MaxPool"(%q)

A function that rises gives the same either way, and behind a quantiser the pool is one of integers.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from xdsl.context import Context
from xdsl.dialects import func
from xdsl.dialects.builtin import ModuleOp
from xdsl.passes import ModulePass
from xdsl.rewriter import InsertPoint, Rewriter

from lowbit_dialect.qonnx import NodeOp
from lowering.importers.evaluate import Constants
from lowering.importers.shape_functions import is_channels_last

RISING = frozenset({"Relu", "HardTanh", "Clip", "Sigmoid", "Tanh", "Floor", "Ceil", "Round"})
"""Functions of one number that rise, the same for all channels."""

SCALED = frozenset({"Quant", "IntQuant", "BipolarQuant", "QuantizeLinear"})
"""Quantisers that rise where their scale, input 1, is positive."""


def sink_max_pools(function: func.FuncOp) -> dict[NodeOp, NodeOp]:
    """Move pools behind a quantiser, as long as what lies between rises.

    Returns:
        The quantiser of each pool that is behind one now: the pool gives what the quantiser gave.
    """
    found: dict[NodeOp, NodeOp] = {}
    constants = Constants()
    pools = [
        op
        for op in function.body.block.ops
        if isinstance(op, NodeOp) and op.operator.data in ("MaxPool", "GlobalMaxPool")
    ]
    for pool in reversed(pools):
        while (reader := _only_reader(pool)) is not None and _rises(reader, constants):
            _swap(pool, reader)
            if reader.operator.data in SCALED:
                found[pool] = reader
                break
    return found


def _only_reader(pool: NodeOp) -> NodeOp | None:
    """The node that reads a pool as its first input, where no other one does."""
    if any(value.uses for value in pool.outputs[1:]):
        return None
    uses = list(pool.outputs[0].uses)
    if len(uses) != 1 or uses[0].index != 0 or not isinstance(uses[0].operation, NodeOp):
        return None
    return uses[0].operation


def _rises(node: NodeOp, constants: Constants) -> bool:
    if is_channels_last(node) or len(node.outputs) > 1:
        return False
    if node.operator.data in RISING:
        return True
    if node.operator.data not in SCALED:
        return False
    arrays = [constants.of(node.input(i)) for i in range(1, len(node.inputs))]
    return all(array is not None and array.size == 1 for array in arrays) and bool(
        np.all(np.asarray(arrays[0]) > 0)
    )


def _swap(pool: NodeOp, reader: NodeOp) -> None:
    """Let the pool read what the reader gives, and the reader what the pool reads."""
    source, large = pool.inputs[0], pool.inputs[0].type
    small, element = pool.outputs[0].type, reader.outputs[0].type
    # A value of another type is another value: each is asked of its node again.
    Rewriter.replace_value_with_new_type(reader.outputs[0], _like(large, element))
    reader.outputs[0].replace_all_uses_with(pool.outputs[0])
    reader.operands[0] = source
    pool.operands[0] = reader.outputs[0]
    Rewriter.replace_value_with_new_type(pool.outputs[0], _like(small, element))
    pool.detach()
    Rewriter.insert_op(pool, InsertPoint.after(reader))


def _like(shaped, typed):
    """A type with the shape of one and the elements of another."""
    return type(shaped)(typed.element_type, shaped.get_shape())


@dataclass(frozen=True)
class SinkMaxPoolsPass(ModulePass):
    """Move pools behind quantisers."""

    name = "lowbit-sink-max-pools"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        """Apply to each function."""
        for function in op.body.ops:
            if isinstance(function, func.FuncOp):
                sink_max_pools(function)
