"""Nodes that compute in floating point, because no integers stand for what they read."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import prod

from xdsl.dialects.builtin import StringAttr
from xdsl.ir import SSAValue
from xdsl.utils.exceptions import PassFailedException

from lowbit_dialect.ops.activations import UnaryOp
from lowbit_dialect.ops.base import int_
from lowbit_dialect.ops.binary import BinaryOp
from lowbit_dialect.ops.concat import ConcatOp
from lowbit_dialect.ops.contraction import conv_clauses
from lowbit_dialect.ops.float_contraction import FloatConv2DOp, FloatMatmulOp
from lowbit_dialect.ops.move import PadOp, TransposeOp
from lowbit_dialect.ops.pool import AvgPool2DOp, MaxPool2DOp
from lowbit_dialect.ops.reduce import ReduceOp
from lowbit_dialect.ops.reshape import ReshapeOp
from lowbit_dialect.qonnx import NodeOp
from lowering.importers.conversion import Conversion
from lowering.importers.exact import exact
from lowering.importers.float_values import float_constant
from lowering.importers.shape_functions import is_channels_last, reduced_axes
from lowering.importers.site import value_shape
from lowering.importers.values import Value
from lowering.importers.windows import Axis, windows

FloatNode = Callable[[Conversion, NodeOp], SSAValue]
"""Makes the first output of a node in f32."""


def float_node(conversion: Conversion, node: NodeOp, why: str) -> Value:
    """The result of a node in f32.

    Args:
        conversion: what is known.
        node: any node whose operator has an operation on floats.
        why: what keeps it from integers, for the report.

    Raises:
        PassFailedException: its operator has none.
    """
    make = FLOAT_NODES.get(node.operator.data)
    if make is None or is_channels_last(node):
        raise PassFailedException(
            f"{node.title}: it stays in floating point ({why}), where it is not supported"
        )
    result = make(conversion, node)
    shape = value_shape(node.outputs[0])
    if value_shape(result) != shape:
        result = conversion.emitter.insert(ReshapeOp.get(result, shape))
    conversion.record(node, why)
    return Value(result)


def _input(conversion: Conversion, node: NodeOp, index: int = 0) -> SSAValue:
    return conversion.floats(node, conversion.input(node, index))


def _binary(function: str) -> FloatNode:
    def make(conversion: Conversion, node: NodeOp) -> SSAValue:
        result = _input(conversion, node)
        for index in range(1, len(node.inputs)):
            other = _input(conversion, node, index)
            result = conversion.emitter.insert(BinaryOp.get(result, other, function))
        return result

    return make


def _unary(conversion: Conversion, x: SSAValue, function: str) -> SSAValue:
    op = UnaryOp.build_op([x], [x.type], function=StringAttr(function), axis=int_(-1))
    return conversion.emitter.insert(op)


def _exp(conversion: Conversion, node: NodeOp) -> SSAValue:
    return _unary(conversion, _input(conversion, node), "exp")


def _one(conversion: Conversion) -> SSAValue:
    return float_constant(exact([1]).reshape(()), conversion.emitter)


def _reciprocal(conversion: Conversion, node: NodeOp) -> SSAValue:
    return conversion.emitter.insert(
        BinaryOp.get(_one(conversion), _input(conversion, node), "div")
    )


def _softmax(conversion: Conversion, node: NodeOp) -> SSAValue:
    emit, x = conversion.emitter, _input(conversion, node)
    shape = value_shape(x)
    axis = node.int("axis") if node.has("axis") else (-1 if node.version_number >= 13 else 1)
    axis %= len(shape)
    is_old = node.version_number and node.version_number < 13
    axes = list(range(axis, len(shape))) if is_old else [axis]
    largest = emit.insert(ReduceOp.get(x, "max", axes))
    powers = _unary(conversion, emit.insert(BinaryOp.get(x, largest, "sub")), "exp")
    total = emit.insert(ReduceOp.get(powers, "sum", axes))
    return emit.insert(BinaryOp.get(powers, total, "div"))


def _transposed(conversion: Conversion, x: SSAValue, perm: Sequence[int]) -> SSAValue:
    return conversion.emitter.insert(TransposeOp.get(x, perm))


def _as_image(conversion: Conversion, x: SSAValue) -> SSAValue:
    """(N, C, W) or (N, C, H, W) with its channels last, as an image."""
    shape = value_shape(x)
    if len(shape) == 3:
        x = conversion.emitter.insert(ReshapeOp.get(x, (*shape[:2], 1, shape[2])))
    return _transposed(conversion, x, [0, 2, 3, 1])


def _two(node: NodeOp, axes: Sequence[Axis]) -> list[Axis]:
    """The windows along height and width."""
    if len(axes) > 2:
        raise PassFailedException(f"{node.title}: images of three dimensions are not supported")
    return [Axis(1, 1, 1, 1, 0, 0, 1), *axes] if len(axes) == 1 else list(axes)


def _padding(axes: Sequence[Axis]) -> tuple[int, int, int, int]:
    rows, cols = axes
    return rows.before, rows.after, cols.before, cols.after


def _conv(conversion: Conversion, node: NodeOp) -> SSAValue:
    x, w = conversion.input(node), conversion.input(node, 1)
    axes = _two(node, windows(node, x.shape[2:], w.shape[2:]))
    if not w.is_constant:
        raise PassFailedException(f"{node.title}: its weights are no constant")
    numbers = w.numbers()
    if len(x.shape) == 3:
        numbers = numbers[:, :, None]
    filters = float_constant(numbers.transpose(2, 3, 1, 0), conversion.emitter)
    rows, cols = axes
    clauses = conv_clauses(
        (rows.stride, cols.stride),
        _padding(axes),
        (rows.dilation, cols.dilation),
        node.int("group"),
    )
    del clauses["layout"]
    image = _as_image(conversion, conversion.floats(node, x))
    result = conversion.emitter.insert(FloatConv2DOp.get(image, filters, **clauses))
    if node.input(2) is not None:
        bias = _input(conversion, node, 2)
        result = conversion.emitter.insert(BinaryOp.get(result, bias, "add"))
    return _transposed(conversion, result, [0, 3, 1, 2])


def _matmul(conversion: Conversion, node: NodeOp) -> SSAValue:
    a, b = _input(conversion, node), _input(conversion, node, 1)
    is_gemm = node.operator.data == "Gemm"
    if is_gemm and node.int("transA"):
        a = _transposed(conversion, a, [1, 0])
    if is_gemm and node.int("transB"):
        b = _transposed(conversion, b, [1, 0])
    shape = value_shape(a)
    if len(value_shape(b)) != 2 or len(shape) < 2:
        raise PassFailedException(f"{node.title}: stacks of matrices are not supported")
    if len(shape) > 2:
        a = conversion.emitter.insert(ReshapeOp.get(a, (prod(shape[:-1]), shape[-1])))
    result = conversion.emitter.insert(FloatMatmulOp.get(a, b))
    if not is_gemm:
        return result
    result = _times(conversion, result, node.float("alpha"))
    if node.input(2) is None:
        return result
    added = _times(conversion, _input(conversion, node, 2), node.float("beta"))
    return conversion.emitter.insert(BinaryOp.get(result, added, "add"))


def _times(conversion: Conversion, x: SSAValue, factor: float) -> SSAValue:
    if factor == 1:
        return x
    number = float_constant(exact([factor]).reshape(()), conversion.emitter)
    return conversion.emitter.insert(BinaryOp.get(x, number, "mul"))


def _pool(conversion: Conversion, node: NodeOp) -> SSAValue:
    x = _input(conversion, node)
    axes = _two(node, windows(node, value_shape(x)[2:]))
    rows, cols = axes
    if rows.dilation > 1 or cols.dilation > 1:
        raise PassFailedException(f"{node.title}: pools with dilation are not supported")
    kernel, strides = (rows.kernel, cols.kernel), (rows.stride, cols.stride)
    image = _as_image(conversion, x)
    if node.operator.data == "MaxPool":
        if len(node.outputs) > 1 and node.outputs[1].uses:
            raise PassFailedException(f"{node.title}: its indices are not supported")
        op = MaxPool2DOp.get(image, kernel, strides, _padding(axes), "nhwc")
    else:
        padding, counted = _padding(axes), bool(node.int("count_include_pad"))
        if counted and (rows.extension or cols.extension):
            # The padding is made elements, which count; what lies behind it does not.
            low, high = [0, rows.before, cols.before, 0], [0, rows.declared, cols.declared, 0]
            image = conversion.emitter.insert(PadOp.get(image, low, high))
            padding, counted = (0, rows.extension, 0, cols.extension), False
        op = AvgPool2DOp.get(image, kernel, strides, padding, "nhwc", "half_even", counted)
    op.verify()
    return _transposed(conversion, conversion.emitter.insert(op), [0, 3, 1, 2])


def _reduced(function: str) -> FloatNode:
    def make(conversion: Conversion, node: NodeOp) -> SSAValue:
        x = _input(conversion, node)
        rank = len(value_shape(x))
        if node.operator.data.startswith("Global"):
            axes = list(range(2, rank))
        elif function == "argmax":
            axes = [node.int("axis") % rank]
            if node.int("select_last_index"):
                raise PassFailedException(f"{node.title}: 'select_last_index' is not supported")
        else:
            axes = reduced_axes(conversion.site(node))
        return conversion.emitter.insert(ReduceOp.get(x, function, axes)) if axes else x

    return make


def _concat(conversion: Conversion, node: NodeOp) -> SSAValue:
    values = [_input(conversion, node, i) for i in range(len(node.inputs))]
    rank = len(value_shape(values[0]))
    return conversion.emitter.insert(ConcatOp.get(values, node.int("axis") % rank - rank))


FLOAT_NODES: dict[str, FloatNode] = {
    "Add": _binary("add"),
    "Sub": _binary("sub"),
    "Mul": _binary("mul"),
    "Div": _binary("div"),
    "Max": _binary("max"),
    "Min": _binary("min"),
    "Exp": _exp,
    "Reciprocal": _reciprocal,
    "Softmax": _softmax,
    "Conv": _conv,
    "MatMul": _matmul,
    "Gemm": _matmul,
    "MaxPool": _pool,
    "AveragePool": _pool,
    "GlobalAveragePool": _reduced("mean"),
    "GlobalMaxPool": _reduced("max"),
    "ReduceMean": _reduced("mean"),
    "ReduceSum": _reduced("sum"),
    "ReduceMax": _reduced("max"),
    "ArgMax": _reduced("argmax"),
    "Concat": _concat,
}
"""By operator."""

FLOAT_ONLY = ("Exp", "Reciprocal", "Softmax", "ReduceMax", "ArgMax", "Max", "Min")
"""Operators that are computed of floats only."""
