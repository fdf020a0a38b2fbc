"""What a kernel sums, and what must be added to make it the dot product."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from lowbit_dialect.codes import Code
from lowbit_dialect.geometry import ConvGeometry

INT32_MAX = 2**31 - 1


def sums_of_sets(
    per_tap: NDArray[np.int64], row_sets: Sequence[range], col_sets: Sequence[range]
) -> NDArray[np.int64]:
    """Sums of numbers of taps (oc, kh, kw) over each pair of sets of rows and columns of taps.

    Returns:
        (row sets, column sets, oc).
    """
    sums = per_tap
    for axis, sets in ((1, row_sets), (2, col_sets)):
        ahead = np.insert(sums.cumsum(axis), 0, 0, axis)  # of tap k: the sum of those before it
        starts, stops = ([getattr(taps, end) for taps in sets] for end in ("start", "stop"))
        sums = ahead.take(stops, axis) - ahead.take(starts, axis)
    return sums.transpose(1, 2, 0)


class KernelSums(ABC):
    """The sums of a strategy; the dot product of x and w is

    raw + x_offset * sum of w over the taps on the image + value_factor * sum of all w
        + pattern_factor * sum of all w patterns + constant.
    """

    @property
    @abstractmethod
    def w_code(self) -> Code:
        """Code of the weights."""

    @property
    @abstractmethod
    def x_offset(self) -> int:
        """The activation that the raw sums count as zero."""

    @property
    def pattern_factor(self) -> int:
        """What a unit of a weight's bit pattern adds, whether on the image or not."""
        return 0

    @property
    def value_factor(self) -> int:
        """What a unit of a weight's value adds, whether on the image or not."""
        return 0

    def constant(self, geometry: ConvGeometry) -> int:
        """What is added to every sum."""
        return 0

    @abstractmethod
    def raw_bound(self, taps: int) -> int:
        """Bound on the magnitude of the raw sums over `taps` products, before correction."""

    @abstractmethod
    def of_words(self, x: NDArray, w: NDArray) -> NDArray[np.int64]:
        """The raw sums over the words of operands, for the interpreter.

        Args:
            x, w: words (planes, .., words of a tap), which broadcast but for the planes; words of
                bytes have one plane.

        Returns:
            The sums (..).
        """

    @property
    def wraps(self) -> bool:
        """Whether raw sums may leave i32, and the correction takes them back."""
        return False

    def raw_range(self, taps: int) -> tuple[int, int]:
        """The least and the largest raw sum over `taps` products, before correction."""
        bound = self.raw_bound(taps)
        return -bound, bound

    @property
    def needs_correction(self) -> bool:
        """Whether anything must be added to the raw sums."""
        return self.pattern_factor != 0 or self.x_offset != 0

    @property
    def needs_border_classes(self) -> bool:
        """Whether the correction depends on which taps fall into the padding."""
        return self.x_offset != 0

    def class_counts(self, geometry: ConvGeometry) -> tuple[int, int]:
        """Numbers of (row, column) border classes of the correction."""
        if not self.needs_border_classes:
            return (1, 1)
        return geometry.rows.class_count, geometry.cols.class_count

    def correction(
        self, patterns: NDArray[np.integer], geometry: ConvGeometry
    ) -> NDArray[np.int32]:
        """What to add to the raw sums.

        Args:
            patterns: weight bit patterns (oc, kh, kw, ic / groups).
            geometry: the convolution.

        Returns:
            i32 of shape (row classes, column classes, oc), modulo 2^32 as the raw sums are; their
            total is the dot product, which i32 holds.
        """
        per_tap = self.w_code.decode(patterns).sum(axis=-1)
        constant = self.pattern_factor * patterns.astype(np.int64).sum(axis=(1, 2, 3))
        constant += self.value_factor * per_tap.sum(axis=(1, 2)) + self.constant(geometry)
        if not self.needs_border_classes:
            return constant.astype(np.int32)[None, None]
        sets = [window.class_runs()[0] for window in (geometry.rows, geometry.cols)]
        valid = sums_of_sets(per_tap, *sets)
        return (self.x_offset * valid + constant).astype(np.int32)
