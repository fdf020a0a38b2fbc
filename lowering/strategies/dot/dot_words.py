"""Which words a dot kernel has: how many bytes, and what those of w hold."""

from __future__ import annotations

from dataclasses import dataclass

from lowbit_dialect.codes import Code, affine
from lowbit_dialect.sums.dot import DotSums
from lowering.kernels.contraction import Contraction
from lowering.targets import Target

MIN_DIGIT_WORDS = 2
"""Words of two bytes to be summed before their high bytes are taken for that to pay."""


@dataclass(frozen=True)
class DotWords:
    """Words of `size` bytes; those of w hold `values`, `levels` or `digits` (`PackedAttr`)."""

    size: int
    holds: str

    @property
    def word_bits(self) -> int:
        """Bits of a word."""
        return 8 * self.size


def words_of(c: Contraction) -> DotWords:
    """The words in which the operands lie, or, where nothing is packed, the best for the target."""
    return dot_words(c.codes, c.target, c.word_bits // 8)


def dot_words(codes: tuple[Code, Code], target: Target, size: int = 0) -> DotWords:
    """The words of a dot kernel for the codes of x and w, of `size` bytes or, for 0, the best.

    Levels of w take the place of its values where instructions want bytes of x and w to be signed
    alike and x has levels that are no signed bytes.
    """
    product, form = DotSums(affine(codes[0]), affine(codes[1])), target.dot_form
    size = size or next(size for size in form.words if _suits(product, size))
    if size == 2:
        return DotWords(size, "digits")
    needs_levels = not (form.mixed_signs or product.fits_signed)
    return DotWords(size, "levels" if needs_levels else "values")


def _suits(product: DotSums, size: int) -> bool:
    return size != 2 or product.digit_words >= MIN_DIGIT_WORDS
