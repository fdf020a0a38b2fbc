"""Max and average pooling of integers."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from fractions import Fraction

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lowbit_dialect.reference.arrays import FROM_NHWC, TO_NHWC, check_layout, integers, numbers


def max_pool2d(
    x: ArrayLike,
    kernel: Sequence[int],
    strides: Sequence[int] | None = None,
    padding: Sequence[int] = (0, 0, 0, 0),
    layout: str = "nhwc",
) -> NDArray[np.int64]:
    """Largest value of each window; the padding never wins.

    Args:
        x: values, (N, H, W, C) or, in nchw, (N, C, H, W).
        kernel: height and width of the window.
        strides: of height and width; the kernel where not given.
        padding: top, bottom, left, right; each smaller than the kernel.
        layout: nhwc or nchw.

    Returns:
        Values of the same layout.

    Raises:
        ValueError: an argument is malformed.
    """
    check_layout(layout)
    image = integers(x, 4, "x").transpose(TO_NHWC[layout])
    kh, kw = numbers(kernel, 2, 1, "kernel")
    row_stride, col_stride = numbers(kernel if strides is None else strides, 2, 1, "strides")
    top, bottom, left, right = numbers(padding, 4, 0, "padding")
    if max(top, bottom) >= kh or max(left, right) >= kw:
        raise ValueError(f"padding {list(padding)} must be smaller than the kernel {list(kernel)}")
    lowest = np.iinfo(np.int64).min
    edges = ((0, 0), (top, bottom), (left, right), (0, 0))
    padded = np.pad(image, edges, constant_values=lowest)
    if padded.shape[1] < kh or padded.shape[2] < kw:
        raise ValueError(f"kernel {list(kernel)} does not fit in {image.shape[1:3]}")
    windows = np.lib.stride_tricks.sliding_window_view(padded, (kh, kw), axis=(1, 2))
    largest = windows[:, ::row_stride, ::col_stride].max(axis=(-2, -1))
    return np.ascontiguousarray(largest.transpose(FROM_NHWC[layout]))


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
    kernel: Sequence[int],
    strides: Sequence[int] | None = None,
    padding: Sequence[int] = (0, 0, 0, 0),
    layout: str = "nhwc",
    rounding: str = "half_even",
    count_padding: bool = False,
) -> NDArray[np.int64]:
    """Average of each window, rounded to an integer.

    Args:
        x: values, (N, H, W, C) or, in nchw, (N, C, H, W).
        kernel: height and width of the window.
        strides: of height and width; the kernel where not given.
        padding: top, bottom, left, right; each smaller than the kernel.
        layout: nhwc or nchw.
        rounding: half_even, half_up (towards +inf), half_away (from zero) or floor.
        count_padding: whether the zeros of the padding are counted.

    Returns:
        Integers of the same layout.

    Raises:
        ValueError: an argument is malformed.
    """
    check_layout(layout)
    if rounding not in _ROUNDED:
        raise ValueError(f"rounding {rounding!r}: {', '.join(_ROUNDED)} are allowed")
    image = integers(x, 4, "x").transpose(TO_NHWC[layout])
    window = numbers(kernel, 2, 1, "kernel")
    row_stride, col_stride = numbers(kernel if strides is None else strides, 2, 1, "strides")
    top, bottom, left, right = numbers(padding, 4, 0, "padding")
    edges = ((0, 0), (top, bottom), (left, right), (0, 0))
    counted = np.pad(np.ones_like(image), edges, constant_values=int(count_padding))
    sums, counts = (
        np.lib.stride_tricks.sliding_window_view(array, window, axis=(1, 2))[
            :, ::row_stride, ::col_stride
        ].sum(axis=(-2, -1))
        for array in (np.pad(image, edges), counted)
    )
    rounded = _ROUNDED[rounding]
    averages = [
        rounded(Fraction(total, count))
        for total, count in zip(sums.ravel().tolist(), counts.ravel().tolist(), strict=True)
    ]
    result = np.array(averages, np.int64).reshape(sums.shape)
    return np.ascontiguousarray(result.transpose(FROM_NHWC[layout]))
