"""The step functions between low-bit layers: accumulator -> level -> value."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lowbit_dialect.codes import Code, parse_code
from lowbit_dialect.reference.arrays import INT32, along_axis, integers

MAX_SHIFT = 31
"""Bits that a sum of 32 bits can be shifted by: the sign alone is left."""


def _channels(acc: NDArray, axis: int) -> int:
    if not -acc.ndim <= axis < acc.ndim:
        raise ValueError(f"axis {axis} is not a dimension of acc, which has {acc.ndim}")
    return acc.shape[axis]


def _values(levels: NDArray[np.int64], code: Code) -> NDArray[np.int64]:
    """Values of level numbers: level k is the k-th smallest value."""
    return np.sort(code.values)[levels]


def _level_bounds(code: Code, lo: int, hi: int | None) -> tuple[int, int]:
    """Lowest and highest level."""
    top = (1 << code.width) - 1
    high = top if hi is None else hi
    if not 0 <= lo <= high <= top:
        raise ValueError(f"lo {lo} and hi {high} must satisfy 0 <= lo <= hi <= {top}")
    return lo, high


def _for_channels(acc: NDArray, axis: int, given: Mapping[str, ArrayLike]) -> list[NDArray]:
    """Numbers of each channel, (C,), along the channel dimension of acc."""
    channels, arrays = _channels(acc, axis), []
    for role, values in given.items():
        array = integers(values, 1, role)
        if len(array) != channels:
            raise ValueError(f"{role} needs {channels} entries, got {len(array)}")
        arrays.append(along_axis(array, axis, acc.ndim))
    return arrays


def fused_glue_shift(
    acc: ArrayLike,
    offset: ArrayLike,
    shift: ArrayLike,
    code: Code | str,
    axis: int = -1,
    lo: int = 0,
    hi: int | None = None,
) -> NDArray[np.int64]:
    """level = clip((acc + offset) >> shift, lo, hi), the sum saturating in i32; then its value.

    A shift out of range is clipped to it, as that of a module is where it is no constant.

    Args:
        acc: i32 accumulators of any shape.
        offset: (C,) i32, C the extent of `axis`.
        shift: (C,), clipped to 0 .. 31; the shift is arithmetic.
        code: the code whose levels are counted.
        axis: the channel dimension.
        lo: lowest level.
        hi: highest level; 2^b - 1 where not given.

    Returns:
        Values of the code, of acc's shape.

    Raises:
        ValueError: an argument is malformed.
    """
    code = parse_code(code)
    sums = integers(acc, None, "acc")
    offsets, shifts = _for_channels(sums, axis, {"offset": offset, "shift": shift})
    low, high = _level_bounds(code, lo, hi)
    moved = np.clip(sums + offsets, INT32.min, INT32.max)
    return _values(np.clip(moved >> np.clip(shifts, 0, MAX_SHIFT), low, high), code)


def _doubling_high_mul(a: NDArray[np.int64], b: NDArray[np.int64]) -> NDArray[np.int64]:
    """gemmlowp's SaturatingRoundingDoublingHighMul: the high half of 2 a b, rounded."""
    product = a * b
    nudged = product + np.where(product >= 0, 1 << 30, 1 - (1 << 30))
    quotient = np.sign(nudged) * (np.abs(nudged) >> 31)  # C divides towards zero
    return np.where((a == INT32.min) & (b == INT32.min), INT32.max, quotient)


def _rounding_divide_by_pot(x: NDArray[np.int64], exponent: NDArray[np.int64]) -> NDArray[np.int64]:
    """gemmlowp's RoundingDivideByPOT: x / 2^exponent, ties away from zero."""
    mask = (np.int64(1) << exponent) - 1
    threshold = (mask >> 1) + (x < 0)
    return (x >> exponent) + ((x & mask) > threshold)


def fused_glue_scale(
    acc: ArrayLike,
    offset: ArrayLike,
    multiplier: ArrayLike,
    shift: ArrayLike,
    code: Code | str,
    axis: int = -1,
    zero: int = 0,
    lo: int = 0,
    hi: int | None = None,
) -> NDArray[np.int64]:
    """level = clip(scaled + zero, lo, hi), the sums saturating in i32; then its value.

    scaled = RoundingDivideByPOT(SaturatingRoundingDoublingHighMul(acc + offset, multiplier), shift)
    as gemmlowp has them. A shift out of range is clipped to it.

    Args:
        acc: i32 accumulators of any shape.
        offset: (C,) i32, C the extent of `axis`.
        multiplier: (C,) i32.
        shift: (C,), clipped to 0 .. 31.
        code: the code whose levels are counted.
        axis: the channel dimension.
        zero: i32, the level of 0.
        lo: lowest level.
        hi: highest level; 2^b - 1 where not given.

    Returns:
        Values of the code, of acc's shape.

    Raises:
        ValueError: an argument is malformed.
    """
    code = parse_code(code)
    sums = integers(acc, None, "acc")
    given = {"offset": offset, "multiplier": multiplier, "shift": shift}
    offsets, multipliers, shifts = _for_channels(sums, axis, given)
    low, high = _level_bounds(code, lo, hi)
    moved = np.clip(sums + offsets, INT32.min, INT32.max)
    scaled = _rounding_divide_by_pot(
        _doubling_high_mul(moved, multipliers), np.clip(shifts, 0, MAX_SHIFT)
    )
    return _values(np.clip(np.clip(scaled + zero, INT32.min, INT32.max), low, high), code)


def fused_glue_threshold(
    acc: ArrayLike,
    thresholds: ArrayLike,
    code: Code | str,
    flip: ArrayLike | None = None,
    axis: int = -1,
) -> NDArray[np.int64]:
    """level = number of thresholds <= acc, or <= -acc where flip is set; then its value.

    Args:
        acc: i32 accumulators of any shape.
        thresholds: (C, T) i32, T <= 2^b - 1, in any order; C is the extent of `axis`.
        code: the code whose levels are counted.
        flip: (C,) booleans, or None for all false.
        axis: the channel dimension.

    Returns:
        Values of the code, of acc's shape.

    Raises:
        ValueError: an argument is malformed.
    """
    code = parse_code(code)
    sums = integers(acc, None, "acc")
    steps = integers(thresholds, 2, "thresholds")
    channels = _channels(sums, axis)
    if steps.shape[0] != channels or steps.shape[1] >= 1 << code.width:
        raise ValueError(
            f"thresholds are {steps.shape}: expected a row for each of the {channels} channels and"
            f" at most {(1 << code.width) - 1} columns"
        )
    if flip is not None:
        flips = np.asarray(flip, np.bool_)
        if flips.shape != (channels,):
            raise ValueError(f"flip needs {channels} entries, got shape {flips.shape}")
        sums = np.where(along_axis(flips, axis, sums.ndim), -sums, sums)
    levels = np.zeros(sums.shape, np.int64)
    for column in steps.T:  # one at a time: T + 1 copies of the accumulators would be a lot
        levels += along_axis(column, axis, sums.ndim) <= sums
    return _values(levels, code)
