"""Where the taps of a convolution fall: extents, padding, and the border classes.

A matrix product (M, K) x (K, N) is the convolution of a 1 x M image of K channels with N 1x1
filters, so conv and gemm share everything below this file.
"""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass

LAYOUTS = {"nhwc": (0, 1, 2, 3), "nchw": (0, 2, 3, 1)}
"""Dimension of (batch, height, width, channel) in an activation tensor, by layout name."""

WEIGHT_LAYOUTS = {"nhwc": (0, 1, 2, 3), "nchw": (0, 2, 3, 1)}
"""Dimension of (oc, kh, kw, ic / groups) in the weights of a convolution in that layout."""


@dataclass(frozen=True)
class Window:
    """One axis of a sliding window: `taps` taps, `dilation` apart, moved by `stride`."""

    extent: int
    taps: int
    stride: int = 1
    before: int = 0
    after: int = 0
    dilation: int = 1

    @property
    def out(self) -> int:
        """Number of window positions; not positive where the window does not fit."""
        span = (self.taps - 1) * self.dilation + 1
        return (self.extent + self.before + self.after - span) // self.stride + 1

    def valid_taps(self, position: int) -> range:
        """Taps that fall on the image, not into the padding, at an output position."""
        return range(*self._bounds(position))

    def _bounds(self, position: int) -> tuple[int, int]:
        """First valid tap and the one behind the last; neither grows with the position."""
        start = position * self.stride - self.before
        first, beyond = (-(s // self.dilation) for s in (start, start - self.extent))
        return min(max(first, 0), self.taps), min(max(beyond, 0), self.taps)

    def runs(self) -> list[tuple[range, int]]:
        """Valid taps and the output position they end before, a pair for each run of equal taps.

        The cost grows with the taps only, so verifiers may ask whatever the extents are.
        """
        runs: list[tuple[range, int]] = []
        position, out = 0, self.out
        while position < out:
            bounds = self._bounds(position)
            position += bisect_left(
                range(position, out), True, key=lambda o, bounds=bounds: self._bounds(o) != bounds
            )
            runs.append((range(*bounds), position))
        return runs

    @property
    def is_padded(self) -> bool:
        """Whether some tap falls into the padding at some position."""
        return any(len(taps) < self.taps for taps, _ in self.runs())

    @property
    def padded_share(self) -> float:
        """Share of the taps of all positions that fall into the padding."""
        missing, start = 0, 0
        for taps, end in self.runs():
            missing += (self.taps - len(taps)) * (end - start)
            start = end
        return missing / (self.taps * self.out)

    @property
    def class_count(self) -> int:
        """Number of distinct sets of valid taps."""
        return len({taps for taps, _ in self.runs()})

    def classes(self) -> tuple[list[tuple[int, ...]], list[int]]:
        """The distinct sets of valid taps, and the index of the set of each output position."""
        sets: dict[range, int] = {}
        index: list[int] = []
        for taps, end in self.runs():
            index += [sets.setdefault(taps, len(sets))] * (end - len(index))
        return [tuple(taps) for taps in sets], index


@dataclass(frozen=True)
class ConvGeometry:
    """Extents of a convolution, whatever the order of its dimensions.

    `ic` and `oc` are totals over the groups.
    """

    batch: int
    rows: Window
    cols: Window
    ic: int
    oc: int
    groups: int = 1

    @property
    def taps(self) -> int:
        """Products summed into one output where no tap falls into the padding."""
        return self.rows.taps * self.cols.taps * (self.ic // self.groups)

    @property
    def macs(self) -> int:
        """Nominal multiply-accumulates; taps in the padding count."""
        return self.batch * self.rows.out * self.cols.out * self.oc * self.taps

    @property
    def is_padded(self) -> bool:
        """Whether some tap of some output falls into the padding."""
        return self.rows.is_padded or self.cols.is_padded

    @staticmethod
    def of_matmul(m: int, k: int, n: int) -> ConvGeometry:
        """The convolution that a matrix product is."""
        return ConvGeometry(1, Window(1, 1), Window(m, 1), k, n)
