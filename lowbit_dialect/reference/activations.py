"""Functions of f32, computed in float64 and rounded once."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike, NDArray

Doubles = NDArray[np.float64]


def _sigmoid(x: Doubles) -> Doubles:
    small = np.exp(-np.abs(x))
    return np.where(x >= 0, 1, small) / (1 + small)


UNARY: dict[str, Callable[[Doubles], Doubles]] = {
    "exp": np.exp,
    "sigmoid": _sigmoid,
    "tanh": np.tanh,
}
"""The functions of `lowbit.unary`."""

BINARY: dict[str, Callable[[NDArray, NDArray], NDArray]] = {
    "add": np.add,
    "sub": np.subtract,
    "mul": np.multiply,
    "div": np.divide,
    "max": np.maximum,
    "min": np.minimum,
}
"""The functions of `lowbit.binary`."""


def unary(x: ArrayLike, function: str) -> NDArray[np.float32]:
    """A function of each element, the f32 next to the exact value.

    Raises:
        ValueError: there is no such function.
    """
    if function not in UNARY:
        raise ValueError(f"function {function!r}: {', '.join(UNARY)} are allowed")
    with np.errstate(over="ignore", under="ignore", invalid="ignore"):
        return UNARY[function](np.asarray(x, np.float64)).astype(np.float32)


def binary(a: ArrayLike, b: ArrayLike, function: str) -> NDArray[np.float32]:
    """A function of two elements of f32, rounded to f32; extents of 1 are repeated.

    Raises:
        ValueError: there is no such function.
    """
    if function not in BINARY:
        raise ValueError(f"function {function!r}: {', '.join(BINARY)} are allowed")
    with np.errstate(all="ignore"):
        return BINARY[function](np.asarray(a, np.float32), np.asarray(b, np.float32))


def prelu(x: ArrayLike, slope: ArrayLike) -> NDArray[np.float32]:
    """x where x is positive, x * slope elsewhere."""
    numbers = np.asarray(x, np.float32)
    with np.errstate(over="ignore", under="ignore", invalid="ignore"):
        return np.where(numbers > 0, numbers, numbers * np.asarray(slope, np.float32))
