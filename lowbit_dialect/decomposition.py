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

import numpy as np
from numpy.typing import NDArray

from lowbit_dialect.codes import Affine, AffineCode
from lowbit_dialect.geometry import ConvGeometry

INT32_MAX = 2**31 - 1


@dataclass(frozen=True)
class Term:
    """One pair of planes: its popcount counts `sign * 2**exponent` times."""

    x_plane: int
    w_plane: int
    sign: int
    exponent: int


@dataclass(frozen=True)
class Decomposition:
    """How to compute a dot product: popcounts of `combine`d planes, and what to add.

    `terms` come by descending exponent, positive before negative.
    """

    x: Affine
    w: Affine
    combine: str
    terms: tuple[Term, ...]

    @property
    def needs_correction(self) -> bool:
        """Whether anything must be added to the sum of popcounts."""
        return self.combine == "xor" or self.x.alpha != 0

    @property
    def needs_border_classes(self) -> bool:
        """Whether the correction depends on which taps fall into the padding."""
        return self.x.alpha != 0

    def raw_bound(self, taps: int) -> int:
        """Bound on the magnitude of the popcount sums over `taps` products, before correction."""
        return taps * sum(1 << term.exponent for term in self.terms)

    def class_counts(self, geometry: ConvGeometry) -> tuple[int, int]:
        """Numbers of (row, column) border classes of the correction."""
        if not self.needs_border_classes:
            return (1, 1)
        return geometry.rows.class_count, geometry.cols.class_count

    def correction(
        self, patterns: NDArray[np.integer], geometry: ConvGeometry
    ) -> NDArray[np.int32]:
        """What to add to the sum of popcounts.

        Args:
            patterns: weight bit patterns (oc, kh, kw, ic / groups).
            geometry: the convolution.

        Returns:
            i32 of shape (row classes, column classes, oc).
        """
        planes = (patterns[..., None].astype(np.int64) >> np.arange(len(self.w.betas))) & 1
        values = self.w.alpha + planes @ np.array(self.w.betas, np.int64)
        per_tap = values.sum(axis=-1)
        constant = np.zeros(patterns.shape[0], np.int64)
        if self.combine == "xor":
            weighted = planes @ (np.array(self.w.betas, np.int64) // 2)
            constant = sum(self.x.betas) * weighted.sum(axis=(1, 2, 3))
        row_classes, col_classes = self.class_counts(geometry)
        result = np.empty((row_classes, col_classes, patterns.shape[0]), np.int64)
        row_sets = geometry.rows.classes()[0] if self.needs_border_classes else [()]
        col_sets = geometry.cols.classes()[0] if self.needs_border_classes else [()]
        for r, rows in enumerate(row_sets):
            for c, cols in enumerate(col_sets):
                valid = per_tap[:, list(rows)][:, :, list(cols)].sum(axis=(1, 2))
                result[r, c] = self.x.alpha * valid + constant
        return result.astype(np.int32)


def decompose(x: AffineCode, w: AffineCode) -> Decomposition:
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
    return Decomposition(xa, wa, combine, tuple(terms))
