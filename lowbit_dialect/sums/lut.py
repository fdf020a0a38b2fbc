"""The dot product of two codes by tables of partial sums of activations.

The popcounts of `decomposition` are sums over the planes of both operands; with the x planes summed
first,

    raw = sum_q factor_q sum_c v(x_c, w_cq),     v(x, bit) = sum_p 2^p (x_p AND/XOR bit),

and for a group of g channels the inner sums depend on the g bits of plane q only: they are an entry
of a table of 2^g numbers, which is filled once for a pixel and looked up for every output channel
and every tap that falls on the pixel. An entry is at most g (2^a - 1) for activations of a bits, so
a few of them are summed in bytes, and these sums in lanes of 16 bits.

`raw` is the same number that a bit-serial kernel computes, so corrections are the same too.
"""

from __future__ import annotations

from dataclasses import dataclass

from lowbit_dialect.codes import AffineCode
from lowbit_dialect.layouts.packed import index_count
from lowbit_dialect.sums.bitserial import BitserialSums, Term, decompose

TABLE_WORD = 64
"""Bits of the words that are cut into table indices: long ones leave short rests seldom."""
NIBBLE = 4
"""Bits from the entries of one pixel to those of another in the same byte."""
QUAD = 16
"""Bytes of the sums of four pairs of channels, from which tables of 16 entries are looked up."""
NIBBLE_MAX, UINT8_MAX, INT16_MAX, UINT16_MAX = 2**4 - 1, 2**8 - 1, 2**15 - 1, 2**16 - 1


@dataclass(frozen=True)
class LutSums:
    """How tables of groups of up to `bits` channels make the sums of a decomposition."""

    decomposition: BitserialSums
    bits: int

    @staticmethod
    def of(x: AffineCode, w: AffineCode, bits: int) -> LutSums:
        """For activations of code x and weights of code w."""
        return LutSums(decompose(x, w), bits)

    @property
    def x_planes(self) -> int:
        """Planes of the activations."""
        return len(self.decomposition.x.betas)

    @property
    def w_terms(self) -> tuple[Term, ...]:
        """The terms of activation plane 0: one for each weight plane, by descending exponent."""
        return tuple(term for term in self.decomposition.terms if term.x_plane == 0)

    @property
    def is_negative(self) -> bool:
        """Whether all terms are negative, so that the sums of their magnitudes are negated."""
        return all(term.sign < 0 for term in self.w_terms)

    @property
    def max_value(self) -> int:
        """The largest v(x, bit) of an element."""
        return (1 << self.x_planes) - 1

    @property
    def byte_steps(self) -> int:
        """How many table entries a byte can sum, whatever the activations."""
        return UINT8_MAX // (self.bits * self.max_value)

    @property
    def nibble_steps(self) -> int:
        """The same for a nibble: then the entries of two pixels can share a byte."""
        return NIBBLE_MAX // (self.bits * self.max_value)

    def sum_elements(self, elements: int) -> tuple[int, int]:
        """The least and the largest sum of so many elements, or of its magnitude."""
        low = high = 0
        for term in self.w_terms:
            bound = elements * self.max_value << term.exponent
            if term.sign > 0 or self.is_negative:
                high += bound
            else:
                low -= bound
        return low, high

    def fits_16_bits(self, elements: int) -> bool:
        """Whether lanes of 16 bits hold the sums of so many elements, signed where need be."""
        low, high = self.sum_elements(elements)
        return high <= UINT16_MAX if low == 0 else high <= INT16_MAX and low >= -INT16_MAX - 1

    def index_count(self, channels: int) -> int:
        """How many indices the words of so many channels are cut into."""
        return index_count(channels, TABLE_WORD, self.bits)

    @property
    def why_not(self) -> str | None:
        """Why no table can be made for these codes, or None."""
        if any(beta < 0 for beta in self.decomposition.x.betas):
            return "tables of partial sums take unipolar and bipolar activations"
        if self.byte_steps < 1:
            return (
                f"{self.bits} activations of {self.x_planes} bits sum to"
                f" {self.bits * self.max_value}, more than a byte of a table holds"
            )
        return None
