"""Max and average pooling of integers and of f32."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lowbit_dialect.arguments import Pair, Sides, layout_name, pair, sides
from lowbit_dialect.reference.arrays import FROM_NHWC, TO_NHWC, at_least, integers


def max_pool2d(
    x: ArrayLike,
    kernel: Pair,
    strides: Pair | None = None,
    padding: Sides = 0,
    layout: str = "nhwc",
) -> NDArray[np.int64]:
    """Largest value of each window; the padding never wins.

    Args:
        x: values, (N, H, W, C) or, in nchw, (N, C, H, W).
        kernel: (height, width) of the window, or one integer for both.
        strides: as kernel; the kernel where not given.
        padding: one integer for all sides, (height, width), (top, bottom, left, right) or
            ((top, bottom), (left, right)); each smaller than the kernel.
        layout: nhwc or nchw.

    Returns:
        Values of the same layout.

    Raises:
        ValueError: an argument is malformed.
    """
    pool = _Pool.of(x, kernel, strides, padding, layout)
    return pool.result(pool.windows(pool.image, np.iinfo(np.int64).min).max(axis=(-2, -1)))


@dataclass(frozen=True)
class _Pool:
    """An image, channels innermost, and the windows over it."""

    image: NDArray
    kernel: Sequence[int]
    strides: Sequence[int]
    padding: Sequence[int]
    layout: str

    @staticmethod
    def of(
        x: ArrayLike,
        kernel: Pair,
        strides: Pair | None,
        padding: Sides,
        layout: str,
        of_integers: bool = True,
    ) -> _Pool:
        """The arguments of a pool, checked."""
        layout = layout_name(layout)
        array = integers(x, 4, "x") if of_integers else np.asarray(x, np.float64)
        image = array.transpose(TO_NHWC[layout])
        window = at_least(1, pair(kernel, "kernel"), "kernel")
        steps = at_least(1, pair(kernel if strides is None else strides, "strides"), "strides")
        top, bottom, left, right = frame = at_least(0, sides(padding, "padding"), "padding")
        if max(top, bottom) >= window[0] or max(left, right) >= window[1]:
            raise ValueError(
                f"padding {list(frame)} must be smaller than the kernel {list(window)}"
            )
        _, h, w, _ = image.shape
        if top + h + bottom < window[0] or left + w + right < window[1]:
            raise ValueError(f"kernel {list(window)} does not fit in {image.shape[1:3]}")
        return _Pool(image, window, steps, frame, layout)

    def windows(self, array: NDArray, beside: float) -> NDArray:
        """The windows (N, H, W, C, kh, kw) over an array of the image's shape, padded."""
        top, bottom, left, right = self.padding
        edges = ((0, 0), (top, bottom), (left, right), (0, 0))
        padded = np.pad(array, edges, constant_values=beside)
        windows = np.lib.stride_tricks.sliding_window_view(padded, self.kernel, axis=(1, 2))
        return windows[:, :: self.strides[0], :: self.strides[1]]

    def result(self, array: NDArray) -> NDArray:
        """Values of the windows in the layout of the arguments."""
        return np.ascontiguousarray(array.transpose(FROM_NHWC[self.layout]))


_ROUNDED: dict[str, Callable[[Fraction], int]] = {
    "floor": math.floor,
    "half_even": round,
    "half_up": lambda quotient: math.floor(quotient + Fraction(1, 2)),
    "half_away": lambda quotient: (
        math.floor(quotient + Fraction(1, 2))
        if quotient > 0
        else math.ceil(quotient - Fraction(1, 2))
    ),
}


def avg_pool2d(
    x: ArrayLike,
    kernel: Pair,
    strides: Pair | None = None,
    padding: Sides = 0,
    layout: str = "nhwc",
    rounding: str = "half_even",
    count_padding: bool = False,
) -> NDArray[np.int64]:
    """Average of each window, rounded to an integer.

    Args:
        x: values, (N, H, W, C) or, in nchw, (N, C, H, W).
        kernel: (height, width) of the window, or one integer for both.
        strides: as kernel; the kernel where not given.
        padding: one integer for all sides, (height, width), (top, bottom, left, right) or
            ((top, bottom), (left, right)); each smaller than the kernel.
        layout: nhwc or nchw.
        rounding: half_even, half_up (towards +inf), half_away (from zero) or floor.
        count_padding: whether the zeros of the padding are counted.

    Returns:
        Integers of the same layout.

    Raises:
        ValueError: an argument is malformed.
    """
    if rounding not in _ROUNDED:
        raise ValueError(f"rounding {rounding!r}: {', '.join(_ROUNDED)} are allowed")
    pool = _Pool.of(x, kernel, strides, padding, layout)
    sums = pool.windows(pool.image, 0).sum(axis=(-2, -1))
    counts = pool.windows(np.ones_like(pool.image), int(count_padding)).sum(axis=(-2, -1))
    rounded = _ROUNDED[rounding]
    averages = [
        rounded(Fraction(total, count))
        for total, count in zip(sums.ravel().tolist(), counts.ravel().tolist(), strict=True)
    ]
    return pool.result(np.array(averages, np.int64).reshape(sums.shape))


def float_max_pool2d(
    x: ArrayLike,
    kernel: Pair,
    strides: Pair | None = None,
    padding: Sides = (0, 0, 0, 0),
    layout: str = "nhwc",
) -> NDArray[np.float32]:
    """As `max_pool2d`, of f32; a NaN wins."""
    pool = _Pool.of(x, kernel, strides, padding, layout, of_integers=False)
    largest = pool.windows(pool.image, -np.inf).max(axis=(-2, -1))
    return pool.result(largest).astype(np.float32)


def float_avg_pool2d(
    x: ArrayLike,
    kernel: Pair,
    strides: Pair | None = None,
    padding: Sides = (0, 0, 0, 0),
    layout: str = "nhwc",
    count_padding: bool = False,
) -> NDArray[np.float32]:
    """As `avg_pool2d`, of f32: averages in float64, rounded to f32."""
    pool = _Pool.of(x, kernel, strides, padding, layout, of_integers=False)
    sums = pool.windows(pool.image, 0).sum(axis=(-2, -1))
    counts = pool.windows(np.ones_like(pool.image), float(count_padding)).sum(axis=(-2, -1))
    return pool.result(sums / counts).astype(np.float32)
