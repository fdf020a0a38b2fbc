"""Exact numbers: rational ones, square roots to far more bits than decide, directed rounding."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Context as DecimalContext
from decimal import Decimal
from fractions import Fraction
from math import ceil, floor, inf, isinf, isqrt

import numpy as np
from numpy.typing import NDArray

Exact = NDArray[np.object_]
"""An array of Fractions, and of floats where these are infinite."""

ROOT_BITS = 256
"""Bits behind the point of a square root that is no rational number."""

_DECIMAL = DecimalContext(prec=80)


def exact(values: NDArray | Sequence | float | Fraction) -> Exact:
    """Numbers as Fractions, in one dimension; infinite ones stay floats.

    Raises:
        ValueError: one is NaN.
    """
    flat = np.asarray(values).reshape(-1)
    result = np.empty(flat.shape, object)
    for i, value in enumerate(flat.tolist() if flat.dtype != object else flat):
        if isinstance(value, float) and np.isnan(value):
            raise ValueError("a number is NaN")
        is_infinite = isinstance(value, float) and isinf(value)
        result[i] = value if is_infinite else Fraction(value)
    return result


def square_root(value: Fraction) -> Fraction:
    """The square root, exactly where it is rational, otherwise to `ROOT_BITS` bits."""
    top, bottom = value.numerator, value.denominator
    roots = isqrt(top), isqrt(bottom)
    if roots[0] ** 2 == top and roots[1] ** 2 == bottom:
        return Fraction(*roots)
    return Fraction(isqrt((top << 2 * ROOT_BITS) // bottom), 1 << ROOT_BITS)


def logit(value: Fraction) -> Fraction:
    """The x whose sigmoid is a number between 0 and 1, to 80 digits."""
    if value == Fraction(1, 2):
        return Fraction(0)
    ratio = value / (1 - value)
    quotient = _DECIMAL.divide(Decimal(ratio.numerator), Decimal(ratio.denominator))
    return Fraction(_DECIMAL.ln(quotient))


def sigmoid(value: Fraction) -> Fraction:
    """1 / (1 + exp(-x)), to 80 digits."""
    quotient = _DECIMAL.divide(Decimal(-value.numerator), Decimal(value.denominator))
    if quotient > 1000:
        return Fraction(0)
    return 1 / (1 + Fraction(_DECIMAL.exp(quotient)))


def least_integer(bound: Fraction | float, closed: bool) -> int | float:
    """The least integer at a bound or above it; infinite where the bound is."""
    if isinstance(bound, float):
        return bound
    return ceil(bound) if closed else floor(bound) + 1


def least_float(bound: Fraction | float, closed: bool, dtype: type = np.float32) -> float:
    """The least number of a float type at a bound or above it."""
    if isinstance(bound, float):
        return bound
    limits = np.finfo(dtype)
    if bound > Fraction(float(limits.max)):
        return inf
    if bound < Fraction(float(limits.min)):
        return float(limits.min)
    number = dtype(float(bound))
    down, up = dtype(-inf), dtype(inf)
    number = np.nextafter(np.nextafter(number, down), down)
    while not np.isinf(number) and (
        Fraction(float(number)) < bound or (not closed and Fraction(float(number)) == bound)
    ):
        number = np.nextafter(number, up)
    if np.isneginf(number):  # the last step above went below all numbers
        number = limits.min
    return float(number)
