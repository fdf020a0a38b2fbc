"""Convolution and matrix product of integers."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lowbit_dialect.arguments import Pair, Sides, layout_name, pair, sides
from lowbit_dialect.codes import Code
from lowbit_dialect.reference.arrays import (
    FROM_NHWC,
    TO_NHWC,
    as_int32,
    at_least,
    integers,
)

_EXACT = ((np.float32, 24), (np.float64, 53))
"""Float types that BLAS multiplies, and the bits up to which they hold every integer."""


def _work_dtype(x: NDArray[np.int64], w: NDArray[np.int64], taps: int) -> type:
    """The fastest type in which no partial sum of `taps` products is rounded."""
    largest = [int(np.abs(a).max(initial=0)) for a in (x, w)]
    bound = largest[0] * largest[1] * taps
    for dtype, bits in _EXACT:
        if max(bound, *largest) <= 1 << bits:
            return dtype
    return np.int64


def conv2d(
    x: ArrayLike,
    w: ArrayLike,
    strides: Pair = 1,
    padding: Sides = 0,
    dilation: Pair = 1,
    groups: int = 1,
    layout: str = "nhwc",
    x_code: Code | None = None,
    w_code: Code | None = None,
) -> NDArray[np.int32]:
    """Convolution of integer values; a tap in the padding contributes the value 0.

    Args:
        x: (N, H, W, C) or, in nchw, (N, C, H, W).
        w: (OC, KH, KW, C / groups) or, in nchw, (OC, C / groups, KH, KW).
        strides: (height, width), or one integer for both.
        padding: one integer for all sides, (height, width), (top, bottom, left, right) or
            ((top, bottom), (left, right)).
        dilation: as strides.
        groups: number of groups; output channels of a group see its input channels only.
        layout: nhwc or nchw.
        x_code: where given, x must hold values of this code.
        w_code: where given, w must hold values of this code.

    Returns:
        i32 of (N, OH, OW, OC) or, in nchw, (N, OC, OH, OW).

    Raises:
        ValueError: an argument is malformed, or a sum leaves i32.
    """
    layout = layout_name(layout)
    image = integers(x, 4, "x", x_code).transpose(TO_NHWC[layout])
    filters = integers(w, 4, "w", w_code).transpose(TO_NHWC[layout])
    row_stride, col_stride = at_least(1, pair(strides, "strides"), "strides")
    top, bottom, left, right = at_least(0, sides(padding, "padding"), "padding")
    row_step, col_step = at_least(1, pair(dilation, "dilation"), "dilation")
    channels, (oc, kh, kw, per_group) = image.shape[3], filters.shape
    if groups < 1 or oc % groups or channels != groups * per_group:
        raise ValueError(
            f"{channels} input and {oc} output channels in {groups} groups do not fit weights of"
            f" {per_group} input channels"
        )
    dtype = _work_dtype(image, filters, kh * kw * per_group)
    padded = np.pad(image, ((0, 0), (top, bottom), (left, right), (0, 0))).astype(dtype)
    out_rows = (padded.shape[1] - (kh - 1) * row_step - 1) // row_stride + 1
    out_cols = (padded.shape[2] - (kw - 1) * col_step - 1) // col_stride + 1
    if out_rows < 1 or out_cols < 1:
        raise ValueError(f"{kh}x{kw} taps do not fit in a padded image of {padded.shape[1:3]}")
    # (groups, KH, KW, C / groups, OC / groups), to multiply pixels from the left
    matrices = filters.reshape(groups, oc // groups, kh, kw, per_group).astype(dtype)
    matrices = matrices.transpose(0, 2, 3, 4, 1)
    sums = np.zeros((groups, len(image) * out_rows * out_cols, oc // groups), dtype)
    for i in range(kh):
        rows = slice(i * row_step, i * row_step + (out_rows - 1) * row_stride + 1, row_stride)
        for j in range(kw):
            cols = slice(j * col_step, j * col_step + (out_cols - 1) * col_stride + 1, col_stride)
            pixels = padded[:, rows, cols].reshape(-1, groups, per_group)
            sums += pixels.transpose(1, 0, 2) @ matrices[:, i, j]
    result = sums.transpose(1, 0, 2).reshape(len(image), out_rows, out_cols, oc)
    return as_int32(result.astype(np.int64).transpose(FROM_NHWC[layout]), "conv2d")


def matmul(
    x: ArrayLike, w: ArrayLike, x_code: Code | None = None, w_code: Code | None = None
) -> NDArray[np.int32]:
    """Matrix product of integer values: x (M, K), w (K, N) -> i32 (M, N).

    Raises:
        ValueError: an argument is malformed (or not of its code), or a sum leaves i32.
    """
    lhs, rhs = integers(x, 2, "x", x_code), integers(w, 2, "w", w_code)
    if lhs.shape[1] != rhs.shape[0]:
        raise ValueError(f"x has {lhs.shape[1]} columns, w has {rhs.shape[0]} rows")
    dtype = _work_dtype(lhs, rhs, lhs.shape[1])
    return as_int32((lhs.astype(dtype) @ rhs.astype(dtype)).astype(np.int64), "matmul")
