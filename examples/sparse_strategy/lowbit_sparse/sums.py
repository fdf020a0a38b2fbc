"""What a sparse kernel sums."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from typing_extensions import override
from xdsl.utils.exceptions import VerifyException

from lowbit_dialect.codes import Code, affine
from lowbit_dialect.sums.bitserial import BitserialSums, decompose


@dataclass(frozen=True)
class SparseSums(BitserialSums):
    """Popcounts of the AND of planes, over the words of weights that are not zero."""

    @override
    def of_words(self, x: NDArray, w: NDArray) -> NDArray[np.int64]:
        """The sums without the words that are zero in every weight of `w`."""
        used = np.flatnonzero(w.reshape(-1, w.shape[-1]).any(axis=0))
        return super().of_words(x[..., used], w[..., used])


def why_not_codes(x: Code, w: Code) -> str | None:
    """Why a zero word of weights adds something to the sums, or None where it adds nothing."""
    if decompose(affine(x), affine(w)).combine == "and":
        return None
    return f"a zero word of {w} adds to the sums: w must be unipolar or signed"


def sparse_sums(x: Code, w: Code) -> SparseSums:
    """The sums of a sparse kernel for the codes of x and w.

    Raises:
        VerifyException: zero words of w add to the sums.
    """
    if reason := why_not_codes(x, w):
        raise VerifyException(reason)
    found = decompose(affine(x), affine(w))
    return SparseSums(found.x, found.w, found.combine, found.terms, found.code)
