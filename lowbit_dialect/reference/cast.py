"""Plain integers as values of a code."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lowbit_dialect.codes import Code, SignedType, parse_code
from lowbit_dialect.reference.arrays import integers


def cast(
    x: ArrayLike,
    bits: int,
    code: Code | str,
    overflow: str | None = None,
    unsigned: bool = False,
) -> NDArray[np.int64]:
    """The numbers of integers of `bits` bits, as values of a code.

    Args:
        x: integers, of which the low bits count.
        bits: of an integer.
        code: of the result.
        overflow: saturate clips to the range of the code, wrap keeps the code's low bits, None
            refuses what is no value of the code.
        unsigned: whether the integers are from 0 on, or two's complement.

    Raises:
        ValueError: an element is not a value of the code and `overflow` is None, or `overflow` is
            unknown.
    """
    code = parse_code(code)
    numbers = integers(x, None, "x") & ((1 << bits) - 1)
    if not unsigned:
        numbers = numbers - ((numbers >> (bits - 1)) << bits)
    if overflow == "saturate":
        return np.clip(numbers, code.min_value, code.max_value)
    if overflow == "wrap":
        low = numbers & ((1 << code.width) - 1)
        is_negative = (low >> (code.width - 1)) if isinstance(code, SignedType) else 0
        return low - (is_negative << code.width)
    if overflow is not None:
        raise ValueError(f"overflow {overflow!r}: wrap and saturate are allowed")
    code.encode(numbers, "x")
    return numbers
