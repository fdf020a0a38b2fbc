"""Convolutions and matrix products of quantised activations with quantised constants, in i32."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray
from xdsl.dialects.builtin import TensorType
from xdsl.ir import SSAValue
from xdsl.utils.exceptions import VerifyException

from lowbit_dialect import reference
from lowbit_dialect.constants import constant_tensor
from lowbit_dialect.layouts.packed import packed_layout
from lowbit_dialect.network_function import dense_layout
from lowbit_dialect.ops.contraction import Conv2DOp, MatmulOp, conv_clauses
from lowbit_dialect.ops.elementwise import AddOp
from lowbit_dialect.ops.pack import ConstantOp, UnpackOp, with_encoding
from lowbit_dialect.qonnx import NodeOp
from lowering.importers.chain import Chain
from lowering.importers.conversion import Conversion, converts
from lowering.importers.convert_pointwise import (
    ONE,
    ZERO,
)
from lowering.importers.exact import Exact, exact
from lowering.importers.float_nodes import float_node
from lowering.importers.move import permuted, reshaped
from lowering.importers.shape_functions import is_channels_last
from lowering.importers.steps import Affine
from lowering.importers.values import Value, code_of_constant
from lowering.importers.windows import Axis, windows


@dataclass(frozen=True)
class Factor:
    """An operand of a contraction as integers: number = integer * scale + offset.

    Args:
        value: the integers.
        scale: one, or one for each index of `axis`.
        offset: of every number.
    """

    value: Value
    scale: Exact
    offset: Fraction
    axis: int | None


def factor(conversion: Conversion, value: Value, what: str) -> Factor | str:
    """An operand as integers, or why it is none."""
    found = conversion.extract(value)
    if isinstance(found, str) and value.is_constant:
        found = _as_integers(value)
    if isinstance(found, str):
        return f"{what}: {found}"
    tail = found.chain.affine
    assert tail is not None, "integers have a scale and an offset"
    if not (tail.offset == tail.offset[0]).all():
        return f"{what}: its zero points differ between channels"
    return Factor(found, tail.scale, Fraction(tail.offset[0]), found.chain.axis)


def _as_integers(value: Value) -> Value | str:
    """A constant whose numbers are integers as they are."""
    data = value.data
    assert isinstance(data, np.ndarray)
    if value.chain.steps or not np.isfinite(data).all() or (data != np.round(data)).any():
        return "it is not quantised"
    return Value(data.astype(np.int64))


def constant_of_code(conversion: Conversion, integers: NDArray[np.int64]) -> SSAValue | str:
    """Integers as a constant of the code of fewest bits, packed, or why there is none."""
    code = code_of_constant(integers)
    if code is None:
        return f"the weights lie in {integers.min()} .. {integers.max()}, more than 8 bits"
    type_ = TensorType(code, integers.shape)
    packed = ConstantOp.from_values(integers, with_encoding(type_, dense_layout(type_)), "weights")
    assert packed_layout(packed.result.type) is not None
    return conversion.emitter.insert(UnpackOp.get(conversion.emitter.insert(packed)))


@converts("Conv")
def conv(conversion: Conversion, node: NodeOp) -> Value:
    """A convolution, in i32 where both operands are integers."""
    x, w = conversion.input(node), conversion.input(node, 1)
    if is_channels_last(node):
        x = permuted(conversion, x, _to_first(len(x.shape)))
    result = conv_of(conversion, node, x, w, windows(node, x.shape[2:], w.shape[2:]))
    if isinstance(result, str):
        return float_node(conversion, node, result)
    if node.input(2) is not None:
        bias = conversion.channels(node, 2, (result.shape[1],))
        if bias is None:
            return float_node(conversion, node, "the bias is no constant")
        result = conversion.append(result, Affine(ONE, bias[0]), 1)
    conversion.record(node, "", *computed(result))
    if is_channels_last(node):
        result = permuted(conversion, result, _to_last(len(result.shape)))
    return result


def computed(value: Value) -> Sequence[SSAValue]:
    """What is computed for a value: no tensor where it is a constant."""
    return (value.data,) if isinstance(value.data, SSAValue) else ()


def _to_first(rank: int) -> list[int]:
    return [0, rank - 1, *range(1, rank - 1)]


def _to_last(rank: int) -> list[int]:
    return [0, *range(2, rank), 1]


def conv_of(
    conversion: Conversion, node: NodeOp, x: Value, w: Value, axes: Sequence[Axis]
) -> Value | str:
    """A convolution without its bias in i32, or why there is none.

    Args:
        x: (N, C, H, W), or of one dimension less or more.
        w: (OC, C / groups, KH, KW), likewise.
        axes: the windows along H and W.
    """
    if len(axes) > 2:
        return "convolutions of three dimensions have no integers"
    groups = node.int("group")
    image, filters = factor(conversion, x, "x"), factor(conversion, w, "the weights")
    if isinstance(image, str) or isinstance(filters, str):
        return image if isinstance(image, str) else str(filters)
    if not isinstance(filters.value.data, np.ndarray):
        return "the weights are no constant"
    if filters.offset or (filters.axis not in (None, 0) and len(filters.scale) > 1):
        return "the weights have a zero point, or scales of their input channels"
    weights = filters.value.data
    scale = _scale_of_groups(image, groups, weights)
    if scale is None:
        return "the scales of x differ between channels"
    if len(axes) == 1:  # one row
        axes = [Axis(1, 1, 1, 1, 0, 0, 1), axes[0]]
        weights = weights[:, :, None]
        image = _with_rows(conversion, image)
    rows, cols = axes
    clauses = {
        "strides": (rows.stride, cols.stride),
        "padding": (rows.before, rows.after, cols.before, cols.after),
        "dilation": (rows.dilation, cols.dilation),
        "groups": groups,
        "layout": "nchw",
    }
    constant = constant_of_code(conversion, weights)
    if isinstance(constant, str):
        return constant
    image_data = _coded(conversion, image)
    if isinstance(image_data, str):
        return image_data
    try:
        op = Conv2DOp.get(image_data, constant, **conv_clauses(**clauses))
        op.verify()
    except VerifyException as error:
        return str(error)
    acc = conversion.emitter.insert(op)
    scales = scale * filters.scale
    shift = image.offset * filters.scale * exact(weights.sum(axis=(1, 2, 3)))
    if image.offset and any(clauses["padding"]):
        zeros = _zero_points(image, op, weights, clauses)
        if isinstance(zeros, str):
            return zeros
        total = constant_tensor(np.broadcast_to(zeros, op.result.type.get_shape()))
        added = AddOp.build_op([acc, conversion.emitter.insert(total)], [op.result.type])
        acc, shift = conversion.emitter.insert(added), ZERO
    value = Value(acc, Chain((Affine(scales, shift),), 1))
    if len(x.shape) == 3:
        value = reshaped(conversion, value, (*value.shape[:2], value.shape[3]))
    return value


def _coded(conversion: Conversion, image: Factor) -> SSAValue | str:
    """The integers of activations as a tensor of a code."""
    if isinstance(image.value.data, np.ndarray):
        return constant_of_code(conversion, image.value.data)
    return image.value.data


def _scale_of_groups(image: Factor, groups: int, weights: NDArray) -> Exact | None:
    """The scale of x for each output channel, or one for all; None where a sum mixes scales."""
    if len(image.scale) == 1 or (image.scale == image.scale[0]).all():
        return image.scale[:1]
    if image.axis != 1 or groups != len(image.scale) or weights.shape[1] != 1:
        return None
    return np.repeat(image.scale, len(weights) // groups)


def _with_rows(conversion: Conversion, image: Factor) -> Factor:
    shape = image.value.shape
    value = reshaped(conversion, image.value, (shape[0], shape[1], 1, shape[2]))
    return Factor(value, image.scale, image.offset, image.axis)


def _zero_points(
    image: Factor, op: Conv2DOp, weights: NDArray, clauses: dict
) -> NDArray[np.int64] | str:
    """What the zero point of x adds to each sum, where the padding has no part in it."""
    if not (image.scale == image.scale[0]).all():
        return "x has a zero point, padding, and scales of channels"
    zero = image.offset / image.scale[0]
    if zero.denominator != 1:
        return "the zero point of x is no integer, and there is padding"
    ones = np.ones((1, *image.value.shape[1:]), np.int64)
    taps = reference.conv2d(
        ones,
        weights,
        list(clauses["strides"]),
        list(clauses["padding"]),
        list(clauses["dilation"]),
        clauses["groups"],
        "nchw",
    )
    return taps.astype(np.int64) * int(zero)


def matmul_of(conversion: Conversion, x: Value, w: Value) -> Value | str:
    """x (.., K) times w (K, N) in i32, or why there is none."""
    if len(w.shape) != 2 or len(x.shape) < 2:
        return "it multiplies stacks of matrices"
    left, right = factor(conversion, x, "x"), factor(conversion, w, "the weights")
    if isinstance(left, str) or isinstance(right, str):
        return left if isinstance(left, str) else str(right)
    if not isinstance(right.value.data, np.ndarray):
        return _matmul_of_two(conversion, left, right)
    if right.offset or (len(right.scale) > 1 and right.axis != 1):
        return "the weights have a zero point, or scales of their rows"
    if not (left.scale == left.scale[0]).all():
        return "the scales of x differ between channels"
    weights = right.value.data
    constant = constant_of_code(conversion, weights)
    if isinstance(constant, str):
        return constant
    shape, value = x.shape, left.value
    if len(shape) > 2:
        rows = int(np.prod(shape[:-1]))
        value = reshaped(conversion, Value(value.data), (rows, shape[-1]))
    data = _coded(conversion, Factor(value, left.scale, left.offset, None))
    if isinstance(data, str):
        return data
    try:
        op = MatmulOp.get(data, constant)
        op.verify()
    except VerifyException as error:
        return str(error)
    acc = conversion.emitter.insert(op)
    shift = left.offset * right.scale * exact(weights.sum(axis=0))
    result = Value(acc, Chain((Affine(left.scale[:1] * right.scale, shift),), 1))
    if len(shape) > 2:
        result = reshaped(conversion, result, (*shape[:-1], weights.shape[1]))
    return result


def _matmul_of_two(conversion: Conversion, left: Factor, right: Factor) -> Value | str:
    """The product of two matrices of activations."""
    if left.offset or right.offset or len(left.value.shape) != 2:
        return "both operands are activations, and one has a zero point"
    if len(left.scale) > 1 or len(right.scale) > 1:
        return "both operands are activations, and one has scales of channels"
    operands = [_coded(conversion, left), _coded(conversion, right)]
    if any(isinstance(operand, str) for operand in operands):
        return "both operands are activations, and one has more than 8 bits"
    try:
        op = MatmulOp.get(*operands)  # pyright: ignore
        op.verify()
    except VerifyException as error:
        return str(error)
    step = Affine(left.scale * right.scale, ZERO)
    return Value(conversion.emitter.insert(op), Chain((step,), None))


@converts("MatMul")
def matmul(conversion: Conversion, node: NodeOp) -> Value:
    """A matrix product, in i32 where both operands are integers."""
    x, w = conversion.input(node), conversion.input(node, 1)
    result = matmul_of(conversion, x, w)
    if isinstance(result, str):
        return float_node(conversion, node, result)
    conversion.record(node, "", *computed(result))
    return result


@converts("Gemm")
def gemm(conversion: Conversion, node: NodeOp) -> Value:
    """alpha A B + beta C."""
    a, b = conversion.input(node), conversion.input(node, 1)
    if node.int("transA"):
        a = permuted(conversion, a, [1, 0])
    if node.int("transB"):
        b = permuted(conversion, b, [1, 0])
    result = matmul_of(conversion, a, b)
    if isinstance(result, str):
        return float_node(conversion, node, result)
    alpha, beta = exact([node.float("alpha")]), exact([node.float("beta")])
    if alpha[0] != 1:
        result = conversion.append(result, Affine(alpha, ZERO), None)
    if node.input(2) is not None:
        bias = conversion.channels(node, 2, result.shape)
        if bias is None or bias[1] == 0:
            return float_node(conversion, node, "C is no constant of columns")
        result = conversion.append(result, Affine(ONE, bias[0] * beta), 1)
    conversion.record(node, "", *computed(result))
    return result
