"""QLinearConv and QLinearMatMul: integers in, integers out."""

from __future__ import annotations

from xdsl.dialects.builtin import TensorType
from xdsl.utils.exceptions import PassFailedException

from lowbit_dialect.qonnx import NodeOp
from lowering.importers.conversion import Conversion, converts
from lowering.importers.convert_contractions import computed, conv_of, matmul_of
from lowering.importers.convert_pointwise import (
    ONE,
    chain_of,
    dequantized,
    linear_parameters,
    quantized,
)
from lowering.importers.float_nodes import float_node
from lowering.importers.steps import Affine
from lowering.importers.values import Value
from lowering.importers.windows import windows


def _linear(conversion: Conversion, node: NodeOp, index: int, axis: int | None = None) -> Value:
    """An input with its scale and zero point behind it."""
    x = conversion.input(node, index)
    scale, zero, _ = linear_parameters(conversion, node, index + 1, index + 2, x.shape)
    if max(len(scale), len(zero)) > 1 and axis is None:
        raise PassFailedException(f"{node.title}: input {index + 1} must be one number")
    return dequantized(conversion, x, (scale, zero, axis))


def _requantized(conversion: Conversion, node: NodeOp, value: Value, index: int) -> Value:
    """The result with a scale and a zero point: integers again."""
    found = []
    for number in (index, index + 1):
        given = conversion.channels(node, number, value.shape)
        if given is None or len(given[0]) > 1:
            raise PassFailedException(f"{node.title}: input {number} must be a constant number")
        found.append(given[0])
    if found[0][0] == 0:
        raise PassFailedException(f"{node.title}: input {index}, the scale, is 0")
    type_ = node.outputs[0].type
    assert isinstance(type_, TensorType)
    return quantized(conversion, value, (found[0], found[1], None), type_.element_type)


@converts("QLinearConv")
def qlinear_conv(conversion: Conversion, node: NodeOp) -> Value:
    """A convolution of integers that gives integers; the bias is in units of its sums."""
    x = _linear(conversion, node, 0)
    w = conversion.input(node, 3)
    scales = []
    for index in (4, 5):
        numbers = conversion.exact(node, index)
        if numbers is None or len(numbers.reshape(-1)) not in (1, w.shape[0]):
            raise PassFailedException(f"{node.title}: input {index} must be a constant")
        scales.append(numbers.reshape(-1))
    if (scales[0] == 0).any():
        raise PassFailedException(f"{node.title}: input 4, the scale, is 0")
    w = dequantized(conversion, w, (scales[0], scales[1], 0))
    result = conv_of(conversion, node, x, w, windows(node, x.shape[2:], w.shape[2:]))
    if isinstance(result, str):
        return float_node(conversion, node, result)
    bias = conversion.exact(node, 8) if node.input(8) is not None else None
    if bias is not None:
        x_scale = conversion.exact(node, 1)
        assert x_scale is not None, "read above"
        step = Affine(ONE, bias.reshape(-1) * scales[0] * x_scale.reshape(-1))
        result = chain_of(conversion, result, (step, 1))
    conversion.record(node, "", *computed(result))
    return _requantized(conversion, node, result, 6)


@converts("QLinearMatMul")
def qlinear_matmul(conversion: Conversion, node: NodeOp) -> Value:
    """A matrix product of integers that gives integers."""
    a, b = _linear(conversion, node, 0), _linear(conversion, node, 3, 1)
    result = matmul_of(conversion, a, b)
    if isinstance(result, str):
        return float_node(conversion, node, result)
    conversion.record(node, "", *computed(result))
    return _requantized(conversion, node, result, 6)
