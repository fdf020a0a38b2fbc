"""Pools of quantised activations."""

from __future__ import annotations

from math import prod

import numpy as np
from xdsl.ir import SSAValue

from lowbit_dialect.ops.contraction import Conv2DOp, conv_clauses
from lowbit_dialect.ops.pool import MaxPool2DOp
from lowbit_dialect.qonnx import NodeOp
from lowering.importers.chain import Chain
from lowering.importers.conversion import Conversion, converts
from lowering.importers.convert_contractions import constant_of_code, factor
from lowering.importers.exact import exact
from lowering.importers.float_nodes import float_node
from lowering.importers.move import permuted, reshaped
from lowering.importers.shape_functions import is_channels_last, reduced_axes
from lowering.importers.steps import Affine
from lowering.importers.values import Value
from lowering.importers.windows import Axis, windows

ONE_ROW = Axis(1, 1, 1, 1, 0, 0, 1)


@converts("MaxPool", "GlobalMaxPool")
def max_pool(conversion: Conversion, node: NodeOp) -> Value:
    """The largest integer of each window, where a larger integer is a larger number."""
    x = conversion.input(node)
    last = is_channels_last(node)
    if last:
        x = permuted(conversion, x, [0, len(x.shape) - 1, *range(1, len(x.shape) - 1)])
    if len(node.outputs) > 1 and any(node.outputs[1].uses):
        return float_node(conversion, node, "its indices are read")
    is_global = node.operator.data == "GlobalMaxPool"
    axes = (
        [Axis(e, e, 1, 1, 0, 0, 1) for e in x.shape[2:]]
        if is_global
        else windows(node, x.shape[2:])
    )
    found = conversion.extract(x)
    if isinstance(found, str):
        return float_node(conversion, node, f"x: {found}")
    tail = found.chain.affine
    assert tail is not None
    if (tail.scale <= 0).any():
        return float_node(conversion, node, "its scale is negative")
    if len(axes) > 2 or any(axis.dilation > 1 for axis in axes):
        return float_node(conversion, node, "windows of three dimensions, or with dilation")
    if not isinstance(found.data, SSAValue):
        return float_node(conversion, node, "x is a constant")
    is_line = len(axes) == 1
    rows, cols = [ONE_ROW, *axes] if is_line else axes
    image = found
    if is_line:
        image = reshaped(conversion, found, (*x.shape[:2], 1, x.shape[2]))
    assert isinstance(image.data, SSAValue)
    op = MaxPool2DOp.get(
        image.data,
        (rows.kernel, cols.kernel),
        (rows.stride, cols.stride),
        (rows.before, rows.after, cols.before, cols.after),
        "nchw",
    )
    result = conversion.integers(op, image.chain)
    conversion.record(node)
    if is_line:
        result = reshaped(conversion, result, (*result.shape[:2], result.shape[3]))
    if last:
        result = permuted(conversion, result, [0, *range(2, len(result.shape)), 1])
    return result


@converts("AveragePool", "GlobalAveragePool")
def average_pool(conversion: Conversion, node: NodeOp) -> Value:
    """Sums of windows, by a convolution with ones, and a scale."""
    x = conversion.input(node)
    if node.operator.data == "GlobalAveragePool":
        axes = [Axis(e, e, 1, 1, 0, 0, 1) for e in x.shape[2:]]
    else:
        axes = windows(node, x.shape[2:])
        padded = any(axis.before or axis.after for axis in axes)
        if padded and (not node.int("count_include_pad") or node.int("ceil_mode")):
            return float_node(conversion, node, "the padding is not counted")
    return _average(conversion, node, x, axes)


def _average(conversion: Conversion, node: NodeOp, x: Value, axes: list[Axis]) -> Value:
    image = factor(conversion, x, "x")
    if isinstance(image, str):
        return float_node(conversion, node, image)
    if len(axes) > 2 or isinstance(image.value.data, np.ndarray):
        return float_node(conversion, node, "windows of three dimensions")
    is_line = len(axes) == 1
    rows, cols = [ONE_ROW, *axes] if is_line else axes
    padding = (rows.before, rows.after, cols.before, cols.after)
    if image.offset and any(padding):
        return float_node(conversion, node, "x has a zero point, and there is padding")
    value = image.value
    if is_line:
        value = reshaped(conversion, Value(value.data), (*x.shape[:2], 1, x.shape[2]))
    assert isinstance(value.data, SSAValue)
    channels, taps = x.shape[1], rows.kernel * cols.kernel
    ones = constant_of_code(conversion, np.ones((channels, 1, rows.kernel, cols.kernel), np.int64))
    assert isinstance(ones, SSAValue)
    clauses = conv_clauses(
        (rows.stride, cols.stride), padding, (rows.dilation, cols.dilation), channels, "nchw"
    )
    op = Conv2DOp.get(value.data, ones, **clauses)
    scale = image.scale / taps
    axis = image.axis if len(scale) > 1 else None
    if axis not in (None, 1):
        return float_node(conversion, node, "the scales of x run along the image")
    result = conversion.integers(op, Chain((Affine(scale, exact([image.offset])),), axis))
    assert isinstance(result.data, SSAValue)
    conversion.record(node, "", result.data)
    if is_line:
        result = reshaped(conversion, result, (*result.shape[:2], result.shape[3]))
    return result


@converts("ReduceMean", "ReduceSum")
def reduce(conversion: Conversion, node: NodeOp) -> Value:
    """The mean or the sum of an image, or of its last dimensions."""
    x = conversion.input(node)
    axes = reduced_axes(conversion.site(node))
    rank = len(x.shape)
    if rank < 3 or axes != list(range(2, rank)):
        return float_node(conversion, node, "it does not reduce an image")
    result = _average(conversion, node, x, [Axis(e, e, 1, 1, 0, 0, 1) for e in x.shape[2:]])
    if node.operator.data == "ReduceSum":
        count = exact([prod(x.shape[2:])])
        result = conversion.append(result, Affine(count, exact([0])), None)
    if not node.int("keepdims"):
        result = reshaped(conversion, result, x.shape[:2])
    return result
