"""Stages of functions of f32 to f32: affine, batch norm, clip, round, PReLU, exp and the like."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np
from xdsl.dialects import arith, math
from xdsl.ir import Operation, SSAValue

from lowbit_dialect.extensions import note_shipped
from lowbit_dialect.ops.activations import PReluOp, UnaryOp
from lowbit_dialect.ops.floats import AffineOp, BatchNormOp, ClipOp, FloatOp, RoundOp
from lowering.loops.emit import Emit
from lowering.loops.pointwise.channel_numbers import ChannelNumbers
from lowering.loops.pointwise.lanes import Lanes, flat, for_lanes, lane_count, rows_of, uniform_rows
from lowering.loops.pointwise.math_functions import choose, math_function, maximum, minimum
from lowering.loops.stage import Stage, StageLoops, shape_of
from lowering.targets import Target

LaneFunction: TypeAlias = Callable[[Any, Lanes, SSAValue], SSAValue]
"""What an operation computes of a vector of neighbouring elements."""


def _number(op: FloatOp, name: str, lanes: Lanes) -> SSAValue:
    """The numbers of the lanes for a clause."""
    values = op.channel_numbers[name]
    return ChannelNumbers(values, op.axis_attr.value.data, shape_of(op.x)).of(lanes)


def _affine(op: AffineOp, lanes: Lanes, x: SSAValue) -> SSAValue:
    product = lanes.emit.binary(arith.MulfOp, x, _number(op, "scale", lanes))
    return lanes.emit.binary(arith.AddfOp, product, _number(op, "offset", lanes))


def _batch_norm(op: BatchNormOp, lanes: Lanes, x: SSAValue) -> SSAValue:
    emit, numbers = lanes.emit, op.channel_numbers
    epsilon = np.float32(numbers["epsilon"][0])
    deviations = np.sqrt(np.array(numbers["variance"], np.float32) + epsilon)
    axis, shape = op.axis_attr.value.data, shape_of(op.x)
    deviation = ChannelNumbers(deviations.tolist(), axis, shape).of(lanes)
    centred = emit.binary(arith.SubfOp, x, _number(op, "mean", lanes))
    normal = emit.binary(arith.DivfOp, centred, deviation)
    scaled = emit.binary(arith.MulfOp, normal, _number(op, "gamma", lanes))
    return emit.binary(arith.AddfOp, scaled, _number(op, "beta", lanes))


def _clip(op: ClipOp, lanes: Lanes, x: SSAValue) -> SSAValue:
    for name, bounded in (("low", maximum), ("high", minimum)):
        if name in op.channel_numbers:
            x = bounded(lanes.emit, x, _number(op, name, lanes))
    return x


def _half_up(emit: Emit, x: SSAValue) -> SSAValue:
    """The floor, or one more where x lies half an integer above it or further."""
    floor = emit.op(math.FloorOp(x))
    fraction = emit.binary(arith.SubfOp, x, floor)
    half, one = (emit.constant(number, x.type) for number in (0.5, 1.0))
    upper = emit.binary(arith.AddfOp, floor, one)
    return choose(emit, "oge", fraction, half, upper, floor)


_ROUNDINGS: dict[str, Callable[[Emit, SSAValue], SSAValue]] = {
    "half_even": lambda emit, x: emit.op(math.RoundEvenOp(x)),
    "half_up": _half_up,
    "half_away": lambda emit, x: emit.op(math.RoundOp(x)),
    "floor": lambda emit, x: emit.op(math.FloorOp(x)),
}


def _round(op: RoundOp, lanes: Lanes, x: SSAValue) -> SSAValue:
    rounded = _ROUNDINGS[op.to.data](lanes.emit, x)
    return lanes.emit.binary(arith.AddfOp, rounded, lanes.emit.constant(0.0, x.type))


def _prelu(op: PReluOp, lanes: Lanes, x: SSAValue) -> SSAValue:
    emit = lanes.emit
    below = emit.binary(arith.MulfOp, x, _number(op, "slope", lanes))
    return choose(emit, "ogt", x, emit.constant(0.0, x.type), x, below)


def _unary(op: UnaryOp, lanes: Lanes, x: SSAValue) -> SSAValue:
    return math_function(lanes.emit, op.function.data, x)


LANE_FUNCTIONS: dict[type[Operation], LaneFunction] = {
    AffineOp: _affine,
    BatchNormOp: _batch_norm,
    ClipOp: _clip,
    PReluOp: _prelu,
    RoundOp: _round,
    UnaryOp: _unary,
}
"""What each function of f32 to f32 computes of the lanes."""
note_shipped(LANE_FUNCTIONS)


def float_function(op: FloatOp, target: Target) -> StageLoops:
    """A function of each element, a vector at a time.

    Importers compute integers by `lowbit.affine`, so where vectors take subnormal numbers for 0 it
    is computed by single elements; other functions are 0 there for a subnormal number.
    """
    shape = (uniform_rows if op.is_uniform else rows_of)(shape_of(op.x))

    def body(stage: Stage, low: SSAValue, high: SSAValue) -> None:
        x, y = flat(stage, op.x, shape), flat(stage, op.result, shape)

        def element(lanes: Lanes) -> None:
            lanes.store(LANE_FUNCTIONS[type(op)](op, lanes, lanes.load(x)), y)

        is_single = target.flushes_subnormals and isinstance(op, AffineOp)
        for_lanes(stage, shape, (low, high), 1 if is_single else lane_count(target), element)

    return StageLoops(shape[0], body)
