"""Resampling along one dimension."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

COORDINATES = ("half_pixel", "align_corners", "asymmetric")
"""Where the elements of the result lie on the source, as ONNX names it."""

MODES = ("linear", "nearest")


def resize_taps(
    extent: int, size: int, mode: str, coordinates: str
) -> tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.float32]]:
    """For each of `size` elements the two that it lies between, and the share of the second one.

    Source coordinates are (i + 0.5) extent / size - 0.5, i (extent - 1) / (size - 1), or i extent /
    size, and are clipped to the source. The nearest element is, of two, the lower one, and with
    `asymmetric` the last one that is not beyond.
    """
    i = np.arange(size, dtype=np.float64)
    if coordinates == "half_pixel":
        at = (i + 0.5) * extent / size - 0.5
    elif coordinates == "align_corners":
        at = i * (extent - 1) / max(size - 1, 1)
    else:
        at = i * extent / size
    at = np.clip(at, 0, extent - 1)
    if mode == "nearest":
        at = np.floor(at) if coordinates == "asymmetric" else np.ceil(at - 0.5)
    low = np.floor(at).astype(np.int32)
    high = np.minimum(low + 1, extent - 1).astype(np.int32)
    return low, high, (at - low).astype(np.float32)


def resize(
    x: ArrayLike, axis: int, size: int, mode: str = "linear", coordinates: str = "half_pixel"
) -> NDArray[np.float32]:
    """x resampled to `size` elements along a dimension, in f32: a (1 - share) + b share."""
    array = np.asarray(x, np.float32)
    low, high, share = resize_taps(array.shape[axis], size, mode, coordinates)
    shape = [1] * array.ndim
    shape[axis] = -1
    a, b = array.take(low, axis), array.take(high, axis)
    second = share.reshape(shape)
    return (a * (np.float32(1) - second) + b * second).astype(np.float32, copy=False)
