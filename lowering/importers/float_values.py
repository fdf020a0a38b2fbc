"""Values as tensors of f32: what has no integers, or leaves the network."""

from __future__ import annotations

from math import inf

import numpy as np
from xdsl.dialects import arith
from xdsl.dialects.builtin import BytesAttr, DenseIntOrFPElementsAttr, StringAttr, TensorType, f32
from xdsl.ir import SSAValue
from xdsl.utils.exceptions import PassFailedException

from lowbit_dialect.ops.activations import PReluOp, UnaryOp
from lowbit_dialect.ops.base import floats, int_
from lowbit_dialect.ops.elementwise import DequantizeOp
from lowbit_dialect.ops.floats import AffineOp, ClipOp, RoundOp
from lowering.importers.emitter import Emitter
from lowering.importers.exact import Exact
from lowering.importers.extract_integers import extract
from lowering.importers.steps import Affine, Clamp, Leaky, Round, Sigmoid, Step
from lowering.importers.values import Value

_ROUNDINGS = {
    "ROUND": "half_even",
    "HALF_EVEN": "half_even",
    "HALF_UP": "half_away",
    "FLOOR": "floor",
}
"""The roundings of QONNX that are operations on floats."""


def as_floats(value: Value, emitter: Emitter) -> SSAValue:
    """The numbers of a value as f32, rounded after each operation. It is found once for each value.

    Raises:
        PassFailedException: a step has no operation on floats.
    """
    if value.floats is None:
        value.floats = _as_floats(value, emitter)
    return value.floats


def _as_floats(value: Value, emitter: Emitter) -> SSAValue:
    if value.is_constant:
        return float_constant(value.numbers(), emitter)
    if value.chain.rounds:
        integers = extract(value, emitter)
        if isinstance(integers, Value):
            value = integers
    assert isinstance(value.data, SSAValue)
    numbers, steps, axis = value.data, list(value.chain.steps), value.chain.axis
    if not value.has_floats:
        first = steps[0] if steps and isinstance(steps[0], Affine) else None
        scale = [1.0]
        if first is not None and all(_f32(s) > 0 for s in first.scale):
            scale = [_f32(s) for s in first.scale]
            steps[0] = Affine(first.scale / first.scale, first.offset)
        numbers = emitter.insert(
            DequantizeOp.build_op(
                [numbers],
                [TensorType(f32, value.shape)],
                scale=floats(scale),
                axis=int_(-1 if axis is None or len(scale) == 1 else axis),
            )
        )
    for step in steps:
        numbers = _apply(step, numbers, axis, emitter)
    return numbers


def _apply(step: Step, x: SSAValue, axis: int | None, emitter: Emitter) -> SSAValue:
    """A step in f32."""
    dim = int_(-1 if axis is None or step.channels == 1 else axis)
    if isinstance(step, Affine):
        if (step.scale == 1).all() and (step.offset == 0).all():
            return x
        clauses = {"scale": _list(step.scale), "offset": _list(step.offset)}
        return emitter.insert(AffineOp.build_op([x], [x.type], axis=dim, **clauses))
    if isinstance(step, Clamp):
        ends = {"low": (step.low, -inf), "high": (step.high, inf)}
        given = {name: _list(v) for name, (v, none) in ends.items() if (v != none).any()}
        return emitter.insert(ClipOp.build_op([x], [x.type], axis=dim, **given))
    if isinstance(step, Round) and step.mode in _ROUNDINGS:
        to = StringAttr(_ROUNDINGS[step.mode])
        return emitter.insert(RoundOp.build_op([x], [x.type], to=to, axis=dim))
    if isinstance(step, Leaky):
        slope = _list(step.slope)
        return emitter.insert(PReluOp.build_op([x], [x.type], slope=slope, axis=dim))
    if isinstance(step, Sigmoid):
        function = StringAttr("sigmoid")
        return emitter.insert(UnaryOp.build_op([x], [x.type], function=function, axis=dim))
    raise PassFailedException(f"{type(step).__name__} of floats is not supported")


def _f32(number) -> float:
    return float(np.float32(float(number)))


def _list(numbers: Exact):
    return floats([_f32(number) for number in numbers])


def float_constant(numbers: Exact, emitter: Emitter) -> SSAValue:
    """A constant tensor of f32."""
    array = np.array([float(n) for n in numbers.reshape(-1)], np.float32).reshape(numbers.shape)
    type_ = TensorType(f32, array.shape)
    data = BytesAttr(np.ascontiguousarray(array).tobytes())
    return emitter.insert(arith.ConstantOp(DenseIntOrFPElementsAttr(type_, data)))
