"""Convolutions against numpy: every code pair, remainder, geometry and group, on every target."""

from dataclasses import replace
from itertools import cycle, product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lowbit_dialect.codes import AFFINE_CODES
from lowbit_dialect.geometry import Window
from tests.differential.check import TARGETS
from tests.differential.contraction import Conv
from tests.differential.strategies import EXTENTS, affine_codes, examples, fills, seeds, windows

KINDS = sorted(AFFINE_CODES)


def code_pairs() -> list[tuple[str, str, str]]:
    """All pairs of 1 to 8 bits; kinds and targets change from pair to pair."""
    kinds, targets = cycle(product(KINDS, KINDS)), cycle(TARGETS)
    return [
        (f"{x}<{x_bits}>", f"{w}<{w_bits}>", next(targets))
        for (x_bits, w_bits), (x, w) in zip(product(range(1, 9), repeat=2), kinds, strict=False)
    ]


@pytest.mark.parametrize(("x_code", "w_code", "target"), code_pairs())
def test_codes(x_code: str, w_code: str, target: str) -> None:
    conv = Conv((1, 2, 3, 33), 9, (2, 1), padding=(1, 0, 0, 1), x_code=x_code, w_code=w_code)
    conv.check(target)


@pytest.mark.parametrize(("x_kind", "w_kind"), [*product(KINDS, KINDS)])
@pytest.mark.parametrize("target", TARGETS)
def test_kinds(x_kind: str, w_kind: str, target: str) -> None:
    """Borders of every class: rows and columns of windows with any number of valid taps."""
    conv = Conv((2, 4, 5, 5), 3, x_code=f"{x_kind}<2>", w_code=f"{w_kind}<2>")
    replace(conv, padding=(2, 1, 1, 2)).check(target, num_threads=2)
    small = replace(conv, x=(1, 2, 2, 5), padding=(2, 2, 2, 2), dilation=(2, 1))
    small.check_constant(target)


@pytest.mark.parametrize("channels", [*EXTENTS, 95, 127, 128, 129])
@pytest.mark.parametrize("target", TARGETS[:2])
def test_channels(channels: int, target: str) -> None:
    """Every remainder of words of 32 bits, and of 64, which all weaker targets have."""
    Conv((1, 2, 3, channels), 5, (1, 2), padding=(0, 0, 1, 0), x_code="bipolar<2>").check(target)


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("oc", [*EXTENTS, 127, 129])
def test_out_channels(oc: int, target: str) -> None:
    layout = "nchw" if oc % 2 else "nhwc"
    Conv((1, 2, 3, 9), oc, (2, 1), padding=(0, 0, 0, 0), layout=layout).check(target)


@pytest.mark.parametrize("width", range(1, 18))
def test_widths(width: int) -> None:
    """Every remainder of a tile of pixels, and images narrower than one."""
    target = TARGETS[width % len(TARGETS)]
    Conv((2, 1, width, 17), 17, (1, 3), padding=(0, 0, 1, 1)).check(target, num_threads=3)


GEOMETRIES = [
    Conv((1, 5, 5, 8), 4, (1, 1), padding=(0, 0, 0, 0)),
    Conv((2, 6, 7, 8), 4, (2, 2), (2, 2), (0, 0, 0, 0)),
    Conv((3, 7, 6, 8), 4, (3, 3), (2, 3), (1, 0, 2, 1)),
    Conv((1, 9, 8, 8), 4, (3, 2), (3, 2), (0, 2, 1, 0), (2, 3)),
    Conv((1, 8, 11, 8), 4, (4, 4), (1, 3), (3, 1, 2, 0), (1, 2)),
    Conv((1, 9, 9, 8), 4, (5, 5), (1, 1), (2, 2, 2, 2)),
    Conv((1, 9, 9, 8), 4, (5, 1), (3, 1), (4, 4, 0, 0)),
    Conv((2, 5, 9, 8), 4, (1, 5), (1, 3), (0, 0, 4, 3), (1, 2)),
    Conv((1, 1, 1, 8), 4, (3, 3), (1, 1), (1, 1, 1, 1)),
    Conv((1, 1, 1, 8), 4, (3, 3), (3, 3), (4, 5, 6, 3)),
    Conv((1, 2, 13, 8), 4, (2, 3), (1, 2), (1, 1, 0, 0)),
    Conv((1, 4, 4, 8), 4, (4, 4), (1, 1), (0, 0, 0, 0)),
]


@pytest.mark.parametrize("codes", [("bipolar<2>", "signed<2>"), ("unipolar<3>", "bipolar<1>")])
@pytest.mark.parametrize("geometry", GEOMETRIES, ids=str)
def test_geometry(geometry: Conv, codes: tuple[str, str]) -> None:
    """Kernels of 1 to 5, strides to 3, dilation, asymmetric padding; windows in the padding."""
    index = GEOMETRIES.index(geometry)
    layout = "nchw" if index % 2 else "nhwc"
    conv = replace(geometry, layout=layout, x_code=codes[0], w_code=codes[1])
    conv.check(TARGETS[index % len(TARGETS)], num_threads=1 + index % 3)


@pytest.mark.parametrize("layout", ["nhwc", "nchw"])
@pytest.mark.parametrize(
    ("channels", "oc", "groups"),
    [(4, 4, 4), (3, 9, 3), (34, 6, 2), (70, 68, 2), (66, 34, 2), (96, 99, 3), (33, 33, 33)],
)
def test_groups(channels: int, oc: int, groups: int, layout: str) -> None:
    """Groups begin on a word and on a block of their own; depthwise is as many as channels."""
    for target, x_code in zip(TARGETS, ("unipolar<2>", "bipolar<2>", "signed<3>"), strict=False):
        conv = Conv((1, 3, 4, channels), oc, groups=groups, layout=layout, x_code=x_code)
        conv.check(target, num_threads=2)


@st.composite
def convs(draw: st.DrawFn) -> Conv:
    rows: Window = draw(windows(draw(st.integers(1, 9)), 5))
    cols: Window = draw(windows(draw(st.integers(1, 12)), 5))
    groups = draw(st.sampled_from([1, 1, 2, 3, 5]))
    per_group = draw(st.sampled_from(EXTENTS) | st.integers(1, 80))
    oc = groups * draw(st.sampled_from(EXTENTS) | st.integers(1, 80))
    return Conv(
        (draw(st.integers(1, 3)), rows.extent, cols.extent, groups * per_group),
        oc,
        (rows.taps, cols.taps),
        (rows.stride, cols.stride),
        (rows.before, rows.after, cols.before, cols.after),
        (rows.dilation, cols.dilation),
        groups,
        draw(st.sampled_from(["nhwc", "nchw"])),
        str(draw(affine_codes())),
        str(draw(affine_codes())),
    )


@examples(40)
@given(convs(), st.sampled_from(TARGETS), st.integers(1, 3), seeds)
def test_any(conv: Conv, target: str, num_threads: int, seed: int) -> None:
    conv.check(target, num_threads, seed)


@examples(15)
@given(convs(), st.sampled_from(TARGETS), st.integers(1, 3), seeds, fills)
def test_any_constant(conv: Conv, target: str, num_threads: int, seed: int, fill: str) -> None:
    conv.check_constant(target, num_threads, seed, fill)
