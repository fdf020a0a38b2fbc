"""Arrays of the same values in every dtype, byte order and memory order."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

DTYPES = [np.dtype(d) for d in "?bBhHiIqQ"]


def _spread(array: NDArray) -> NDArray:
    """Every second element of a larger array in each dimension."""
    memory = np.full([2 * n for n in array.shape], 1, array.dtype)
    view = memory[tuple(slice(1, None, 2) for _ in array.shape)]
    view[...] = array
    return view


def _turned(array: NDArray) -> NDArray:
    """Negative strides in each dimension."""
    every = tuple(slice(None, None, -1) for _ in array.shape)
    return array[every].copy()[every]


def _rolled(array: NDArray) -> NDArray:
    """The last dimension is the outermost in memory."""
    return np.moveaxis(np.moveaxis(array, -1, 0).copy(), 0, -1)


def _unaligned(array: NDArray) -> NDArray:
    """Elements a byte off their alignment."""
    memory = np.zeros(array.nbytes + 1, np.uint8)
    view = memory[1:].view(array.dtype).reshape(array.shape)
    view[...] = array
    return view


ORDERS: dict[str, Callable[[NDArray], NDArray]] = {
    "C": np.ascontiguousarray,
    "Fortran": np.asfortranarray,
    "strided": _spread,
    "negative": _turned,
    "rolled": _rolled,
    "unaligned": _unaligned,
}


def arrays_of(values: NDArray[np.integer]) -> Iterator[tuple[str, NDArray]]:
    """Arrays of these values, each with its name: every integer dtype that holds them."""
    for dtype in DTYPES:
        if not np.array_equal(values.astype(dtype), values):
            continue
        for swapped in (dtype, dtype.newbyteorder())[: 1 + (dtype.itemsize > 1)]:
            array = values.astype(swapped)
            for order, arrange in ORDERS.items():
                arranged = arrange(array)
                assert arranged.dtype == swapped
                assert arranged.tolist() == values.tolist()
                yield f"{swapped.str} {order}", arranged


def broadcasts_of(values: NDArray[np.integer]) -> Iterator[tuple[str, NDArray]]:
    """Views of the first slice of each dimension, spread over its extent."""
    for axis in range(values.ndim):
        for dtype in ("i1", ">i2", "<i8"):
            first = values.take([0], axis).astype(dtype)
            if np.array_equal(first, values.take([0], axis)):
                yield f"{dtype} broadcast along {axis}", np.broadcast_to(first, values.shape)
