"""Contractions and reductions of f32: in float64, rounded to f32 at the end."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lowbit_dialect.arguments import Pair, Sides, pair, sides


def float_conv2d(
    x: ArrayLike,
    w: ArrayLike,
    strides: Pair = (1, 1),
    padding: Sides = (0, 0, 0, 0),
    dilation: Pair = (1, 1),
    groups: int = 1,
) -> NDArray[np.float32]:
    """Sums of products over windows; the padding is 0.

    Args:
        x: (N, H, W, C).
        w: (KH, KW, C / groups, OC).
        strides: of height and width.
        padding: top, bottom, left, right.
        dilation: of height and width.
        groups: equal groups that the channels are cut into.

    Returns:
        (N, OH, OW, OC).

    Raises:
        ValueError: an argument is malformed.
    """
    image, filters = np.asarray(x, np.float64), np.asarray(w, np.float64)
    top, bottom, left, right = sides(padding, "padding")
    (sy, sx), (dy, dx) = pair(strides, "strides"), pair(dilation, "dilation")
    kh, kw, icg, oc = filters.shape
    padded = np.pad(image, ((0, 0), (top, bottom), (left, right), (0, 0)))
    oh = (padded.shape[1] - (kh - 1) * dy - 1) // sy + 1
    ow = (padded.shape[2] - (kw - 1) * dx - 1) // sx + 1
    result = np.zeros((len(image), oh, ow, oc))
    for i in range(kh):
        for j in range(kw):
            rows = slice(i * dy, i * dy + (oh - 1) * sy + 1, sy)
            cols = slice(j * dx, j * dx + (ow - 1) * sx + 1, sx)
            pixels = padded[:, rows, cols].reshape(*result.shape[:3], groups, icg)
            taps = filters[i, j].reshape(icg, groups, oc // groups)
            result += np.einsum("nhwgi,igo->nhwgo", pixels, taps).reshape(result.shape)
    with np.errstate(over="ignore"):
        return result.astype(np.float32)


def float_matmul(x: ArrayLike, w: ArrayLike) -> NDArray[np.float32]:
    """x (M, K) times w (K, N)."""
    with np.errstate(over="ignore"):
        return (np.asarray(x, np.float64) @ np.asarray(w, np.float64)).astype(np.float32)


REDUCTIONS: dict[str, Callable[..., NDArray]] = {
    "sum": np.sum,
    "mean": np.mean,
    "max": np.max,
    "min": np.min,
}
"""The functions of `lowbit.reduce`, but for those that give indices."""


def reduce_(x: ArrayLike, function: str, axes: Sequence[int]) -> NDArray:
    """A function over dimensions, which stay with an extent of 1; argmax gives i32.

    Raises:
        ValueError: there is no such function.
    """
    array = np.asarray(x, np.float64)
    if function == "argmax":
        (axis,) = axes
        return np.argmax(array, axis=axis, keepdims=True).astype(np.int32)
    if function not in REDUCTIONS:
        raise ValueError(f"function {function!r}: {', '.join(REDUCTIONS)}, argmax are allowed")
    with np.errstate(all="ignore"):
        return REDUCTIONS[function](array, axis=tuple(axes), keepdims=True).astype(np.float32)
