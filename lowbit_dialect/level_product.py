"""The dot product of two codes as products of activation levels and weight values, as bytes.

Where the values of x are evenly spaced, x = lowest + step * level with levels 0 .. 2^b-1, hence
over the taps that fall on the image

    dot(x, w) = lowest * sum w  +  step * sum level * w .

A tap in the padding is level 0 and adds nothing to the second sum. Levels are unsigned bytes,
weights signed ones: what the byte dot products of instruction sets take.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil

from typing_extensions import override

from lowbit_dialect.codes import AffineCode
from lowbit_dialect.geometry import ConvGeometry
from lowbit_dialect.raw_sums import INT32_MAX, RawSums

BYTES_PER_WORD = 4
INT8_MIN, INT8_MAX, INT16_MAX = -128, 127, 2**15 - 1


@dataclass(frozen=True)
class LevelProduct(RawSums):
    """Products of level bytes of x and value bytes of w."""

    x: AffineCode
    w: AffineCode

    @property
    @override
    def w_code(self) -> AffineCode:
        return self.w

    @property
    @override
    def x_offset(self) -> int:
        return self.x.min_value

    @property
    @override
    def pattern_factor(self) -> int:
        return 0

    @property
    def max_level(self) -> int:
        """The highest level of x."""
        return (1 << self.x.width) - 1

    @property
    def step(self) -> int:
        """From the value of a level to that of the next: 1, or 2 for bipolar codes."""
        return (self.x.max_value - self.x.min_value) // self.max_level

    @override
    def raw_bound(self, taps: int) -> int:
        return taps * self.step * self.max_level * self.w.max_magnitude

    @override
    def raw_range(self, taps: int) -> tuple[int, int]:
        highest = taps * self.step * self.max_level
        return highest * min(0, self.w.min_value), highest * max(0, self.w.max_value)

    @property
    def pair_bound(self) -> int:
        """Largest magnitude of the sum of two products of a level and a weight."""
        return 2 * self.max_level * self.w.max_magnitude

    @property
    def i16_steps(self) -> int:
        """How many sums of two products i16 holds, whatever the numbers."""
        return INT16_MAX // self.pair_bound

    def obstacle(self, geometry: ConvGeometry) -> str | None:
        """Why a contraction cannot be made of dot products of bytes, or None where it can."""
        words = ceil(geometry.ic / geometry.groups / BYTES_PER_WORD)
        return self.obstacle_of(geometry.rows.taps * geometry.cols.taps * words * BYTES_PER_WORD)

    def obstacle_of(self, taps: int) -> str | None:
        """The same for sums of so many products, those of the bytes of ragged words included."""
        if self.w.min_value < INT8_MIN or self.w.max_value > INT8_MAX:
            return f"weights of {self.w} do not fit in i8"
        if self.raw_bound(taps) > INT32_MAX:
            return f"sums of {taps} products of levels of {self.x} and {self.w} can leave i32"
        return None
