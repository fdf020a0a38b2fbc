"""Nodes that move elements: reshapes, transposes and concatenations."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from xdsl.dialects.builtin import TensorType
from xdsl.ir import SSAValue
from xdsl.utils.exceptions import PassFailedException

from lowbit_dialect.ops.concat import ConcatOp
from lowbit_dialect.ops.move import PadOp, SliceOp
from lowbit_dialect.qonnx import NodeOp
from lowering.importers.chain import Chain
from lowering.importers.conversion import Conversion, converts
from lowering.importers.extract_integers import recoded
from lowering.importers.float_nodes import float_node
from lowering.importers.move import moved, permuted, reshaped
from lowering.importers.movement_shapes import pads_of, permutation, scales_of, slices
from lowering.importers.site import value_shape
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


@converts("Slice")
def slice_(conversion: Conversion, node: NodeOp) -> Value:
    """Some elements of each dimension."""
    parts = slices(conversion.site(node))
    conversion.record(node)
    return _sliced(conversion, node, conversion.input(node), parts)


@converts("Split")
def split(conversion: Conversion, node: NodeOp) -> list[Value]:
    """Neighbouring parts of a dimension."""
    x = conversion.input(node)
    axis, start, found = node.int("axis") % len(x.shape), 0, []
    for output in node.outputs:
        end = start + value_shape(output)[axis]
        parts = [slice(None)] * len(x.shape)
        parts[axis] = slice(start, end)
        found.append(_sliced(conversion, node, x, parts))
        start = end
    conversion.record(node)
    return found


def _sliced(conversion: Conversion, node: NodeOp, x: Value, parts: Sequence[slice]) -> Value:
    ranges = [range(*part.indices(e)) for part, e in zip(parts, x.shape, strict=True)]
    if any(r.step < 0 for r in ranges):
        raise PassFailedException(f"{node.title}: negative steps are not supported")
    clauses = [r.start for r in ranges], [len(r) for r in ranges], [r.step for r in ranges]
    return moved(
        conversion,
        x,
        lambda array: array[tuple(parts)],
        lambda data: conversion.emitter.insert(SliceOp.get(data, *clauses)),
    )


@converts("Pad")
def pad(conversion: Conversion, node: NodeOp) -> Value:
    """Zeros around the elements."""
    x, sides = conversion.input(node), pads_of(conversion.site(node))
    value = conversion.exact(node, 2) if node.input(2) is not None else None
    number = node.float("value") if value is None else float(value.reshape(-1)[0])
    low, high = [a for a, _ in sides], [b for _, b in sides]
    if node.word("mode") != "constant" or number != 0 or min(*low, *high) < 0:
        raise PassFailedException(f"{node.title}: padding by 0 alone is supported")
    if x.chain.rounds:
        found = conversion.extract(x)
        x = found if isinstance(found, Value) else x
    tail = x.chain.affine
    if tail is None or (tail.offset != 0).any() or (x.code and not (x.code.values == 0).any()):
        x = Value(conversion.floats(node, x))
    conversion.record(node)
    # The channels of scales that are padded have any scale: their elements are 0.
    return moved(
        conversion,
        x,
        lambda array: np.pad(array, sides, mode="edge" if array.dtype == np.int64 else "constant"),
        lambda data: conversion.emitter.insert(PadOp.get(data, low, high)),
    )


@converts("DepthToSpace", "SpaceToDepth")
def depth_to_space(conversion: Conversion, node: NodeOp) -> Value:
    """Channels become places of an image, or the other way round."""
    x, size = conversion.input(node), node.int("blocksize")
    n, c, h, w = x.shape
    if node.operator.data == "SpaceToDepth":
        shape, perm = (n, c, h // size, size, w // size, size), [0, 3, 5, 1, 2, 4]
    elif node.word("mode") == "DCR":
        shape, perm = (n, size, size, c // (size * size), h, w), [0, 3, 4, 1, 5, 2]
    else:
        shape, perm = (n, c // (size * size), size, size, h, w), [0, 1, 4, 2, 5, 3]
    conversion.record(node)
    value = permuted(conversion, reshaped(conversion, x, shape), perm)
    return reshaped(conversion, value, value_shape(node.outputs[0]))


@converts("Resize", "Upsample")
def resize(conversion: Conversion, node: NodeOp) -> Value:
    """Each element several times, by whole factors."""
    x, shape = conversion.input(node), value_shape(node.outputs[0])
    factors = [b // a for a, b in zip(x.shape, shape, strict=True)]
    exact_ = all(a * f == b for a, f, b in zip(x.shape, factors, shape, strict=True))
    # Places are divided by the scale, which a size that is rounded down does not show.
    scales = scales_of(conversion.site(node))
    exact_ = exact_ and scales in (None, factors)
    if node.word("mode") != "nearest" or not exact_ or not _repeats(node, factors):
        raise PassFailedException(
            f"{node.title}: resizing to multiples, by the nearest, is supported"
        )
    conversion.record(node)
    for dim, factor in enumerate(factors):
        if factor == 1:
            continue
        wide = reshaped(conversion, x, (*x.shape[: dim + 1], 1, *x.shape[dim + 1 :]))
        axis = dim + 1 - len(wide.shape)
        repeated = moved(
            conversion,
            wide,
            lambda array, axis=axis, factor=factor: np.repeat(array, factor, axis),
            lambda data, axis=axis, factor=factor: conversion.emitter.insert(
                ConcatOp.get([data] * factor, axis)
            ),
        )
        full = [*x.shape]
        full[dim] *= factor
        x = reshaped(conversion, repeated, full)
    return x


def _repeats(node: NodeOp, factors: Sequence[int]) -> bool:
    """Whether the nearest element of each place is the one that the place is a part of."""
    if node.operator.data == "Upsample" or node.version_number < 11:
        return True
    rounding, mode = node.word("nearest_mode"), node.word("coordinate_transformation_mode")
    if mode == "asymmetric":
        return rounding == "floor" or (rounding == "round_prefer_floor" and max(factors) <= 2)
    return mode in ("half_pixel", "pytorch_half_pixel") and rounding.startswith("round")


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
