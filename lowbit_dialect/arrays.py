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
