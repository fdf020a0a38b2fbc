"""Real thresholds and scales, as the numbers that operations hold."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lowbit_dialect.arrays import as_array

INT32 = np.iinfo(np.int32)


def _index_of(mask: NDArray[np.bool_]) -> list[int]:
    """Where the first True of a mask is."""
    return [int(i) for i in np.unravel_index(int(np.argmax(mask)), mask.shape)]


def integer_thresholds(
    thresholds: Any, bound: Callable[[], int], name: str = "thresholds"
) -> NDArray[np.int32]:
    """The i32 thresholds that integer accumulators reach exactly when they reach the given ones.

    An integer reaches t where it reaches ceil(t). A threshold below i32, or -inf, is always
    reached, and becomes the least i32; one above, or +inf, never is, and becomes the largest i32.

    Args:
        thresholds: numbers of any integer or float dtype.
        bound: gives the largest magnitude of an accumulator, where that matters.
        name: what messages call the thresholds.

    Raises:
        ValueError: they are not numbers, one is NaN, or one lies above i32 where accumulators may
            be the largest i32.
    """
    array = as_array(thresholds, name)
    if array.dtype.kind not in "iuf":
        raise ValueError(f"{name}: expected integers or floats, got dtype {array.dtype}")
    if array.dtype.kind == "f":
        # Narrower floats than 64 bits hold neither end of i32.
        array = np.ceil(array.astype(np.promote_types(array.dtype, np.float64)))
        if np.isnan(array).any():
            raise ValueError(f"{name}: NaN at index {_index_of(np.isnan(array))}")
    is_never, is_always = array > INT32.max, array < INT32.min
    if is_never.any() and bound() >= INT32.max:
        index = _index_of(is_never)
        raise ValueError(
            f"{name}: {array[tuple(index)]} at index {index} does not fit in i32, whose largest"
            " number these accumulators may be; give fewer levels or smaller accumulators"
        )
    result = np.where(is_never, INT32.max, INT32.min)
    fits = ~(is_never | is_always)
    result[fits] = array[fits].astype(np.int64)
    return result.astype(np.int32)


def f32_scales(scale: Any, name: str = "scale") -> list[float]:
    """Scales as a list of f32.

    Args:
        scale: one positive number, or a list of them; each is rounded to the nearest f32.
        name: what messages call it.

    Raises:
        ValueError: they are not numbers, or one is not positive and finite as f32.
    """
    array = as_array(scale, name)
    if array.dtype.kind not in "iuf" or array.ndim > 1 or not array.size:
        raise ValueError(
            f"{name}: expected a number or a list of numbers, got {array.dtype} of shape"
            f" {list(array.shape)}"
        )
    with np.errstate(over="ignore", under="ignore"):
        rounded = np.atleast_1d(array).astype(np.float32)
    is_wrong = ~(np.isfinite(rounded) & (rounded > 0))
    if is_wrong.any():
        index = _index_of(is_wrong)
        given = np.atleast_1d(array)[tuple(index)]
        raise ValueError(f"{name}: {given} at index {index} is not positive and finite as f32")
    return rounded.tolist()
