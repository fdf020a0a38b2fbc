"""Numbers that callers give for windows and images: integers, pairs and the sides of a frame."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import isinf
from operator import index
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from lowbit_dialect.geometry import LAYOUTS

INT64_MAX = 2**63 - 1

Pair: TypeAlias = int | np.integer | Sequence[int] | NDArray[np.integer]
"""What `pair` takes."""

Sides: TypeAlias = int | np.integer | Sequence[Any] | NDArray[np.integer]
"""What `sides` takes."""


def integer(value: Any, name: str) -> int:
    """An integer of any type, one of numpy for instance.

    Raises:
        ValueError: it is none, or does not fit in 64 bits; the message begins with `name`.
    """
    try:
        number = index(value)
    except TypeError:
        raise ValueError(f"{name}: expected an integer, got {value!r}") from None
    if abs(number) > INT64_MAX:
        raise ValueError(f"{name}: {number} does not fit in 64 bits")
    return number


def is_integer(value: Any) -> bool:
    """Whether a value is an integer of any type; arrays of one element are not."""
    return hasattr(value, "__index__") and not getattr(value, "shape", ())


def integers(value: Any, name: str) -> list[int]:
    """Integers of any type, of a list or an array.

    Raises:
        ValueError: the value is no list of integers; the message begins with `name`.
    """
    if not isinstance(value, Iterable) or isinstance(value, str | bytes):
        raise ValueError(f"{name}: expected a list of integers, got {value!r}")
    return [integer(entry, f"{name}[{i}]") for i, entry in enumerate(value)]


def f32_number(value: Any, name: str) -> float:
    """A number of any type, rounded to f32.

    Raises:
        ValueError: the value is no number, or is finite and beyond the range of f32; the message
            begins with `name`.
    """
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        raise ValueError(f"{name}: expected a number, got {value!r}") from None
    with np.errstate(over="ignore", under="ignore"):
        rounded = float(np.float32(number))
    if isinf(rounded) and not isinf(number):
        raise ValueError(f"{name}: {number} does not fit in f32")
    return rounded


def word(value: Any, name: str) -> str:
    """A text, such as the name of a function or a mode.

    Raises:
        ValueError: the value is no text; the message begins with `name`.
    """
    if not isinstance(value, str):
        raise ValueError(f"{name}: expected a text, got {value!r}")
    return value


def pair(value: Pair, name: str) -> tuple[int, int]:
    """(height, width), or one integer for both.

    Raises:
        ValueError: it is neither; the message begins with `name`.
    """
    if is_integer(value):
        both = integer(value, name)
        return both, both
    entries = list(value) if isinstance(value, Iterable) else []
    if len(entries) != 2 or not all(map(is_integer, entries)):
        raise ValueError(f"{name}: expected an integer or two integers, got {value!r}")
    return integer(entries[0], name), integer(entries[1], name)


def sides(value: Sides, name: str) -> tuple[int, int, int, int]:
    """Padding as (top, bottom, left, right).

    Args:
        value: one integer for all sides, (height, width), ((top, bottom), (left, right)), or the
            four integers themselves.
        name: what messages call it.

    Raises:
        ValueError: it is none of these.
    """
    if is_integer(value):
        return *pair(value, name), *pair(value, name)
    entries = list(value) if isinstance(value, Iterable) else []
    if len(entries) == 4 and all(map(is_integer, entries)):
        top, bottom, left, right = (integer(entry, name) for entry in entries)
        return top, bottom, left, right
    if len(entries) != 2 or isinstance(value, str):
        raise ValueError(
            f"{name}: expected an integer, (height, width), ((top, bottom), (left, right)) or"
            f" (top, bottom, left, right), got {value!r}"
        )
    return *pair(entries[0], f"{name}[0]"), *pair(entries[1], f"{name}[1]")


def layout_name(value: Any) -> str:
    """The name of a layout as the operations write it.

    Raises:
        ValueError: there is no such layout.
    """
    name = value.lower() if isinstance(value, str) else ""
    if name not in LAYOUTS:
        raise ValueError(f"layout {value!r} is unknown: {' and '.join(LAYOUTS)} are allowed")
    return name
