"""Products of two codes as entries of tables that the bits of both index.

A byte of the weights holds the level of w (its values numbered, ascending) shifted left by the bits
of x, a byte of the activations the level of x: the two joined by OR are an index. Any two codes of
8 bits together will do, codebooks as well. An entry is

    entry(w, x) = w * (x - center) + offset,

with an offset that makes all entries unsigned, so that sums of a known number of entries cannot
leave unsigned bytes, whatever the numbers; `center` is what makes the largest entry smallest. Sums
run over all bytes: those of taps in the padding, where the level of x is 0, and those of ragged
words, where both levels are 0. Hence, over the taps on the image,

    dot(x, w) = sum entry  +  x_min * sum_on_image w  +  (center - x_min) * sum_all w  -  constant.

Tables are held in registers, cut in parts of at most 8 bits. Where they are too large for that, or
where no instruction looks up bytes, two bytes are one index into a table of 65536 sums of two
entries in memory.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil

import numpy as np
from numpy.typing import NDArray
from typing_extensions import override

from lowbit_dialect.cached_property import cached_property
from lowbit_dialect.codes import Code
from lowbit_dialect.geometry import ConvGeometry
from lowbit_dialect.sums.base import INT32_MAX, KernelSums
from lowbit_dialect.sums.dot import BYTES_PER_WORD

MAX_INDEX_BITS = 8
"""Bits of a level of w and one of x, which share a byte."""
LEAST_ENTRIES = 16
"""Entries of the smallest table that instructions look up."""
BYTE_MAX, HALF_MAX = 2**8 - 1, 2**16 - 1


@dataclass(frozen=True)
class ProductLutSums(KernelSums):
    """Sums of entries of the table of products of two codes."""

    x: Code
    w: Code

    @property
    @override
    def w_code(self) -> Code:
        return self.w

    @property
    @override
    def x_offset(self) -> int:
        return self.x.min_value

    @property
    @override
    def value_factor(self) -> int:
        return self.center - self.x.min_value

    @property
    @override
    def needs_correction(self) -> bool:
        return any((self.offset, self.x_offset, self.value_factor))

    @override
    def constant(self, geometry: ConvGeometry) -> int:
        words = ceil(geometry.ic / geometry.groups / BYTES_PER_WORD)
        entries = geometry.rows.taps * geometry.cols.taps * words * BYTES_PER_WORD
        ragged = int(self.products[0, 0]) * (entries - geometry.taps)
        return -(self.offset * entries + ragged)

    @override
    def raw_bound(self, taps: int) -> int:
        """Bound on the magnitude of the raw sums, of the correction, and of the two together."""
        # The correction: offsets, a product of w and x - center for a ragged byte, and for a tap
        # one of w and x_min and one of w and center - x_min; x - center is twice the largest x.
        magnitude = self.x.max_magnitude * self.w.max_magnitude
        return self._most(taps) + taps * (
            BYTES_PER_WORD * (abs(self.offset) + 2 * magnitude) + 3 * magnitude
        )

    @override
    def of_words(self, x: NDArray, w: NDArray) -> NDArray[np.int64]:
        indices = np.bitwise_or(x[0], w[0], order="C").view(np.uint8)
        return self.entries_of(indices).sum(axis=-1)

    @property
    @override
    def wraps(self) -> bool:
        return True

    @override
    def raw_range(self, taps: int) -> tuple[int, int]:
        bound = self.raw_bound(taps)
        # Sums and corrections that may wrap tell nothing of the two together.
        return (0, self._most(taps)) if bound <= INT32_MAX else (-(2**62), 2**62)

    def _most(self, taps: int) -> int:
        """Bound on the raw sums. A word of four bytes may hold a single channel."""
        return BYTES_PER_WORD * taps * (int(self.products.max()) + self.offset)

    @property
    def why_not(self) -> str | None:
        """Why there is no table for these codes, or None where there is one."""
        if self.index_bits > MAX_INDEX_BITS:
            return (
                f"tables of products are indexed by {MAX_INDEX_BITS} bits at most, {self.x} and"
                f" {self.w} have {self.index_bits}"
            )
        return None

    @property
    def index_bits(self) -> int:
        """Bits of a level of w and a level of x."""
        return self.x.width + self.w.width

    @cached_property
    def center(self) -> int:
        """The value c of x for which the range of w * (x - c) is smallest.

        Products of numbers in ranges are largest and smallest at the ends of the ranges.
        """
        x, w = self.x, self.w
        centers = np.arange(x.min_value, x.max_value + 1)
        corners = [a * (b - centers) for a in (w.min_value, w.max_value) for b in _ends(x)]
        spread = np.max(corners, axis=0) - np.min(corners, axis=0)
        return int(centers[np.argmin(spread)])

    @cached_property
    def products(self) -> NDArray[np.int64]:
        """w * (x - center), of shape (levels of w, levels of x)."""
        return np.sort(self.w.values)[:, None] * (np.sort(self.x.values) - self.center)

    @property
    def _range(self) -> int:
        return int(self.products.max() - self.products.min())

    @property
    def offset(self) -> int:
        """What is added to products so that none is negative."""
        return -int(self.products.min())

    @property
    def part_bits(self) -> int:
        """Bits of an entry that each table in registers holds."""
        bits = max(1, self._range.bit_length())
        return ceil(bits / ceil(bits / 8))

    @cached_property
    def register_tables(self) -> NDArray[np.uint8]:
        """Tables of bytes (parts, entries): part k holds bits k * part_bits .. of all entries."""
        entries = np.zeros(max(LEAST_ENTRIES, 1 << self.index_bits), np.int64)
        entries[: self.products.size] = self.products.reshape(-1) + self.offset
        shifts = np.arange(0, max(1, self._range.bit_length()), self.part_bits)
        parts = entries >> shifts[:, None] & ((1 << self.part_bits) - 1)
        return parts.astype(np.uint8)

    @property
    def byte_steps(self) -> int:
        """How many lookups unsigned bytes hold the sum of, whatever the numbers."""
        return BYTE_MAX // max(1, int(self.register_tables.max()))

    @property
    def memory_bits(self) -> int:
        """Bits of a sum of two entries in memory, which wraps in 32."""
        return next((b for b, top in ((8, BYTE_MAX), (16, HALF_MAX)) if 2 * self._range <= top), 32)

    @cached_property
    def memory_table(self) -> NDArray[np.int64]:
        """Sums of two entries, by an index of two bytes."""
        entries = np.zeros(1 << MAX_INDEX_BITS, np.int64)
        entries[: self.products.size] = self.products.reshape(-1) + self.offset
        return (entries[:, None] + entries).reshape(-1)

    def entries_of(self, indices: NDArray[np.integer]) -> NDArray[np.int64]:
        """The entry of each index byte."""
        return (self.products.reshape(-1) + self.offset)[indices]


def _ends(code: Code) -> tuple[int, int]:
    return code.min_value, code.max_value
