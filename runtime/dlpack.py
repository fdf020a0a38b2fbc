"""Memory of DLPack producers that may be written to."""

from __future__ import annotations

import ctypes
from typing import Any

import numpy as np
from numpy.typing import NDArray

_VERSIONED = b"dltensor_versioned"
_READ_ONLY = 1
"""Bit of the flags of a versioned tensor."""


class _ManagedTensorVersioned(ctypes.Structure):
    """The head of `DLManagedTensorVersioned` of the DLPack specification."""

    _fields_ = (
        ("major", ctypes.c_uint32),
        ("minor", ctypes.c_uint32),
        ("manager", ctypes.c_void_p),
        ("deleter", ctypes.c_void_p),
        ("flags", ctypes.c_uint64),
    )


class _Memory:
    """An array that numpy made read-only, offered as one that can be written to."""

    def __init__(self, array: NDArray):
        self.array = array
        interface = array.__array_interface__
        self.__array_interface__ = {**interface, "data": (interface["data"][0], False)}


def _is_read_only(producer: Any) -> bool:
    """Whether a producer says that its memory is not to be written to.

    Only producers of versioned tensors (DLPack 1.0) can say so.
    """
    try:
        capsule = producer.__dlpack__(max_version=(1, 0))
    except TypeError:  # the producer is older than that argument
        return False
    api = ctypes.pythonapi
    if not api.PyCapsule_IsValid(ctypes.py_object(capsule), _VERSIONED):
        return False
    get_pointer = ctypes.PYFUNCTYPE(ctypes.c_void_p, ctypes.py_object, ctypes.c_char_p)(
        ("PyCapsule_GetPointer", api)
    )
    address = get_pointer(capsule, _VERSIONED)
    tensor = _ManagedTensorVersioned.from_address(address)
    return bool(tensor.flags & _READ_ONLY)


def writable_from_dlpack(producer: Any) -> NDArray:
    """The memory of a producer as an array, read-only where the producer says so.

    `numpy.from_dlpack` makes arrays read-only where it does not know: numpy 1 always, numpy 2 for
    producers of tensors without a version.
    """
    array = np.from_dlpack(producer)
    if array.flags.writeable or _is_read_only(producer):
        return array
    return np.asarray(_Memory(array))
