"""The dot product of two codes as products of activation levels and weight values, as bytes.

Where the values of x are evenly spaced, x = lowest + step * level with levels 0 .. 2^b-1, hence
over the taps that fall on the image

    dot(x, w) = lowest * sum w  +  step * sum level * w .

A tap in the padding is level 0 and adds nothing to the second sum. Levels are unsigned bytes,
weights signed ones: what the byte dot products of instruction sets take. Those that take both
signed or both unsigned get levels of w as well, where levels of x fill their bytes.

A *word* is the bytes of x that all lanes are multiplied by at once, and those of w in a lane:

* of four bytes: a dot product, summed in a lane of i32;
* of two: levels x0 + 256 x1 and the digits 256 w0 + w1 (`PackedAttr`). Their product modulo 2^16 is
  x0 w1 + 256 (x0 w0 + x1 w1), so one multiplication is a dot product, summed in the high byte of a
  lane of i16 for as long as neither byte wraps;
* of one: a product, summed in a lane of i16.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil

import numpy as np
from numpy.typing import NDArray
from typing_extensions import override

from lowbit_dialect.codes import AffineCode
from lowbit_dialect.geometry import ConvGeometry
from lowbit_dialect.sums.base import INT32_MAX, KernelSums
from lowbit_dialect.sums.level_fields import LevelFields

BYTES_PER_WORD = 4
WORD_BYTES = (1, 2, 4)
"""Bytes that a word of a dot kernel may have; `BYTES_PER_WORD` where nothing else is said."""
INT8_MIN, INT8_MAX, INT16_MAX, UINT16_MAX = -128, 127, 2**15 - 1, 2**16 - 1


@dataclass(frozen=True)
class DotSums(KernelSums):
    """Products of level bytes of x and value bytes of w.

    In a register tile the bytes of w may be the values times 2^`exponent`, or levels in their
    places, which are `max_level_byte` at most (`level_fields`). Then the bounds on what lanes hold
    are those of such products.
    """

    x: AffineCode
    w: AffineCode
    exponent: int = 0
    max_level_byte: int = 0

    @property
    @override
    def w_code(self) -> AffineCode:
        return self.w

    @property
    @override
    def x_offset(self) -> int:
        return self.x.min_value

    @property
    def max_level(self) -> int:
        """The highest level of x."""
        return (1 << self.x.width) - 1

    @property
    def max_byte(self) -> int:
        """The largest magnitude of a byte of w."""
        return max(self.w.max_magnitude << self.exponent, self.max_level_byte)

    @property
    def step(self) -> int:
        """From the value of a level to that of the next: 1, or 2 for bipolar codes."""
        return (self.x.max_value - self.x.min_value) // self.max_level

    @override
    def raw_bound(self, taps: int) -> int:
        return taps * self.step * self.max_level * self.max_byte

    @override
    def of_words(self, x: NDArray, w: NDArray) -> NDArray[np.int64]:
        levels = np.ascontiguousarray(x[0]).view(np.uint8).astype(np.int64)
        values = np.ascontiguousarray(w[0]).view(np.int8).astype(np.int64)
        return self.step * (levels * values).sum(axis=-1)

    @override
    def raw_range(self, taps: int) -> tuple[int, int]:
        highest = taps * self.step * self.max_level
        return highest * min(0, self.w.min_value), highest * max(0, self.w.max_value)

    @property
    def pair_bound(self) -> int:
        """Largest magnitude of the sum of two products of a level and a weight."""
        return 2 * self.max_level * self.max_byte

    @property
    def i16_steps(self) -> int:
        """How many sums of two products i16 holds, whatever the numbers."""
        return self.i16_words(BYTES_PER_WORD)

    @property
    def fits_signed(self) -> bool:
        """Whether the levels of x are the same numbers as signed bytes."""
        return self.max_level <= INT8_MAX

    @property
    def digit_words(self) -> int:
        """How many products of words of two bytes a lane of i16 holds the sum of.

        Its high byte then holds twice as many products of bytes, whatever the numbers, its low byte
        once as many.
        """
        return INT8_MAX // self.pair_bound

    def i16_words(self, word_bytes: int, unsigned: bool = False) -> int:
        """How many words i16 holds the sums of, two products of a word of several bytes a lane.

        With `unsigned` the lanes and the bytes of w are unsigned.
        """
        most = UINT16_MAX if unsigned else INT16_MAX
        return most // (self.pair_bound // (2 if word_bytes == 1 else 1))

    def of_fields(self, fields: LevelFields) -> DotSums:
        """The products where the bytes of w are made of levels in this way."""
        return DotSums(self.x, self.w, fields.exponent, fields.highest_level_byte)

    def why_not(self, geometry: ConvGeometry) -> str | None:
        """Why a contraction cannot be made of dot products of bytes, or None where it can."""
        words = ceil(geometry.ic / geometry.groups / BYTES_PER_WORD)
        return self.why_not_of(geometry.rows.taps * geometry.cols.taps * words * BYTES_PER_WORD)

    def why_not_of(self, taps: int) -> str | None:
        """The same for sums of so many products, those of the bytes of ragged words included."""
        if self.w.min_value < INT8_MIN or self.w.max_value > INT8_MAX:
            return f"weights of {self.w} do not fit in i8"
        if self.raw_bound(taps) > INT32_MAX:
            return f"sums of {taps} products of levels of {self.x} and {self.w} can leave i32"
        return None
