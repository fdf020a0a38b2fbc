"""Checks of the arrays that the reference functions take."""

from __future__ import annotations

from typing import TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lowbit_dialect.codes import Code

Numbers = TypeVar("Numbers", bound=tuple[int, ...])

INT32 = np.iinfo(np.int32)

TO_NHWC = {"nhwc": (0, 1, 2, 3), "nchw": (0, 2, 3, 1)}
"""Transposition that brings an activation tensor of a layout to (N, H, W, C)."""

FROM_NHWC = {"nhwc": (0, 1, 2, 3), "nchw": (0, 3, 1, 2)}
"""Transposition that brings (N, H, W, C) to a layout."""


def integers(
    array: ArrayLike, rank: int | None, name: str, code: Code | None = None
) -> NDArray[np.int64]:
    """The array as int64.

    Raises:
        ValueError: not integers, another rank, or not values of `code` where one is given.
    """
    given = np.asarray(array)
    if given.dtype.kind not in "iub":
        raise ValueError(f"{name} must hold integers, got dtype {given.dtype}")
    if rank is not None and given.ndim != rank:
        raise ValueError(f"{name} must have {rank} dimensions, got shape {given.shape}")
    if code is not None:
        code.encode(given, name)
    return given.astype(np.int64)


def as_int32(sums: NDArray[np.int64], name: str) -> NDArray[np.int32]:
    """The sums as i32; a ValueError where one does not fit."""
    if sums.size and (sums.min() < INT32.min or sums.max() > INT32.max):
        raise ValueError(f"{name}: a sum leaves i32 ({sums.min()} .. {sums.max()})")
    return sums.astype(np.int32)


def at_least(least: int, values: Numbers, name: str) -> Numbers:
    """The integers, each at least `least`; a ValueError that starts with `name` otherwise."""
    if min(values) < least:
        raise ValueError(f"{name} needs {len(values)} integers >= {least}, got {list(values)}")
    return values


def along_axis(parameter: NDArray, axis: int, rank: int) -> NDArray:
    """A (C,) parameter shaped to broadcast along dimension `axis` of a tensor of `rank`."""
    shape = [1] * rank
    shape[axis] = -1
    return parameter.reshape(shape)
