"""Functions of one number: quantisers, scales, batch norm and activations, as steps of chains."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from math import inf

import numpy as np
from xdsl.dialects.builtin import IntegerType, Signedness, TensorType
from xdsl.utils.exceptions import PassFailedException

from lowbit_dialect.qonnx import NodeOp
from lowering.importers.conversion import Conversion, converts
from lowering.importers.exact import Exact, exact, square_root
from lowering.importers.shape_functions import is_channels_last
from lowering.importers.steps import Affine, Clamp, Count, Leaky, Round, Sigmoid, Step
from lowering.importers.values import Value, is_integer

ONE, ZERO = exact([1]), exact([0])
MOST_WIDTH = 32
"""The largest bit width of a quantiser."""


def _numbers(conversion: Conversion, node: NodeOp, index: int, shape: tuple[int, ...]):
    """A parameter of a quantiser, which must be constant.

    Raises:
        PassFailedException: it is none, is not finite, or differs along several dimensions.
    """
    found = conversion.channels(node, index, shape)
    if found is None:
        raise PassFailedException(
            f"{node.title}: input {index} must be a constant, with a number for all elements or one"
            " for each index of a dimension"
        )
    return found


def _scale(conversion: Conversion, node: NodeOp, index: int, shape: tuple[int, ...]):
    scale, axis = _numbers(conversion, node, index, shape)
    if (scale == 0).any():
        raise PassFailedException(f"{node.title}: input {index}, the scale, is 0")
    return scale, axis


def _one(conversion: Conversion, node: NodeOp, index: int, what: str) -> Fraction:
    """A parameter that is one number."""
    numbers, _ = _numbers(conversion, node, index, conversion.input(node).shape)
    if len(numbers) > 1:
        raise PassFailedException(f"{node.title}: input {index}, the {what}, must be one number")
    return Fraction(numbers[0])


def _width(conversion: Conversion, node: NodeOp, index: int) -> int:
    width = _one(conversion, node, index, "bit width")
    if width.denominator != 1 or not 1 <= width <= MOST_WIDTH:
        raise PassFailedException(
            f"{node.title}: input {index}, the bit width, is {float(width):g}: integers of 1 .."
            f" {MOST_WIDTH} are allowed"
        )
    return int(width)


def chain_of(conversion: Conversion, value: Value, *steps: tuple[Step, int | None]) -> Value:
    """A value with steps behind its chain."""
    for step, axis in steps:
        value = conversion.append(value, step, axis)
    return value


def _range(signed: int, narrow: int, width: int) -> Clamp:
    """The integers of a quantiser, as QONNX defines them."""
    if signed:
        low, high = -(1 << (width - 1)) + (1 if narrow else 0), (1 << (width - 1)) - 1
    else:
        low, high = 0, (1 << width) - 1 - (1 if narrow else 0)
    return Clamp(exact([low]), exact([high]))


def _axis(*axes: int | None) -> int | None:
    found = {axis for axis in axes if axis is not None}
    if len(found) > 1:
        raise PassFailedException(f"parameters differ along the dimensions {sorted(found)}")
    return found.pop() if found else None


@converts("Quant", "IntQuant")
def quant(conversion: Conversion, node: NodeOp) -> Value:
    """round(clamp(x / scale + zero)), minus zero, times scale."""
    x = conversion.start(node)
    scale, scale_axis = _scale(conversion, node, 1, x.shape)
    zero, zero_axis = _numbers(conversion, node, 2, x.shape)
    width, axis = _width(conversion, node, 3), _axis(scale_axis, zero_axis)
    signed, narrow = node.int("signed"), node.int("narrow")
    rounds: tuple[Step, ...] = (_range(signed, narrow, width), Round(node.word("rounding_mode")))
    if signed and width == 1:
        rounds = (Count(exact([0])[:, None]), Affine(exact([2]), exact([-1])))
    steps = [Affine(1 / scale, zero), *rounds, Affine(scale, -zero * scale)]
    conversion.record(node)
    return chain_of(conversion, x, *((step, axis) for step in steps))


@converts("BipolarQuant")
def bipolar_quant(conversion: Conversion, node: NodeOp) -> Value:
    """scale where x >= 0, -scale elsewhere."""
    x = conversion.start(node)
    scale, axis = _scale(conversion, node, 1, x.shape)
    conversion.record(node)
    return chain_of(
        conversion, x, (Count(exact([0])[:, None]), None), (Affine(2 * scale, -scale), axis)
    )


@converts("Trunc")
def trunc(conversion: Conversion, node: NodeOp) -> Value:
    """Integers without their lowest bits; the two versions differ in their inputs."""
    x = conversion.start(node)
    scale, scale_axis = _scale(conversion, node, 1, x.shape)
    zero, zero_axis = _numbers(conversion, node, 2, x.shape)
    axis, width = _axis(scale_axis, zero_axis), _width(conversion, node, 3)
    mode = Round(node.word("rounding_mode"))
    steps: list[Step] = [Affine(1 / scale, zero), Round("ROUND")]
    if len(node.inputs) == 5:
        out_width = _width(conversion, node, 4)
        factor = exact([Fraction(2) ** (width - out_width)])
        steps += [Affine(1 / factor, ZERO), mode, Affine(scale, -zero * scale)]
    else:
        out_scale, out_axis = _scale(conversion, node, 4, x.shape)
        axis = _axis(axis, out_axis)
        ratios = (out_scale / scale).astype(float)
        if (ratios <= 0).any():
            raise PassFailedException(f"{node.title}: input 4, the output scale, has another sign")
        factor = exact([Fraction(2) ** int(r) for r in np.round(np.log2(ratios))])
        out_range = _range(node.int("signed"), node.int("narrow"), _width(conversion, node, 5))
        steps += [Affine(1 / factor, ZERO), out_range, mode]
        steps.append(Affine(out_scale, -zero / factor * out_scale))
    conversion.record(node)
    return chain_of(conversion, x, *((step, axis) for step in steps))


@converts("MultiThreshold")
def multi_threshold(conversion: Conversion, node: NodeOp) -> Value:
    """The number of thresholds that x reaches, in any order, times a scale, plus a bias."""
    x = conversion.start(node)
    rows = conversion.exact(node, 1)
    if rows is None:
        raise PassFailedException(f"{node.title}: input 1, the thresholds, must be a constant")
    rank = len(x.shape)
    layout = node.word("data_layout") or {2: "NC", 3: "NWC", 4: "NCHW"}.get(rank, "")
    axis = layout.index("C") if "C" in layout else 1
    if len(rows) > 1 and (axis >= rank or len(rows) != x.shape[axis]):
        raise PassFailedException(
            f"{node.title}: input 1 has thresholds for {len(rows)} channels, x has shape"
            f" {list(x.shape)}"
        )
    scale, bias = exact([node.float("out_scale")]), exact([node.float("out_bias")])
    if scale[0] == 0 or isinstance(scale[0], float) or isinstance(bias[0], float):
        raise PassFailedException(f"{node.title}: attribute 'out_scale' is {scale[0]}")
    conversion.record(node)
    return chain_of(conversion, x, (Count(rows), axis), (Affine(scale, bias), None))


def integer_range(element) -> Clamp:
    """The numbers of an element type of integers."""
    assert isinstance(element, IntegerType)
    signed = element.signedness.data != Signedness.UNSIGNED
    return _range(signed, 0, element.width.data)


def linear_parameters(
    conversion: Conversion, node: NodeOp, scale: int, zero: int, shape: tuple[int, ...]
) -> tuple[Exact, Exact, int | None]:
    """Scale and zero point of QuantizeLinear and its kin, and the dimension they run along.

    Raises:
        PassFailedException: they are no constants, or for blocks of elements.
    """
    found = []
    rank, names = len(shape), node.definition.attributes
    axis = node.int("axis") % max(rank, 1) if "axis" in names else 1
    for index in (scale, zero):
        if node.input(index) is None:
            found.append(ZERO)
            continue
        numbers = conversion.exact(node, index)
        if (
            numbers is None
            or numbers.ndim > 1
            or len(numbers.reshape(-1)) not in (1, shape[axis] if rank else 1)
        ):
            raise PassFailedException(
                f"{node.title}: input {index} must be a constant, with one number or one for each"
                f" index of dimension {axis}"
            )
        if any(isinstance(number, float) for number in numbers.reshape(-1)):
            raise PassFailedException(f"{node.title}: input {index}: not all numbers are finite")
        found.append(numbers.reshape(-1))
    if (found[0] == 0).any():
        raise PassFailedException(f"{node.title}: input {scale}, the scale, is 0")
    return found[0], found[1], axis


def quantized(
    conversion: Conversion, x: Value, parameters: tuple[Exact, Exact, int | None], element
) -> Value:
    """What QuantizeLinear gives: integers."""
    scale, zero, axis = parameters
    steps = [Affine(1 / scale, ZERO), Round("HALF_EVEN"), Affine(ONE, zero), integer_range(element)]
    return chain_of(conversion, x, *((step, axis) for step in steps))


def dequantized(
    conversion: Conversion, x: Value, parameters: tuple[Exact, Exact, int | None]
) -> Value:
    """What DequantizeLinear gives."""
    scale, zero, axis = parameters
    return chain_of(conversion, x, (Affine(scale, -zero * scale), axis))


@converts("QuantizeLinear")
def quantize_linear(conversion: Conversion, node: NodeOp) -> Value:
    """saturate(round(x / scale) + zero), integers."""
    x = conversion.start(node)
    found = linear_parameters(conversion, node, 1, 2, x.shape)
    type_ = node.outputs[0].type
    assert isinstance(type_, TensorType)
    conversion.record(node)
    return quantized(conversion, x, found, type_.element_type)


@converts("DequantizeLinear")
def dequantize_linear(conversion: Conversion, node: NodeOp) -> Value:
    """(x - zero) * scale."""
    x = conversion.start(node)
    found = linear_parameters(conversion, node, 1, 2, x.shape)
    conversion.record(node)
    return dequantized(conversion, x, found)


@converts("BatchNormalization")
def batch_normalization(conversion: Conversion, node: NodeOp) -> Value:
    """(x - mean) / sqrt(variance + epsilon) * gamma + beta."""
    x = conversion.start(node)
    channel = len(x.shape) - 1 if is_channels_last(node) else min(1, len(x.shape) - 1)
    found: list[Exact] = []
    for index in range(1, 5):
        numbers = conversion.exact(node, index)
        if numbers is None or any(isinstance(n, float) for n in numbers.reshape(-1)):
            raise PassFailedException(f"{node.title}: input {index} must be finite constants")
        found.append(numbers.reshape(-1))
    gamma, beta, mean, variance = found
    total = variance + Fraction(node.float("epsilon"))
    if (total <= 0).any():
        raise PassFailedException(f"{node.title}: variance + epsilon must be positive")
    roots = np.empty(len(total), object)
    for c, number in enumerate(total):
        roots[c] = square_root(number)
    scale = gamma / roots
    conversion.record(node)
    return chain_of(conversion, x, (Affine(scale, beta - mean * scale), channel))


def _with(step: Callable[[NodeOp], Step]) -> Callable[[Conversion, NodeOp], Value]:
    """A converter of a node that is a step without parameters of channels."""

    def convert(conversion: Conversion, node: NodeOp) -> Value:
        conversion.record(node)
        return chain_of(conversion, conversion.start(node), (step(node), None))

    return convert


def _clamp(low: float, high: float) -> Clamp:
    return Clamp(exact([low]), exact([high]))


converts("Relu")(_with(lambda node: _clamp(0.0, inf)))
converts("HardTanh")(_with(lambda node: _clamp(node.float("min_val"), node.float("max_val"))))
converts("Floor")(_with(lambda node: Round("FLOOR")))
converts("Ceil")(_with(lambda node: Round("CEIL")))
converts("Round")(_with(lambda node: Round("HALF_EVEN")))
converts("Neg")(_with(lambda node: Affine(exact([-1]), ZERO)))
converts("Sigmoid")(_with(lambda node: Sigmoid()))


@converts("Identity", "Dropout")
def identity(conversion: Conversion, node: NodeOp) -> Value:
    """x."""
    return conversion.input(node)


@converts("Tanh")
def tanh(conversion: Conversion, node: NodeOp) -> Value:
    """2 sigmoid(2 x) - 1."""
    two = exact([2])
    conversion.record(node)
    steps = [Affine(two, ZERO), Sigmoid(), Affine(two, exact([-1]))]
    return chain_of(conversion, conversion.start(node), *((step, None) for step in steps))


@converts("HardSigmoid")
def hard_sigmoid(conversion: Conversion, node: NodeOp) -> Value:
    """x alpha + beta, clipped to 0 .. 1."""
    alpha, beta = exact([node.float("alpha")]), exact([node.float("beta")])
    conversion.record(node)
    steps = [Affine(alpha, beta), _clamp(0.0, 1.0)]
    return chain_of(conversion, conversion.start(node), *((step, None) for step in steps))


@converts("Clip")
def clip(conversion: Conversion, node: NodeOp) -> Value:
    """min(max(x, low), high); the ends are inputs, or attributes in earlier versions."""
    x = conversion.start(node)
    ends = []
    for index, name, none in ((1, "min", -inf), (2, "max", inf)):
        numbers = conversion.exact(node, index) if node.input(index) is not None else None
        if node.input(index) is not None and (numbers is None or numbers.size != 1):
            raise PassFailedException(f"{node.title}: input {index} must be a constant number")
        given = exact([node.float(name) if node.has(name) else none])
        ends.append(given if numbers is None else numbers.reshape(-1))
    if ends[0][0] > ends[1][0]:
        ends[0] = ends[1]  # the upper end is applied last
    conversion.record(node)
    return chain_of(conversion, x, (Clamp(*ends), None))


def _leaky(conversion: Conversion, node: NodeOp, slope: Exact, axis: int | None) -> Value:
    if (slope < 0).any():
        raise PassFailedException(f"{node.title}: a slope is negative, which is not supported")
    conversion.record(node)
    return chain_of(conversion, conversion.start(node), (Leaky(slope), axis))


@converts("LeakyRelu")
def leaky_relu(conversion: Conversion, node: NodeOp) -> Value:
    """x, or x times alpha where it is negative."""
    return _leaky(conversion, node, exact([node.float("alpha")]), None)


@converts("PRelu")
def p_relu(conversion: Conversion, node: NodeOp) -> Value:
    """x, or x times the slope of its channel where it is negative."""
    slope, axis = _numbers(conversion, node, 1, conversion.input(node).shape)
    return _leaky(conversion, node, slope, axis)


@converts("Cast")
def cast(conversion: Conversion, node: NodeOp) -> Value:
    """Numbers of another type: integers of numbers that are none lose their fractions."""
    x = conversion.start(node)
    type_ = node.outputs[0].type
    assert isinstance(type_, TensorType)
    conversion.record(node)
    if not isinstance(type_.element_type, IntegerType) or _are_integers(x):
        return x
    return chain_of(conversion, x, (Round("DOWN"), None))


def _are_integers(value: Value) -> bool:
    steps = value.chain.steps
    if steps and steps[-1].rounds:
        return True
    tail = value.chain.affine
    return (
        tail is not None
        and not value.has_floats
        and is_integer(tail.scale)
        and is_integer(tail.offset)
    )
