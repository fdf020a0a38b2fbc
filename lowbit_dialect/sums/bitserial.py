"""The dot product of two affine codes as AND- or XOR-popcounts of their planes.

With x = ax + sum_p bx_p x_p and w = aw + sum_q bw_q w_q over the taps that fall on the image,

    dot(x, w) = sum ax*w  +  sum_pq bx_p bw_q popcount(x_p AND w_q)  +  aw sum_p bx_p |x_p| .

The last term costs a sum per pixel. It vanishes for aw = 0 (unipolar, signed), and for symmetric
codes (bipolar, aw = -sum bw_q / 2) it is absorbed by counting *differing* bits instead, since

    sum x_p (2 w_q - 1) = |w_q| - popcount(x_p XOR w_q) .

There a tap in the padding, where x_p = 0, adds |w_q| - |w_q| = 0, so |w_q| is taken over all taps
and padding needs no treatment. What remains besides the popcounts is a constant per output
channel, and per border class only where ax is not 0 (bipolar activations).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from typing_extensions import override

from lowbit_dialect.affine import Affine
from lowbit_dialect.codes import AffineCode
from lowbit_dialect.sums.base import KernelSums

_POPCOUNT = np.array([byte.bit_count() for byte in range(256)], np.uint8)


@dataclass(frozen=True)
class Term:
    """One pair of planes: its popcount counts `sign * 2**exponent` times."""

    x_plane: int
    w_plane: int
    sign: int
    exponent: int


@dataclass(frozen=True)
class BitserialSums(KernelSums):
    """How to compute a dot product: popcounts of `combine`d planes, and what to add.

    `terms` come by descending exponent, positive before negative; `code` is that of the weights.
    """

    x: Affine
    w: Affine
    combine: str
    terms: tuple[Term, ...]
    code: AffineCode

    @property
    @override
    def w_code(self) -> AffineCode:
        return self.code

    @property
    @override
    def x_offset(self) -> int:
        return self.x.alpha

    @property
    @override
    def pattern_factor(self) -> int:
        # |w_q| counts beta_q / 2 times for symmetric codes, which makes the bit pattern.
        return sum(self.x.betas) if self.combine == "xor" else 0

    @override
    def raw_bound(self, taps: int) -> int:
        return taps * sum(1 << term.exponent for term in self.terms)

    @override
    def of_words(self, x: NDArray, w: NDArray) -> NDArray[np.int64]:
        combine = {"and": np.bitwise_and, "xor": np.bitwise_xor}[self.combine]
        sums: Any = 0
        for term in self.terms:
            words = combine(x[term.x_plane], w[term.w_plane], order="C")
            counts = _POPCOUNT[words.view(np.uint8)].sum(axis=-1, dtype=np.int64)
            sums = sums + (term.sign << term.exponent) * counts
        return sums

    @override
    def raw_range(self, taps: int) -> tuple[int, int]:
        low, high = (
            sum(term.sign << term.exponent for term in self.terms if term.sign == sign)
            for sign in (-1, 1)
        )
        return taps * low, taps * high


def decompose(x: AffineCode, w: AffineCode) -> BitserialSums:
    """The cheapest exact decomposition of products of the two codes."""
    xa, wa = x.affine, w.affine
    combine = "and" if wa.alpha == 0 else "xor"
    assert wa.alpha == 0 or wa.is_symmetric, "every affine code is one or the other"
    terms = []
    for p, x_beta in enumerate(xa.betas):
        for q, w_beta in enumerate(wa.betas):
            factor = x_beta * w_beta if combine == "and" else -x_beta * (w_beta // 2)
            terms.append(Term(p, q, 1 if factor > 0 else -1, abs(factor).bit_length() - 1))
    terms.sort(key=lambda t: (-t.exponent, -t.sign, t.x_plane))
    return BitserialSums(xa, wa, combine, tuple(terms), w)
