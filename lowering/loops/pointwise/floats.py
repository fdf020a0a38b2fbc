"""The stage of `lowbit.affine`: a scale and an offset of each lane's channel."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import prod

import numpy as np
from xdsl.dialects import arith
from xdsl.dialects.builtin import Float32Type, MemRefType, f32
from xdsl.ir import SSAValue

from lowbit_dialect import simd
from lowbit_dialect.ops.channelwise import number_list
from lowbit_dialect.ops.floats import AffineOp, FloatOp
from lowering.loops.pointwise.lanes import Lanes, flat, for_lanes, lane_count, rows_of
from lowering.loops.stage import Stage, StageLoops, shape_of
from lowering.targets import Target


def channel_number(lanes: Lanes, op: FloatOp, numbers: Sequence[float]) -> SSAValue:
    """The number of each lane's channel, of one for all channels or one for each."""
    emit, type_, shape = lanes.emit, lanes.vector(f32), shape_of(op.x)
    if len(numbers) == 1:
        return emit.constant(float(numbers[0]), type_)
    data = np.array(numbers, np.float32).tobytes()
    memory = lanes.stage.constant(data, MemRefType(Float32Type(), [1, len(numbers)]))
    axis = op.axis_attr.value.data % len(shape)
    if axis == len(shape) - 1:
        return lanes.load(memory, 0)
    index = emit.mod(emit.div(lanes.row, prod(shape[axis + 1 : -1])), shape[axis])
    where = [emit.value(i) for i in (0, index)]
    return emit.op(simd.BroadcastLoadOp(memory, where, type_))


def _stage(
    op: FloatOp, target: Target, of: Callable[[Lanes, SSAValue], SSAValue], count: int = 0
) -> StageLoops:
    """A vector of f32 at a time."""
    shape = rows_of(shape_of(op.x))

    def body(stage: Stage, low: SSAValue, high: SSAValue) -> None:
        x, y = flat(stage, op.x), flat(stage, op.result)

        def element(lanes: Lanes) -> None:
            lanes.store(of(lanes, lanes.load(x)), y)

        for_lanes(stage, shape, (low, high), count or lane_count(target), element)

    return StageLoops(shape[0], body)


def affine(op: AffineOp, target: Target) -> StageLoops:
    """x * scale, rounded, + offset."""
    scale, offset = number_list(op.scale), number_list(op.offset)

    def of(lanes: Lanes, x: SSAValue) -> SSAValue:
        if scale != (1.0,):
            x = lanes.emit.binary(arith.MulfOp, x, channel_number(lanes, op, scale))
        if offset != (0.0,):
            x = lanes.emit.binary(arith.AddfOp, x, channel_number(lanes, op, offset))
        return x

    # Vector instructions of ARMv7 take subnormal numbers for 0.
    return _stage(op, target, of, 1 if target.flushes_subnormals else 0)
