"""Linear forms of indices, which the accesses of an unrolled tile share but for the constant."""

from __future__ import annotations

from collections.abc import Iterable

from xdsl.ir import SSAValue

Linear = tuple[tuple[tuple[SSAValue, int], ...], int]
"""A sum of old index values times constants, in the order of appearance, plus a constant."""


def sum_linear(terms: Iterable[tuple[Linear, int]]) -> Linear:
    """The sum of linear forms, each times an integer."""
    factors: dict[SSAValue, int] = {}
    constant = 0
    for (products, offset), scale in terms:
        constant += offset * scale
        for value, factor in products:
            factors[value] = factors.get(value, 0) + factor * scale
    return tuple((value, factor) for value, factor in factors.items() if factor), constant
