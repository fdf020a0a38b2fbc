"""Between numbers that a caller holds and the bytes of low-bit elements."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lowbit_dialect.arrays import LIMITS, contiguous
from lowbit_dialect.codes import Code, SignedType, UnipolarType
from runtime.dlpack import writable_from_dlpack

_NO_PATTERN = 0xFF
"""Marks a byte that is no value; narrower codes than 8 bits have no such pattern."""


def writable_array(value: Any, name: str) -> NDArray:
    """The memory of an array, DLPack producer or buffer, to be written through.

    Raises:
        ValueError: it is none of these, read-only, or two of its elements share memory.
    """
    try:
        if isinstance(value, np.ndarray):
            array = value
        elif hasattr(value, "__dlpack__"):
            array = writable_from_dlpack(value)
        else:
            array = np.asarray(memoryview(value))
    except Exception as error:  # whatever the producer raises
        raise ValueError(f"{name}: not memory that can be written: {error}") from error
    if isinstance(array, np.ma.MaskedArray):
        raise ValueError(f"{name}: a masked array; give its .data")
    if not array.flags.writeable:
        raise ValueError(f"{name}: the array is read-only")
    if _overlaps_itself(array):
        raise ValueError(f"{name}: elements of the array share memory, strides {array.strides}")
    return array


def _overlaps_itself(array: NDArray) -> bool:
    """Whether two elements of an array may share memory: no for all but hand-made strides."""
    if array.flags.forc:
        return False
    span = array.itemsize
    steps = zip(array.strides, array.shape, strict=True)
    for stride, extent in sorted((abs(stride), extent) for stride, extent in steps if extent > 1):
        if stride < span:
            return True
        span += stride * (extent - 1)
    return False


def share_memory(a: NDArray, b: NDArray) -> bool:
    """Whether two arrays have an element in common, or may have where that is hard to find out."""
    try:
        return np.shares_memory(a, b, max_work=10_000)  # pyright: ignore[reportArgumentType]
    except np.exceptions.TooHardError:
        return True


class CodeBytes:
    """How values of one code become the bytes of an unpacked tensor, and back.

    A byte is the bit pattern, sign-extended for `signed`, so that for unipolar and signed codes it
    is the value itself. All that depends on the code only is worked out once.
    """

    def __init__(self, code: Code):
        self.code = code
        self.dtype = np.dtype(np.int8 if isinstance(code, SignedType) else np.uint8)
        self.low, self.high = code.min_value, code.max_value
        self.is_identity = isinstance(code, UnipolarType | SignedType)
        # The narrowest dtype: numpy's own promotion would take int16 for -1 and 1.
        is_signed = self.low < 0
        self.value_dtype = np.min_scalar_type(min(self.low, ~self.high) if is_signed else self.high)
        repeats = 256 >> code.width
        self._values = np.tile(code.values, repeats).astype(self.value_dtype)
        self._patterns: NDArray[np.uint8] | None = None
        if code.width < 8 and self.high - self.low < 256:
            # In this range its low byte tells a value, whatever its dtype is.
            self._patterns = np.full(256, _NO_PATTERN, np.uint8)
            self._patterns[code.values & 0xFF] = np.arange(1 << code.width)

    def encode(self, array: NDArray, name: str) -> NDArray:
        """The byte of each value, in C order; no copy where the array has them already.

        Args:
            array: of native byte order.
            name: what messages call it.

        Raises:
            ValueError: an element is not a value of the code, or the array not one of integers.
        """
        limits = LIMITS.get(array.dtype)
        if limits is None or not array.size:
            return self._slowly(array, name)
        if limits[0] < self.low and int(np.minimum.reduce(array, None)) < self.low:
            return self._slowly(array, name)
        if limits[1] > self.high and int(np.maximum.reduce(array, None)) > self.high:
            return self._slowly(array, name)
        if self.is_identity:
            return contiguous(_low_bytes(array, self.dtype))
        if self._patterns is None:
            return self._slowly(array, name)
        patterns = self._patterns.take(_low_bytes(array, np.dtype(np.uint8)))
        if int(np.maximum.reduce(patterns, None)) == _NO_PATTERN:
            return self._slowly(array, name)
        return contiguous(patterns)

    def decode(self, data: NDArray) -> NDArray:
        """The value of each byte, in the narrowest dtype; no copy where it is the byte."""
        return data if self.is_identity else np.asarray(self._values.take(data))

    def _slowly(self, array: NDArray, name: str) -> NDArray:
        """For any dtype and code, with messages that name the element."""
        patterns = self.code.encode(array, name)
        return array.astype(self.dtype, order="C") if self.is_identity else contiguous(patterns)


def _low_bytes(array: NDArray, dtype: np.dtype) -> NDArray:
    return array.view(dtype) if array.itemsize == 1 else array.astype(dtype)


@cache
def code_bytes(code: Code) -> CodeBytes:
    """The conversions of a code, made once."""
    return CodeBytes(code)
