"""Quantise, dequantise and add."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lowbit_dialect.codes import AffineCode, BipolarType, Code, parse_code
from lowbit_dialect.reference.arrays import INT32, along_axis, integers

KernelPlan = Callable[[NDArray[np.float64], NDArray[np.float64]], NDArray[np.bool_]]

_TAKES_UPPER: dict[str, KernelPlan] = {
    "half_even": lambda lower, upper: upper % 2 == 0,
    "half_up": lambda lower, upper: np.ones(upper.shape, np.bool_),
    "half_away": lambda lower, upper: upper > 0,
}
"""By rounding: whether a tie between two neighbouring integers goes to the upper one."""


def _scales(scale: ArrayLike, axis: int, shape: tuple[int, ...]) -> NDArray[np.float32]:
    factors = np.atleast_1d(np.asarray(scale, np.float32))
    if factors.ndim != 1 or not (np.isfinite(factors) & (factors > 0)).all():
        raise ValueError(f"scale must be a list of positive finite numbers, got {scale}")
    if not -len(shape) <= axis < len(shape):
        raise ValueError(f"axis {axis} is not one of the {len(shape)} dimensions")
    if len(factors) not in (1, shape[axis]):
        raise ValueError(f"scale has {len(factors)} entries, dimension {axis} has {shape[axis]}")
    return along_axis(factors, axis, len(shape))


def quantize(
    x: ArrayLike,
    code: Code | str,
    scale: ArrayLike,
    axis: int = -1,
    rounding: str = "half_even",
) -> NDArray[np.int64]:
    """Nearest value of an affine code to x / scale, clipped to its range; NaN is the lowest.

    The quotient is rounded to f32, everything after it is exact: neighbours are the integers, or
    the odd numbers 2k + 1 for bipolar codes, and a tie goes as `rounding` says of the integers
    (of the k): half_even, half_up (towards +inf) or half_away (from zero; (x / scale - 1) / 2
    from zero for bipolar).

    Args:
        x: numbers, taken as f32, of at least one dimension.
        code: an affine code.
        scale: one positive number, or one for each index of `axis`.
        axis: the dimension that a list of scales belongs to.
        rounding: half_even, half_up or half_away.

    Returns:
        Values of the code, of x's shape.

    Raises:
        ValueError: an argument is malformed.
    """
    code = parse_code(code)
    if not isinstance(code, AffineCode):
        raise ValueError(f"quantize gives affine codes, got {code}")
    if rounding not in _TAKES_UPPER:
        raise ValueError(f"rounding {rounding!r}: {', '.join(_TAKES_UPPER)} are allowed")
    numbers = np.asarray(x, np.float32)
    with np.errstate(over="ignore", under="ignore", invalid="ignore"):
        quotient = (numbers / _scales(scale, axis, numbers.shape)).astype(np.float64)
    # Far outside every code the value does not matter any more, and infinities get in the way.
    quotient = np.clip(np.nan_to_num(quotient, nan=-np.inf), -1024.0, 1024.0)
    if isinstance(code, BipolarType):
        half = quotient / 2
        lower, upper = np.ceil(half) - 1, np.floor(half)
    else:
        lower, upper = np.ceil(quotient - 0.5), np.floor(quotient + 0.5)
    nearest = np.where(_TAKES_UPPER[rounding](lower, upper), upper, lower)
    if isinstance(code, BipolarType):
        nearest = 2 * nearest + 1
    return np.clip(nearest.astype(np.int64), code.min_value, code.max_value)


def dequantize(values: ArrayLike, scale: ArrayLike, axis: int = -1) -> NDArray[np.float32]:
    """Integers to f32: f32(value) * scale, in f32.

    Args:
        values: integers (values of a code, or i32 sums), of at least one dimension.
        scale: one positive number, or one for each index of `axis`.
        axis: the dimension that a list of scales belongs to.

    Raises:
        ValueError: an argument is malformed.
    """
    array = integers(values, None, "values")
    with np.errstate(over="ignore", under="ignore"):
        return array.astype(np.float32) * _scales(scale, axis, array.shape)


def add(lhs: ArrayLike, rhs: ArrayLike, code: Code | str | None = None) -> NDArray[np.int64]:
    """Sum of values, clipped to the range of `code`, or to that of i32 where none is given.

    Raises:
        ValueError: the shapes differ, or the code is not unipolar or signed.
    """
    a, b = integers(lhs, None, "lhs"), integers(rhs, None, "rhs")
    if a.shape != b.shape:
        raise ValueError(f"lhs has shape {a.shape}, rhs has {b.shape}")
    if code is None:
        return np.clip(a + b, INT32.min, INT32.max)
    code = parse_code(code)
    if not isinstance(code, AffineCode) or isinstance(code, BipolarType):
        raise ValueError(f"a sum is of a unipolar or signed code, got {code}")
    return np.clip(a + b, code.min_value, code.max_value)
