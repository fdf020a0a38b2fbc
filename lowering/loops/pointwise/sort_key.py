"""The stage of `lowbit.sort_key`: the bits of floats as integers."""

from __future__ import annotations

from xdsl.dialects import arith, vector
from xdsl.dialects.builtin import i32
from xdsl.ir import SSAValue

from lowbit_dialect import simd
from lowbit_dialect.ops.sort_key import SortKeyOp
from lowering.loops.pointwise.lanes import Lanes, flat, for_lanes, lane_count, rows_of
from lowering.loops.stage import Stage, StageLoops, shape_of
from lowering.targets import Target

_MAGNITUDE, _INFINITY, _LEAST = 0x7FFFFFFF, 0x7F800000, -(2**31)


def sort_key(op: SortKeyOp, target: Target) -> StageLoops:
    """A vector of i32 at a time."""
    shape = rows_of(shape_of(op.x))

    def body(stage: Stage, low: SSAValue, high: SSAValue) -> None:
        x, y = flat(stage, op.x), flat(stage, op.result)

        def element(lanes: Lanes) -> None:
            lanes.store(_key(lanes, lanes.load(x)), y)

        for_lanes(stage, shape, (low, high), lane_count(target), element)

    return StageLoops(shape[0], body)


def _key(lanes: Lanes, value: SSAValue) -> SSAValue:
    """The key of floats."""
    emit, ints = lanes.emit, lanes.vector(i32)
    bits = emit.op(vector.BitcastOp(value, ints))
    magnitude_mask = emit.constant(_MAGNITUDE, ints)
    signs = emit.binary(arith.ShRSIOp, bits, emit.constant(31, ints))
    key = emit.binary(arith.XOrIOp, bits, emit.binary(arith.AndIOp, signs, magnitude_mask))
    # All ones where the float is a NaN.
    magnitude = emit.binary(arith.AndIOp, bits, magnitude_mask)
    is_nan = emit.op(simd.CmpIOp("slt", emit.constant(_INFINITY, ints), magnitude))
    nan = emit.op(simd.ExtSIOp(is_nan, ints))
    keep = emit.binary(arith.XOrIOp, nan, emit.constant(-1, ints))
    least = emit.binary(arith.AndIOp, nan, emit.constant(_LEAST, ints))
    return emit.binary(arith.OrIOp, emit.binary(arith.AndIOp, key, keep), least)
