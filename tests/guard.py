"""Arrays that end, or begin, at a page nobody may touch: an access beyond them ends the process."""

import ctypes
import mmap
from typing import Any

import numpy as np

_PAGE = mmap.PAGESIZE
_PROT_NONE = 0

_libc = ctypes.CDLL(None, use_errno=True)
_libc.mprotect.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int]


def guarded(array: np.ndarray, *, before: bool = False) -> np.ndarray:
    """A copy of `array` whose last byte is the last one before an unreadable page.

    With `before`, its first byte is the first one after an unreadable page instead. The copy keeps
    the alignment of its elements only if its size is a multiple of that, which it is.
    """
    pages = -(-max(array.nbytes, 1) // _PAGE)
    memory = mmap.mmap(-1, (pages + 2) * _PAGE)
    start = ctypes.addressof(ctypes.c_char.from_buffer(memory))
    for guard in (start, start + (pages + 1) * _PAGE):
        if _libc.mprotect(guard, _PAGE, _PROT_NONE):
            raise OSError(ctypes.get_errno(), "mprotect")
    offset = _PAGE if before else (pages + 1) * _PAGE - array.nbytes
    copy: np.ndarray[Any, Any] = np.ndarray(array.shape, array.dtype, buffer=memory, offset=offset)
    copy[...] = array
    return copy


def misaligned(array: np.ndarray) -> np.ndarray:
    """A copy of `array` that starts one element after a multiple of 64 bytes."""
    buffer = np.empty(array.nbytes + 64 + array.itemsize, np.uint8)
    offset = -buffer.ctypes.data % 64 + array.itemsize
    copy: np.ndarray[Any, Any] = np.ndarray(
        array.shape, array.dtype, buffer=buffer.data, offset=offset
    )
    copy[...] = array
    return copy
