"""What callers hand over as arrays, read as numpy arrays."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray


def as_array(value: Any, name: str) -> NDArray:
    """Any array, DLPack producer, buffer or nested list as a numpy array, to be read.

    Args:
        value: what is to be read; an array is not copied unless its bytes are in another order.
        name: what messages call it.

    Returns:
        An array of numbers, strings or records, of native byte order and any memory order. The
        elements of an array of booleans are the bytes 0 and 1.

    Raises:
        ValueError: it is none of these, holds Python objects, or some of its elements are masked.
    """
    if isinstance(value, np.ndarray):
        array = value
    else:
        try:
            from_dlpack = hasattr(value, "__dlpack__")
            array = np.from_dlpack(value) if from_dlpack else np.asarray(value)
        except Exception as error:  # whatever the producer raises
            raise ValueError(f"{name}: cannot be read as an array: {error}") from error
        if array.dtype == object:
            raise ValueError(f"{name}: cannot be read as an array of numbers")
    if type(array) is not np.ndarray:
        if isinstance(array, np.ma.MaskedArray) and np.ma.is_masked(array):
            raise ValueError(f"{name}: some elements are masked, which have no value")
        array = np.asarray(array)
    if array.dtype.kind == "b":
        return array.view(np.uint8) != 0  # a byte of a boolean may be any
    if not array.dtype.isnative:
        return array.astype(array.dtype.newbyteorder("="))
    return array


def contiguous(array: NDArray) -> NDArray:
    """The array, or a copy in C order where its elements are not side by side and aligned."""
    flags = array.flags
    return array if flags.c_contiguous and flags.aligned else np.require(array, None, ("C", "A"))


LIMITS: dict[np.dtype, tuple[int, int]] = {
    np.dtype(np.bool_): (0, 1),
    **{
        np.dtype(f"{kind}{size}"): (int(limits.min), int(limits.max))
        for kind in "iu"
        for size in (1, 2, 4, 8)
        for limits in (np.iinfo(f"{kind}{size}"),)
    },
}
"""Smallest and largest number of the integer dtypes of native byte order."""


def as_dtype(array: NDArray, dtype: np.dtype, name: str) -> NDArray:
    """The array in another dtype, contiguous: integers are converted where they fit, nothing else.

    Raises:
        ValueError: the dtype differs, and not just in the width of integers, or an element does
            not fit; the message names it.
    """
    if array.dtype == dtype:
        return contiguous(array)
    given, wanted = LIMITS.get(array.dtype), LIMITS.get(dtype)
    if given is None or wanted is None:
        raise ValueError(f"{name}: expected dtype {dtype}, got {array.dtype}")
    fits = (array >= wanted[0]) & (array <= wanted[1])
    if not fits.all():
        index = [int(i) for i in np.unravel_index(int(np.argmin(fits)), array.shape)]
        raise ValueError(
            f"{name}: {int(array[tuple(index)])} at index {index} does not fit in {dtype},"
            f" {wanted[0]} .. {wanted[1]}"
        )
    return array.astype(dtype, order="C")
