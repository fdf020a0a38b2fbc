"""How levels of few bits in a word become the bytes that a dot product multiplies.

The bytes of a word hold a level u each in bits f .. f+b-1. With p = log2(step) + e,

    byte = ((word shifted by p - f) & mask) combined with constant   =   2^e * (lowest + step * u)

is a weight times 2^e: an addition of lowest * 2^e to each byte does for every e. Where e is such
that the value fills the byte, only the top bit and bits that the level does not take differ, so an
exclusive or does, which is one operation with the mask. The sums are then 2^e times too large and
are shifted back; i32 must hold them as they are.

Or the levels are multiplied as they are, a mask being enough to have 2^f * u of those in the lowest
`places` of each byte; for the next ones the word is shifted. Each place f has sums of its own,
which are shifted back before they are added. Their levels still want

    sum x * w  =  step * sum x * u  +  lowest * sum x ,

and the sum of x is one for all channels.
"""

from __future__ import annotations

from dataclasses import dataclass

from lowbit_dialect.codes import AffineCode

BYTE_ONES = 0x01010101
"""A word of four bytes of 1."""


@dataclass(frozen=True)
class LevelFields:
    """The bytes of weights of code `w` from levels of `bits` bits.

    They are the values times 2^`exponent`, or with `places` > 0 the levels in so many places.
    """

    w: AffineCode
    bits: int
    exponent: int = 0
    places: int = 0

    @property
    def step(self) -> int:
        """From the value of a level to that of the next, scaled."""
        levels = (1 << self.w.width) - 1
        return ((self.w.max_value - self.w.min_value) // levels) << self.exponent

    @property
    def lowest(self) -> int:
        """The value of level 0, scaled."""
        return self.w.min_value << self.exponent

    @property
    def fits(self) -> bool:
        """Whether signed bytes hold the scaled values."""
        return self.lowest >= -128 and self.w.max_value << self.exponent <= 127

    @property
    def is_exclusive_or(self) -> bool:
        """Whether an exclusive or with the lowest value adds it to every level."""
        return self.lowest & self.mask(0) & 0x7F == 0

    @property
    def highest_level_byte(self) -> int:
        """The largest byte of a level in its place; 0 where the bytes are values."""
        if not self.places:
            return 0
        return ((1 << self.w.width) - 1) << self.bits * (self.places - 1)

    @property
    def shifts(self) -> float:
        """How many of the words of x, of those that a word is for, want a shift of it."""
        return self.bits / 8 * (8 // self.bits // max(1, self.places) - 1)

    def left_shift(self, field: int) -> int:
        """How far the word is shifted to the left for the levels of a field, right if negative."""
        if self.places:
            return -self.bits * (field - field % self.places)
        return self.step.bit_length() - 1 - self.bits * field

    def mask(self, field: int) -> int:
        """The bits of a byte that the level of a field takes once it is shifted."""
        place = self.bits * (field % self.places) if self.places else self.step.bit_length() - 1
        return ((1 << self.w.width) - 1) << place


def full_exponent(w: AffineCode, bits: int) -> int:
    """The largest exponent for which an exclusive or makes the bytes, or 0 where none does."""
    for exponent in range(7, 0, -1):
        fields = LevelFields(w, bits, exponent)
        if fields.fits and fields.is_exclusive_or:
            return exponent
    return 0
