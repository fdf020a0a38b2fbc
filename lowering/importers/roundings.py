"""Roundings by the names of QONNX, as the numbers at which an integer begins."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction


def _half_even(k: int) -> tuple[Fraction, bool]:
    return k - Fraction(1, 2), k % 2 == 0


def _half_up(k: int) -> tuple[Fraction, bool]:
    return k - Fraction(1, 2), k > 0


def _half_down(k: int) -> tuple[Fraction, bool]:
    return k - Fraction(1, 2), k <= 0


def _ceil(k: int) -> tuple[Fraction, bool]:
    return Fraction(k - 1), False


def _floor(k: int) -> tuple[Fraction, bool]:
    return Fraction(k), True


def _up(k: int) -> tuple[Fraction, bool]:
    return _ceil(k) if k > 0 else _floor(k)


def _down(k: int) -> tuple[Fraction, bool]:
    return _floor(k) if k > 0 else _ceil(k)


ROUNDINGS: dict[str, Callable[[int], tuple[Fraction, bool]]] = {
    "ROUND": _half_even,
    "HALF_EVEN": _half_even,
    "CEIL": _ceil,
    "FLOOR": _floor,
    "UP": _up,
    "DOWN": _down,
    "ROUND_TO_ZERO": _down,
    "HALF_UP": _half_up,
    "HALF_DOWN": _half_down,
}
"""By the name that QONNX has for it: for an integer k, where the numbers begin that round to k or
more, and whether they hold that number. UP is away from 0 and DOWN towards it; so are halves
in HALF_UP and HALF_DOWN."""
