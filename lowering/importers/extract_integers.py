"""Chains that end in a quantiser, as integers of a code: thresholds in exact arithmetic."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from math import inf

import numpy as np
from numpy.typing import NDArray
from xdsl.dialects.builtin import TensorType
from xdsl.ir import SSAValue

from lowbit_dialect.codes import Code
from lowbit_dialect.constants import constant_tensor
from lowbit_dialect.ops.glue import FusedGlueOp
from lowbit_dialect.ops.sort_key import SortKeyOp
from lowbit_dialect.reference.sort_key import sort_key
from lowering.importers.chain import MOST_VALUES, Chain, Levels, levels_of
from lowering.importers.emitter import Emitter
from lowering.importers.exact import exact, least_float, least_integer
from lowering.importers.steps import Affine, Bounds
from lowering.importers.values import Value, code_for

INT32 = np.iinfo(np.int32)


@dataclass(frozen=True)
class Coded:
    """Integers r * step + shift of a code, for the integers r of a quantiser."""

    code: Code
    step: int
    shift: int
    tail: Affine

    def least(self, value: int) -> int:
        """The least r whose integer is a value or more."""
        return -((self.shift - value) // self.step)


def coded(levels: Levels) -> Coded | str:
    """The code for the integers of a quantiser, or why there is none.

    The zero point is taken into the integers where that leaves them in a code: 0 is 0 then, also in
    the padding of a convolution.
    """
    first, last = levels.first, levels.first + levels.count - 1
    scale, offset = levels.tail.scale, levels.tail.offset
    if (scale == 0).any():
        return "its scale is 0"
    zeros = -offset / scale
    zero = Fraction(zeros[0])
    if (zeros == zero).all():
        if zero.denominator == 1:
            code = code_for(first - int(zero), last - int(zero))
            if code is not None:
                return Coded(code, 1, -int(zero), Affine(scale, exact([0])))
        elif zero.denominator == 2:
            ends = int(2 * (first - zero)), int(2 * (last - zero))
            code = code_for(*ends, step=2)
            if code is not None and (code.min_value, code.max_value) == ends:
                half = Fraction(1, 2)
                return Coded(code, 2, -int(2 * zero), Affine(scale * half, exact([0])))
    code = code_for(0, levels.count - 1)
    if code is None:
        return f"it has {levels.count} values, more than {MOST_VALUES}"
    return Coded(code, 1, -first, Affine(scale, offset + scale * Fraction(first)))


def extract(value: Value, emitter: Emitter) -> Value | str:
    """The integers of a code that stand for the numbers of a value, or why there are none.

    The result's chain is a scale and an offset. It is found once for each value.
    """
    if value.integers is None:
        value.integers = _extract(value, emitter)
    return value.integers


def _extract(value: Value, emitter: Emitter) -> Value | str:
    if not value.chain.rounds:
        if value.chain.affine is None or value.has_floats:
            return "no quantiser rounds it"
        if not value.is_constant and value.code is None:
            return "its sums are not quantised"
        return value
    levels = levels_of(value.chain, *value.range(emitter.ranges))
    if isinstance(levels, str):
        return levels
    found = coded(levels)
    if isinstance(found, str):
        return found
    bounds = _bounds(levels, found)
    axis = levels.head.axis
    chain = Chain((found.tail,), value.chain.axis if found.tail.channels > 1 else None)
    if isinstance(value.data, np.ndarray):
        return Value(_of_constant(value.data, bounds, found.code, axis), chain)
    thresholds, flip = _thresholds(bounds, value.has_floats)
    rank = len(value.shape)
    dim = _any_axis(value, emitter) if axis is None else axis
    channels = value.shape[dim]
    rows = np.broadcast_to(thresholds, (channels, thresholds.shape[1]))
    flips = np.broadcast_to(flip, (channels,))
    sums = value.data
    if value.has_floats:
        sums = emitter.insert(SortKeyOp.get(sums))
    given = emitter.insert(constant_tensor(rows))
    given_flips = emitter.insert(constant_tensor(flips)) if flips.any() else None
    type_ = TensorType(found.code, value.shape)
    glue = FusedGlueOp.threshold(sums, given, type_, given_flips, dim if dim < rank - 1 else -1)
    return Value(emitter.insert(glue), chain)


def _any_axis(value: Value, emitter: Emitter) -> int:
    """A dimension for thresholds that are the same everywhere.

    The channels of a contraction, so that its loops compute the levels, and elsewhere the shortest.
    """
    assert isinstance(value.data, SSAValue)
    if not value.has_floats and value.code is None:
        known = emitter.ranges.of(value.data)
        if len(known.low) > 1:
            return known.axis
    return int(np.argmin(value.shape))


def _bounds(levels: Levels, found: Coded) -> Bounds:
    """For each value of the code but the least, what gives that value or more."""
    targets = []
    for value in np.sort(found.code.values)[1:].tolist():
        least = found.least(value)
        if least <= levels.first:
            targets.append(-inf)
        elif least > levels.first + levels.count - 1:
            targets.append(inf)
        else:
            targets.append(least)
    return levels.head.source(exact(np.array(targets, object))[:, None])


def _thresholds(bounds: Bounds, is_float: bool) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Thresholds (C, T) for sums or keys of floats, and flips (C,) where the levels fall."""
    count, channels = bounds.at.shape
    rows = np.empty((channels, count), np.int64)
    is_finite = np.vectorize(lambda at: not isinstance(at, float), otypes=[bool])(bounds.at)
    flips = (~bounds.above & is_finite).any(axis=0) if count else np.zeros(channels, bool)
    for c in range(channels):
        for k in range(count):
            at, closed, above = bounds.at[k, c], bool(bounds.closed[k, c]), bounds.above[k, c]
            if isinstance(at, float):
                rows[c, k] = INT32.min if (at < 0) == bool(above) else INT32.max
            elif is_float:
                rows[c, k] = _float_threshold(at, closed, bool(above))
            else:
                number = least_integer(at, closed) if above else 1 - least_integer(at, not closed)
                rows[c, k] = min(max(int(number), INT32.min), INT32.max)
    return rows, flips


def _float_threshold(at: Fraction, closed: bool, above: bool) -> int:
    """The key that floats at a bound or above it reach, or negated keys at it or below."""
    if above:
        number = least_float(at, closed)
        return -1 if number == 0 else int(sort_key(np.array([number], np.float32))[0])
    number = -least_float(-at, closed)
    return 0 if number == 0 else -int(sort_key(np.array([number], np.float32))[0])


def _of_constant(data: NDArray, bounds: Bounds, code: Code, axis: int | None) -> NDArray[np.int64]:
    """The values of a code that the elements of a constant become."""
    moved = data if axis is None else np.moveaxis(data, axis, -1)
    channels = bounds.at.shape[1]
    flat = moved.reshape(-1, channels).astype(np.float64)
    levels = np.zeros(flat.shape, np.int64)
    for c in range(channels):
        for at, closed, above in zip(
            bounds.at[:, c], bounds.closed[:, c], bounds.above[:, c], strict=True
        ):
            if isinstance(at, float):
                levels[:, c] += (at < 0) == bool(above)
            elif above:
                levels[:, c] += flat[:, c] >= least_float(at, bool(closed), np.float64)
            else:
                levels[:, c] += flat[:, c] <= -least_float(-at, bool(closed), np.float64)
    result = np.sort(code.values)[levels].reshape(moved.shape)
    return result if axis is None else np.moveaxis(result, -1, axis)


def recoded(value: Value, code: Code, emitter: Emitter) -> Value:
    """Integers of a code as the same integers of another one that holds them."""
    if value.code == code:
        return value
    assert isinstance(value.data, SSAValue)
    dim = int(np.argmin(value.shape))
    row = np.sort(code.values)[1:]
    rows = emitter.insert(constant_tensor(np.broadcast_to(row, (value.shape[dim], len(row)))))
    axis = dim if dim < len(value.shape) - 1 else -1
    glue = FusedGlueOp.threshold(value.data, rows, TensorType(code, value.shape), None, axis)
    return Value(emitter.insert(glue), value.chain)
