"""Functions of one f32 for each channel, each step rounded to f32."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float32]


def _f32(values: ArrayLike) -> Floats:
    return np.asarray(values, np.float32)


def affine(x: ArrayLike, scale: ArrayLike, offset: ArrayLike) -> Floats:
    """x * scale, rounded, + offset; the numbers broadcast."""
    with np.errstate(over="ignore", under="ignore", invalid="ignore"):
        return _f32(x) * _f32(scale) + _f32(offset)


def batch_norm(
    x: ArrayLike,
    mean: ArrayLike,
    variance: ArrayLike,
    gamma: ArrayLike,
    beta: ArrayLike,
    epsilon: float,
) -> Floats:
    """(x - mean) / sqrt(variance + epsilon) * gamma + beta, rounded after each operation."""
    with np.errstate(over="ignore", under="ignore", invalid="ignore"):
        deviation = np.sqrt(_f32(variance) + _f32(epsilon)).astype(np.float32)
        normal = ((_f32(x) - _f32(mean)) / deviation).astype(np.float32)
        return _f32(normal * _f32(gamma) + _f32(beta))


def clip(x: ArrayLike, low: ArrayLike | None, high: ArrayLike | None) -> Floats:
    """min(max(x, low), high); an end that is None does not clip, NaN stays NaN."""
    result = _f32(x)
    if low is not None:
        result = np.maximum(result, _f32(low))
    return result if high is None else np.minimum(result, _f32(high))


_ROUNDED: dict[str, Callable[[NDArray[np.float64]], NDArray[np.float64]]] = {
    "half_even": np.rint,
    "half_up": lambda x: np.floor(x + 0.5),
    "half_away": lambda x: np.copysign(np.floor(np.abs(x) + 0.5), x),
    "floor": np.floor,
}


def round_(x: ArrayLike, rounding: str) -> Floats:
    """The integer next to x, as f32; 0 is +0.

    Raises:
        ValueError: the rounding is unknown.
    """
    if rounding not in _ROUNDED:
        raise ValueError(f"rounding {rounding!r}: {', '.join(_ROUNDED)} are allowed")
    return (_ROUNDED[rounding](_f32(x).astype(np.float64)) + 0.0).astype(np.float32)
