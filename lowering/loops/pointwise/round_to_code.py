"""Vectors of quotients to the nearest values of a code, exactly.

Quotients are clipped to the range of the code first, so that all that follows is about small
numbers, for which few operations do: see each rounding. The values of a bipolar code are the odd
numbers 2k + 1, and a tie between two of them goes as one between their k.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TypeAlias

import numpy as np
from xdsl.dialects import arith, vector
from xdsl.dialects.builtin import f32, i8, i32
from xdsl.ir import SSAValue

from lowbit_dialect import simd
from lowbit_dialect.codes import BipolarType, Code
from lowering.loops.pointwise.lanes import Lanes

INT32_MIN, INT32_MAX = -(2**31), 2**31 - 1

LARGE = 1.5 * 2**23
"""The ulp of numbers around this one is 1."""


def round_to_code(lanes: Lanes, quotient: SSAValue, code: Code, rounding: str) -> SSAValue:
    """Storage bytes of the values of `code` nearest to the quotients, the lowest for a NaN."""
    emit, floats = lanes.emit, lanes.vector(f32)
    low, high = (emit.constant(float(v), floats) for v in (code.min_value, code.max_value))
    quotient = emit.op(arith.MinnumfOp(emit.op(arith.MaxnumfOp(quotient, low)), high))
    if isinstance(code, BipolarType):
        nearest = _BIPOLAR_ROUNDINGS[rounding](lanes, quotient)
        lowest = emit.constant((code.min_value - 1) // 2, nearest.type)
        nearest = emit.binary(arith.SubiOp, nearest, lowest)
    else:
        nearest = _ROUNDINGS[rounding](lanes, quotient)
    return emit.op(simd.TruncIOp(nearest, lanes.vector(i8)))


def _bits(lanes: Lanes, value: SSAValue) -> SSAValue:
    return lanes.emit.op(vector.BitcastOp(value, lanes.vector(i32)))


def _floor(lanes: Lanes, value: SSAValue) -> SSAValue:
    return lanes.emit.op(simd.FPToSIOp(value, lanes.vector(i32), floor=True))


def _half_even(lanes: Lanes, quotient: SSAValue) -> SSAValue:
    """A sum of 2^23 and more has no bits for a fraction: the addition rounds, half to even."""
    emit = lanes.emit
    large = emit.constant(LARGE, quotient.type)
    total = _bits(lanes, emit.binary(arith.AddfOp, quotient, large))
    bits_of_large = emit.constant(int(np.float32(LARGE).view(np.int32)), total.type)
    return emit.binary(arith.SubiOp, total, bits_of_large)


def _half_up(lanes: Lanes, quotient: SSAValue) -> SSAValue:
    """floor(q + 1/2) = floor((floor(2q) + 1) / 2), without a sum that is rounded."""
    emit = lanes.emit
    twice = _floor(lanes, emit.binary(arith.AddfOp, quotient, quotient))
    one = emit.constant(1, twice.type)
    return emit.binary(arith.ShRSIOp, emit.binary(arith.AddiOp, twice, one), one)


def _half_away(lanes: Lanes, quotient: SSAValue) -> SSAValue:
    """Towards zero after a step away from it: the largest f32 below 1/2.

    Its sum with a fraction of one half is rounded up to an integer, that with less is not.
    """
    emit, ints = lanes.emit, lanes.vector(i32)
    sign = emit.binary(arith.AndIOp, _bits(lanes, quotient), emit.constant(INT32_MIN, ints))
    step = int(np.nextafter(np.float32(0.5), np.float32(0)).view(np.int32))
    away = emit.binary(arith.OrIOp, sign, emit.constant(step, ints))
    moved = emit.op(vector.BitcastOp(away, quotient.type))
    return emit.op(simd.FPToSIOp(emit.binary(arith.AddfOp, quotient, moved), ints))


def _bipolar_half_up(lanes: Lanes, quotient: SSAValue) -> SSAValue:
    """The k of the largest 2k + 1 that is at most q + 1: floor(q / 2) = floor(floor(q) / 2)."""
    floor = _floor(lanes, quotient)
    return lanes.emit.binary(arith.ShRSIOp, floor, lanes.emit.constant(1, floor.type))


def _bipolar(lanes: Lanes, quotient: SSAValue, rounding: str) -> SSAValue:
    """One less than half up where q is an even integer, 2k, and k odd or not positive."""
    emit, ints = lanes.emit, lanes.vector(i32)
    zero, one = emit.constant(0, ints), emit.constant(1, ints)
    floor = _floor(lanes, quotient)
    # Compared as bits, for no number other than a zero to be taken for one; but for zeros' signs.
    whole = _bits(lanes, emit.op(simd.SIToFPOp(floor, quotient.type)))
    odd = emit.binary(arith.XOrIOp, _bits(lanes, quotient), whole)
    odd = emit.binary(arith.AndIOp, odd, emit.constant(INT32_MAX, ints))
    if rounding == "half_even":  # 2k and k odd: the last two bits are 10
        last = emit.binary(arith.AndIOp, floor, emit.constant(3, ints))
        last = emit.binary(arith.XOrIOp, last, emit.constant(2, ints))
        lower = emit.op(simd.CmpIOp("eq", emit.binary(arith.OrIOp, odd, last), zero))
    else:
        odd = emit.binary(arith.OrIOp, odd, emit.binary(arith.AndIOp, floor, one))
        is_tie = emit.op(simd.CmpIOp("eq", odd, zero))
        is_low = emit.op(simd.CmpIOp("sle", floor, zero))
        lower = emit.binary(arith.AndIOp, is_tie, is_low)
    upper = emit.binary(arith.ShRSIOp, floor, one)
    return emit.binary(arith.AddiOp, upper, emit.op(simd.ExtSIOp(lower, ints)))


_Rounding: TypeAlias = Callable[[Lanes, SSAValue], SSAValue]

_ROUNDINGS: dict[str, _Rounding] = {
    "half_even": _half_even,
    "half_up": _half_up,
    "half_away": _half_away,
}
"""Quotients to the integers nearest to them."""

_BIPOLAR_ROUNDINGS: dict[str, _Rounding] = {
    "half_even": partial(_bipolar, rounding="half_even"),
    "half_up": _bipolar_half_up,
    "half_away": partial(_bipolar, rounding="half_away"),
}
"""Quotients to the k of the odd numbers 2k + 1 nearest to them."""
