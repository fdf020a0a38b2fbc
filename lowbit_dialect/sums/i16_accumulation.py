"""What sums of popcounts lanes of 16 bits hold, and where they must be widened to 32.

Lanes count modulo 2^16, and addition, doubling and negation know of no other numbers than that.
So a sum of which it is known that it lies within 2^16 neighbouring numbers is known from its lane,
whatever the sums on the way to it were. Sums of planes of wide codes, or over very many taps, are
cut into segments of which each is so.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from lowbit_dialect.sums.bitserial import BitserialSums, Term

NARROW_BITS = 16
NARROW_SUMS = 1 << NARROW_BITS
INT16_MIN, INT16_MAX = -(1 << 15), (1 << 15) - 1


def fits_i16(sum_range: tuple[int, int]) -> bool:
    """Whether all numbers from the least to the largest one are i16."""
    return sum_range[0] >= INT16_MIN and sum_range[1] <= INT16_MAX


@dataclass(frozen=True)
class Segment:
    """Terms that lanes of 16 bits sum: groups of one significance and sign, descending.

    The sum counts 2**`exponent`, the significance of the last group, and lies in `low` to `high`.
    """

    groups: tuple[tuple[Term, ...], ...]
    low: int
    high: int

    @property
    def exponent(self) -> int:
        """The significance of its sum."""
        return self.groups[-1][0].exponent

    def extended(self, group: Sequence[Term], taps: int) -> Segment:
        """The segment with another group after it, over so many taps."""
        shift = self.exponent - group[0].exponent
        low, high = _group_range(group, taps)
        low, high = (self.low << shift) + low, (self.high << shift) + high
        return Segment((*self.groups, tuple(group)), low, high)


def segments(decomposition: BitserialSums, taps: int) -> list[Segment]:
    """The fewest segments, filled from the most significant terms on.

    Raises:
        ValueError: a single term over so many taps counts further than lanes do.
    """
    found: list[Segment] = []
    for group in _groups(decomposition, taps):
        longer = found[-1].extended(group, taps) if found else None
        if longer is not None and longer.high - longer.low < NARROW_SUMS:
            found[-1] = longer
        else:
            found.append(Segment((tuple(group),), *_group_range(group, taps)))
    return found


def _groups(decomposition: BitserialSums, taps: int) -> Iterator[list[Term]]:
    """Terms of one significance and sign, as many as lanes hold."""
    if taps >= NARROW_SUMS:
        raise ValueError(f"lanes of {NARROW_BITS} bits do not count to {taps}")
    most = (NARROW_SUMS - 1) // max(taps, 1)
    for _, terms in groupby(decomposition.terms, key=lambda term: (term.exponent, term.sign)):
        group = list(terms)
        for start in range(0, len(group), most):
            yield group[start : start + most]


def _group_range(group: Sequence[Term], taps: int) -> tuple[int, int]:
    """The least and the largest sum of terms of one significance and sign, in units of that."""
    low, high = 0, len(group) * taps
    return (low, high) if group[0].sign > 0 else (-high, -low)
