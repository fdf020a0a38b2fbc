"""What the tests of the dialect draw at random: codes, layouts, arrays and convolutions."""

from dataclasses import dataclass

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray

from lowbit_dialect.codes import (
    AFFINE_CODES,
    AffineCode,
    BipolarType,
    Code,
    CodebookType,
    SignedType,
    UnipolarType,
)
from lowbit_dialect.geometry import ConvGeometry, Window
from lowbit_dialect.layouts.packed import PackedAttr
from lowbit_dialect.layouts.packed_syntax import BYTES, LEVEL_BITS, PLANE, WORD_BITS


def affine_codes(most_bits: int = 4) -> st.SearchStrategy[AffineCode]:
    return st.builds(
        lambda kind, bits: kind(bits),
        st.sampled_from(sorted(AFFINE_CODES.values(), key=lambda c: c.name)),
        st.integers(1, most_bits),
    )


@st.composite
def codebooks(draw: st.DrawFn) -> CodebookType:
    bits = draw(st.integers(1, 3))
    count = 1 << bits
    entries = st.lists(st.integers(-99, 99), min_size=count, max_size=count, unique=True)
    return CodebookType(bits, draw(entries))


def values_of(code: Code, shape: tuple[int, ...]) -> st.SearchStrategy[NDArray[np.int64]]:
    """Values of a code, all equal as often as not, so that sums reach their extremes."""
    extremes = st.sampled_from([code.min_value, code.max_value]).map(
        lambda v: np.full(shape, v, np.int64)
    )
    anything = hnp.arrays(np.int64, shape, elements=st.sampled_from(code.values.tolist()))
    return st.one_of(anything, extremes)


@dataclass(frozen=True)
class Packing:
    """A layout, a shape that it fits, and the number of planes."""

    layout: PackedAttr
    shape: tuple[int, ...]
    bits: int

    @property
    def code(self) -> Code:
        """The code of the elements; only bytes tell one from another of as many bits."""
        kinds = {
            "digits": SignedType,
            "": UnipolarType,
            "levels": SignedType,
            "values": BipolarType,
        }
        return kinds[self.layout.bytes.data](self.bits)


@st.composite
def packings(draw: st.DrawFn) -> Packing:
    rank = draw(st.integers(1, 4))
    axis = draw(st.integers(0, rank - 1))
    holds = draw(st.sampled_from(BYTES))
    order = draw(st.permutations([*([] if holds else [PLANE]), *range(rank)]))
    others = [d for d in range(rank) if d != axis]
    lanes, index = [], []
    if others and draw(st.booleans()):
        lanes = [draw(st.sampled_from(others)), draw(st.integers(1, 5))]
        if not holds and draw(st.booleans()):
            register = draw(st.sampled_from([4, 8, 16]))
            lanes[1] = register * draw(st.integers(1, 2))
            index = [draw(st.integers(1, 8)), register]
    groups = draw(st.integers(1, 3))
    shape = [draw(st.integers(1, 5)) for _ in range(rank)]
    shape[axis] = draw(st.integers(1, 70))
    grouped = lanes[0] if lanes else axis
    shape[grouped] = groups * draw(st.integers(1, 40 if grouped == axis else 4))
    frame = [0] * (2 * rank)
    for dim in others:
        if not lanes or dim != lanes[0]:
            frame[2 * dim : 2 * dim + 2] = [draw(st.integers(0, 2)), draw(st.integers(0, 2))]
    word = draw(st.sampled_from(WORD_BITS))
    of_level = draw(st.sampled_from(LEVEL_BITS)) if holds == "levels" else 8
    bits, shift = draw(st.integers(1, 7 if holds in ("values", "digits") else of_level)), 0
    if holds == "levels" and of_level == 8 and bits < 8:
        shift = min(7, draw(st.integers(0, 8 - bits)))
    layout = PackedAttr.get(axis, word, order, frame, lanes, groups, holds, of_level, shift, index)
    return Packing(layout, tuple(shape), bits)


@dataclass(frozen=True)
class Convolution:
    """Extents and clauses of a convolution."""

    layout: str
    geometry: ConvGeometry

    @property
    def clauses(self) -> dict:
        rows, cols = self.geometry.rows, self.geometry.cols
        return {
            "strides": (rows.stride, cols.stride),
            "padding": (rows.before, rows.after, cols.before, cols.after),
            "dilation": (rows.dilation, cols.dilation),
            "groups": self.geometry.groups,
            "layout": self.layout,
        }

    def _shape(self, outer: int, rows: int, cols: int, channels: int) -> tuple[int, ...]:
        by_layout = {
            "nhwc": (outer, rows, cols, channels),
            "nchw": (outer, channels, rows, cols),
        }
        return by_layout[self.layout]

    @property
    def x_shape(self) -> tuple[int, ...]:
        g = self.geometry
        return self._shape(g.batch, g.rows.extent, g.cols.extent, g.ic)

    @property
    def w_shape(self) -> tuple[int, ...]:
        g = self.geometry
        return self._shape(g.oc, g.rows.taps, g.cols.taps, g.ic // g.groups)

    @property
    def result_shape(self) -> tuple[int, ...]:
        g = self.geometry
        return self._shape(g.batch, g.rows.out, g.cols.out, g.oc)


def windows(most: int = 6) -> st.SearchStrategy[Window]:
    return st.builds(
        Window,
        st.integers(1, most),
        st.integers(1, 3),
        st.integers(1, 3),
        st.integers(0, 4),
        st.integers(0, 4),
        st.integers(1, 3),
    ).filter(lambda window: window.out > 0)


@st.composite
def convolutions(draw: st.DrawFn) -> Convolution:
    groups = draw(st.integers(1, 2))
    geometry = ConvGeometry(
        draw(st.integers(1, 2)),
        draw(windows()),
        draw(windows()),
        groups * draw(st.integers(1, 9)),
        groups * draw(st.integers(1, 3)),
        groups,
    )
    return Convolution(draw(st.sampled_from(["nhwc", "nchw"])), geometry)
