"""Where the taps of a convolution fall: extents, padding, and the border classes.

A matrix product (M, K) x (K, N) is the convolution of a 1 x M image of K channels with N 1x1
filters, so conv and gemm share everything below this file.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from xdsl.utils.exceptions import VerifyException

LAYOUTS = {"nhwc": (0, 1, 2, 3), "nchw": (0, 2, 3, 1)}
"""Dimension of (batch, height, width, channel) in an activation tensor, by layout name."""

WEIGHT_LAYOUTS = {"nhwc": (0, 1, 2, 3), "nchw": (0, 2, 3, 1)}
"""Dimension of (oc, kh, kw, ic / groups) in the weights of a convolution in that layout."""

MAX_CHANGES = 1 << 14
"""Changes of the taps on the image, from one position of a window to the next."""


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

    @property
    def _edges(self) -> tuple[int, int]:
        """Ends of the image, counted from the first tap of the first position."""
        return self.before, self.before + self.extent

    def _crossing(self, edge: int) -> range:
        """The taps that cross an edge of the image behind the first position, at or ahead of the
        last: tap t does so at position ceil((edge - t * dilation) / stride).
        """
        low = max(0, -(((self.out - 1) * self.stride - edge) // self.dilation))
        return range(low, max(low, min(self.taps, -(-edge // self.dilation))))

    def _positions_before(self, edge: int) -> int:
        """Positions of all taps that lie before an edge, summed in logarithmic time."""
        taps = self._crossing(edge)
        last = edge - (taps.stop - 1) * self.dilation
        inside = _floor_sum(len(taps), self.stride, self.dilation, last + self.stride - 1)
        return min(taps.start, self.taps) * self.out + inside

    @property
    def change_count(self) -> int:
        """How often the valid taps change from one position to the next, at most."""
        return sum(len(self._crossing(edge)) for edge in self._edges)

    def runs(self) -> list[tuple[range, int]]:
        """Valid taps and the output position they end before, a pair for each run of equal taps.

        The cost grows with the taps that cross an edge only, so verifiers may ask whatever the
        extents are.

        Raises:
            VerifyException: the valid taps may change more than `MAX_CHANGES` times.
        """
        if self.change_count > MAX_CHANGES:
            raise VerifyException(
                f"a window of {self.taps} taps has up to {self.change_count + 1} sets of taps"
                f" that are not in the padding: {MAX_CHANGES + 1} are supported"
            )
        return _runs(self)

    @property
    def is_padded(self) -> bool:
        """Whether some tap falls into the padding at some position."""
        last = (self.out - 1) * self.stride + (self.taps - 1) * self.dilation - self.before
        return self.before > 0 or last >= self.extent

    @property
    def padded_share(self) -> float:
        """Share of the taps of all positions that fall into the padding."""
        before, within = (self._positions_before(edge) for edge in self._edges)
        total = self.taps * self.out
        return (before + total - within) / total

    @property
    def class_count(self) -> int:
        """Number of distinct sets of valid taps."""
        return len({taps for taps, _ in self.runs()})

    def class_runs(self) -> tuple[list[range], list[tuple[int, int]]]:
        """The distinct sets of valid taps, and (index of the set, end) of each run of positions."""
        sets: dict[range, int] = {}
        runs = [(sets.setdefault(taps, len(sets)), end) for taps, end in self.runs()]
        return list(sets), runs

    def classes(self) -> tuple[list[range], list[int]]:
        """The distinct sets of valid taps, and the index of the set of each output position."""
        sets, runs = self.class_runs()
        index: list[int] = []
        for number, end in runs:
            index += [number] * (end - len(index))
        return sets, index


def _floor_sum(count: int, modulus: int, factor: int, offset: int) -> int:
    """The sum of floor((factor * i + offset) / modulus) for i from 0 to `count`; none is negative.

    Euclid's algorithm: what is left below the whole parts is the same sum with the sides swapped.
    """
    total = 0
    while count > 0:
        total += count * (count - 1) // 2 * (factor // modulus) + count * (offset // modulus)
        factor, offset = factor % modulus, offset % modulus
        count, offset = divmod(factor * count + offset, modulus)
        modulus, factor = factor, modulus
    return total


@lru_cache(maxsize=256)
def _runs(window: Window) -> list[tuple[range, int]]:
    """See `Window.runs`."""
    changes = {
        -((tap * window.dilation - edge) // window.stride)
        for edge in (window.before, window.before + window.extent)
        for tap in window._crossing(edge)
    }
    starts = [0, *sorted(changes - {0, window.out})]
    ends = [*starts[1:], window.out]
    return [(window.valid_taps(start), end) for start, end in zip(starts, ends, strict=True)]


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
