"""Arrays whose elements are off their alignment: numpy makes them, no compiled function takes them.

They are copied on the way in, and written by way of a copy on the way out.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from lowbit_dialect.layouts.packed_array import PackedArray
from runtime import compile
from runtime.executable import Executable
from runtime.source import parse_module
from tests.aot.conftest import TENSORS, copies


def at_offset(array: NDArray, offset: int) -> NDArray:
    """A copy that begins some bytes behind a multiple of 64."""
    memory = np.zeros(array.nbytes + 128, np.uint8)
    start = -memory.ctypes.data % 64 + offset
    copy = np.frombuffer(memory.data, array.dtype, array.size, start).reshape(array.shape)
    copy[...] = array
    assert copy.ctypes.data % 64 == offset
    return copy


class Dlpack:
    """An array that is only a DLPack producer."""

    def __init__(self, array: NDArray):
        self.array = array

    def __dlpack__(self, **options):
        return self.array.__dlpack__(**options)

    def __dlpack_device__(self):
        return self.array.__dlpack_device__()


@pytest.fixture(scope="module")
def identity() -> Executable:
    """A function that gives back its arguments, one of each kind of element."""
    return compile(parse_module(copies(list(TENSORS))), use_cache=False)


def words(value: NDArray | PackedArray) -> NDArray:
    return value.words if isinstance(value, PackedArray) else value


@pytest.mark.parametrize("producer", [np.asarray, Dlpack, memoryview])
def test_arguments(identity: Executable, producer: Callable[[NDArray], object]) -> None:
    for offset in range(8):
        given = [at_offset(array, offset) for array in TENSORS.values()]
        arguments = [producer(array) for array in given]
        # This machine may not mind, so it is the buffers that are looked at.
        for storage in identity.signature.to_storages(arguments):
            assert storage.ctypes.data % storage.itemsize == 0
        for found, array in zip(identity(*arguments), given, strict=True):
            np.testing.assert_array_equal(words(found), array)


def test_words_of_a_packed_array(identity: Executable) -> None:
    signature = identity.signature
    (index,) = (i for i, spec in enumerate(signature.arguments) if spec.is_packed)
    arguments: list[object] = list(TENSORS.values())
    plain = arguments[index]
    assert isinstance(plain, np.ndarray)
    for offset in range(8):
        arguments[index] = PackedArray(at_offset(plain, offset), signature.inputs[index])
        storage = signature.to_storages(arguments)[index]
        assert storage.ctypes.data % storage.itemsize == 0
        np.testing.assert_array_equal(words(identity(*arguments)[index]), plain)


def test_out(identity: Executable) -> None:
    expected = [words(value) for value in identity(*TENSORS.values())]
    for offset in range(8):
        out = [at_offset(np.full_like(array, 85), offset) for array in expected]
        assert identity(*TENSORS.values(), out=out) is out
        for found, array in zip(out, expected, strict=True):
            np.testing.assert_array_equal(found, array)
