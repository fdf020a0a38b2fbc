"""Sums, products and quotients: by constants they are steps, of two branches sums of integers."""

from __future__ import annotations

from fractions import Fraction

from xdsl.dialects.builtin import TensorType, i32
from xdsl.utils.exceptions import PassFailedException

from lowbit_dialect.ops.elementwise import AddOp
from lowbit_dialect.qonnx import NodeOp
from lowering.importers.chain import Chain
from lowering.importers.conversion import Conversion, converts
from lowering.importers.convert_pointwise import ONE, ZERO, chain_of
from lowering.importers.exact import Exact, exact
from lowering.importers.float_nodes import FLOAT_ONLY, float_node
from lowering.importers.steps import Affine
from lowering.importers.values import Value

MOST_RATIO = 64
"""The largest ratio of two scales whose branches are added as integers."""


def _step(operator: str, numbers: Exact, is_first: bool) -> Affine | None:
    """x and a constant as a step; `is_first` where the constant is the first operand."""
    if operator == "Add":
        return Affine(ONE, numbers)
    if operator == "Mul":
        return Affine(numbers, ZERO)
    if operator == "Sub":
        return Affine(exact([-1]), numbers) if is_first else Affine(ONE, -numbers)
    if operator == "Div" and not is_first and not (numbers == 0).any():
        return Affine(1 / numbers, ZERO)
    return None


@converts("Add", "Sub", "Mul", "Div")
def arithmetic(conversion: Conversion, node: NodeOp) -> Value:
    """A constant becomes a step; two branches of one scale are added as integers."""
    operator = node.operator.data
    shape = tuple(node.outputs[0].type.get_shape())  # pyright: ignore
    for constant, other in ((1, 0), (0, 1)):
        if conversion.input(node, other).shape != shape:
            continue
        found = conversion.channels(node, constant, shape)
        if found is None:
            continue
        numbers, axis = found
        step = _step(operator, numbers, constant == 0)
        if step is not None:
            conversion.record(node)
            return chain_of(conversion, conversion.start(node, other), (step, axis))
        if operator == "Div" and constant == 1:
            raise PassFailedException(f"{node.title}: input 1 divides by 0")
    why = f"{operator} of two branches is not linear"
    if operator in ("Add", "Sub"):
        total = _add(conversion, node, -1 if operator == "Sub" else 1)
        if isinstance(total, Value):
            conversion.record(node)
            return total
        why = total
    return float_node(conversion, node, why)


def _only_floats(conversion: Conversion, node: NodeOp) -> Value:
    return float_node(conversion, node, "it is computed of floats only")


converts(*FLOAT_ONLY)(_only_floats)


def _add(conversion: Conversion, node: NodeOp, sign: int) -> Value | str:
    """The sum of two branches in i32, or why it is none."""
    branches = []
    for index in (0, 1):
        value = conversion.input(node, index)
        if value.is_constant:
            return "a constant differs along several dimensions"
        if value.chain.rounds:
            found = conversion.extract(value)
            if isinstance(found, str):
                return f"input {index} has no integers: {found}"
            value = found
        if value.chain.affine is None or value.has_floats:
            return f"input {index} has no integers: no quantiser rounds it"
        branches.append((value, value.chain.affine))
    (x, first), (y, second) = branches
    if x.shape != y.shape:
        return "the branches have different shapes"
    axes = {v.chain.axis for v, _ in branches if v.chain.channels > 1}
    if len(axes) > 1:
        return "the scales of the branches run along different dimensions"
    ratios = second.scale * sign / first.scale
    ratio = Fraction(ratios[0])
    if not (ratios == ratio).all():
        return "the ratio of the scales differs between channels"
    if max(abs(ratio.numerator), ratio.denominator) > MOST_RATIO:
        return f"the scales of the branches have the ratio {float(ratio):g}"
    terms = [_times(conversion, x, ratio.denominator), _times(conversion, y, abs(ratio.numerator))]
    if ratio < 0:
        return "the branches have scales of different signs"
    op = AddOp.build_op([v.data for v in terms], [TensorType(i32, x.shape)])  # pyright: ignore
    scale = first.scale / ratio.denominator
    bound = conversion.emitter.ranges
    total = sum(bound.of(v.data).bound for v in terms)  # pyright: ignore
    if total >= 2**31 - 1:
        return "the sums leave i32"
    step = Affine(scale, first.offset + second.offset * sign)
    return conversion.integers(op, Chain((step,), axes.pop() if axes else None))


def _times(conversion: Conversion, value: Value, factor: int) -> Value:
    """Integers times a positive one, by doubling and adding."""
    result: Value | None = None
    power = value
    while factor:
        if factor & 1:
            result = power if result is None else _sum(conversion, result, power)
        factor >>= 1
        if factor:
            power = _sum(conversion, power, power)
    assert result is not None
    return result


def _sum(conversion: Conversion, x: Value, y: Value) -> Value:
    op = AddOp.build_op([x.data, y.data], [TensorType(i32, x.shape)])  # pyright: ignore
    return conversion.integers(op, Chain())
