"""`lowbit.sort_key`."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def sort_key(x: NDArray) -> NDArray[np.int32]:
    """Floats of 32 bits to integers of the same order, NaN to the least one."""
    bits = np.ascontiguousarray(x, np.float32).view(np.int32)
    keys = np.where(bits < 0, bits ^ np.int32(0x7FFFFFFF), bits)
    return np.where(np.isnan(x), np.iinfo(np.int32).min, keys).astype(np.int32)
