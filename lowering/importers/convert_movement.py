"""Nodes that move elements: reshapes, transposes and concatenations."""

from __future__ import annotations

import numpy as np
from xdsl.dialects.builtin import TensorType
from xdsl.ir import SSAValue

from lowbit_dialect.ops.concat import ConcatOp
from lowbit_dialect.qonnx import NodeOp
from lowering.importers.chain import Chain
from lowering.importers.conversion import Conversion, converts
from lowering.importers.extract_integers import recoded
from lowering.importers.float_nodes import float_node
from lowering.importers.move import permuted, reshaped
from lowering.importers.shape_functions import permutation
from lowering.importers.steps import Affine
from lowering.importers.values import Value, code_for


@converts("Reshape", "Flatten", "Squeeze", "Unsqueeze")
def reshape(conversion: Conversion, node: NodeOp) -> Value:
    """The elements under another shape, which their types say."""
    type_ = node.outputs[0].type
    assert isinstance(type_, TensorType)
    conversion.record(node)
    return reshaped(conversion, conversion.input(node), type_.get_shape())


@converts("Transpose")
def transpose(conversion: Conversion, node: NodeOp) -> Value:
    """The dimensions in another order."""
    perm = permutation(conversion.site(node))
    conversion.record(node)
    return permuted(conversion, conversion.input(node), perm)


@converts("Concat")
def concat(conversion: Conversion, node: NodeOp) -> Value:
    """One behind the other: of integers of one code where the parts have them."""
    values = [conversion.input(node, i) for i in range(len(node.inputs))]
    axis = node.int("axis") % len(values[0].shape)
    parts: list[Value] = []
    for i, value in enumerate(values):
        found = conversion.extract(value)
        if isinstance(found, str):
            return float_node(conversion, node, f"input {i} has no integers: {found}")
        parts.append(found)
    if any(part.is_constant for part in parts):
        return float_node(conversion, node, "an input is a constant")
    tails = [part.chain.affine for part in parts]
    first = tails[0]
    assert first is not None
    if any(
        tail is None
        or not (tail.scale == first.scale[0]).all()
        or not (tail.offset == first.offset[0]).all()
        for tail in tails
    ):
        return float_node(conversion, node, "the inputs have different scales")
    if len({part.code for part in parts}) > 1:
        ends = [(part.code.min_value, part.code.max_value) for part in parts if part.code]
        code = code_for(min(low for low, _ in ends), max(high for _, high in ends))
        if code is None:
            return float_node(conversion, node, "no code holds the integers of all inputs")
        parts = [recoded(part, code, conversion.emitter) for part in parts]
    data = [part.data for part in parts if isinstance(part.data, SSAValue)]
    conversion.record(node)
    op = ConcatOp.get(data, axis - len(values[0].shape))
    chain = Chain((Affine(first.scale[:1], first.offset[:1]),), None)
    return conversion.integers(op, chain)


@converts("Shape")
def shape(conversion: Conversion, node: NodeOp) -> Value:
    """A constant that is an output of the model."""
    type_ = node.inputs[0].type
    assert isinstance(type_, TensorType)
    return Value(np.array(type_.get_shape(), np.int64))
