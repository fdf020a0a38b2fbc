"""Convolutions against numpy: every code pair, remainder, geometry and group, on every target."""

from dataclasses import replace
from itertools import cycle, product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lowbit_dialect.codes import AFFINE_CODES, parse_code
from lowbit_dialect.geometry import ConvGeometry, Window
from tests.differential import check
from tests.differential.check import STRATEGIES, TARGETS, strategies, turn
from tests.differential.contraction import Conv
from tests.differential.strategies import EXTENTS, affine_codes, examples, fills, seeds, windows
from tests.sweep import some, thinned

KINDS = sorted(AFFINE_CODES)


each_strategy = pytest.mark.parametrize("strategy", STRATEGIES)


def code_pairs() -> list[tuple[str, str]]:
    """All pairs of 1 to 8 bits; kinds change from pair to pair."""
    kinds = cycle(product(KINDS, KINDS))
    return [
        (f"{x}<{x_bits}>", f"{w}<{w_bits}>")
        for (x_bits, w_bits), (x, w) in zip(product(range(1, 9), repeat=2), kinds, strict=False)
    ]


def takes(strategy: str, x_code: str, w_code: str, target: str) -> bool:
    """Whether the strategy takes the codes."""
    geometry = ConvGeometry(1, Window(1, 1), Window(1, 1), 1, 1)
    return check.takes(strategy, parse_code(x_code), parse_code(w_code), geometry, target)


@pytest.mark.parametrize(("place", "pair"), thinned(enumerate(code_pairs())))
def test_codes(place: int, pair: tuple[str, str]) -> None:
    """Each with a strategy, or all that take them, each of these on another target."""
    x_code, w_code = pair
    conv = Conv((1, 2, 3, 33), 9, (2, 1), padding=(1, 0, 0, 1), x_code=x_code, w_code=w_code)
    for number, strategy in some(STRATEGIES, place, len(STRATEGIES)):
        target = turn(place // len(STRATEGIES), number)
        if takes(strategy, x_code, w_code, target):
            conv.check(target, strategies=[strategy])


@pytest.mark.parametrize(("x_kind", "w_kind", "target"), thinned(product(KINDS, KINDS, TARGETS)))
def test_kinds(x_kind: str, w_kind: str, target: str) -> None:
    """Borders of every class: rows and columns of windows with any number of valid taps.

    All strategies, each with the weights either an argument or constant.
    """
    conv = Conv((2, 4, 5, 5), 3, x_code=f"{x_kind}<2>", w_code=f"{w_kind}<2>")
    small = replace(conv, x=(1, 2, 2, 5), padding=(2, 2, 2, 2), dilation=(2, 1))
    first = KINDS.index(x_kind) + KINDS.index(w_kind) + TARGETS.index(target)
    for number, strategy in some(STRATEGIES, first):
        if not takes(strategy, conv.x_code, conv.w_code, target):
            continue
        if (first + number) // 2 % 2:
            replace(conv, padding=(2, 1, 1, 2)).check(target, 2, strategies=[strategy])
        else:
            small.check_constant(target, strategies=[strategy])


CHANNELS = [*EXTENTS, 95, 127, 128, 129]


@pytest.mark.parametrize(("channels", "strategy"), thinned(product(CHANNELS, STRATEGIES), 4))
def test_channels(channels: int, strategy: str) -> None:
    """Every remainder of words of 32 bits, of 64 and of indices of tables."""
    conv = Conv((1, 2, 3, channels), 5, (1, 2), padding=(0, 0, 1, 0), x_code="bipolar<2>")
    conv.check(turn(CHANNELS.index(channels), STRATEGIES.index(strategy)), strategies=[strategy])


OUT_CHANNELS = [*EXTENTS, 127, 129]


@pytest.mark.parametrize(("oc", "strategy"), thinned(product(OUT_CHANNELS, STRATEGIES), 4))
def test_out_channels(oc: int, strategy: str) -> None:
    layout = "nchw" if oc % 2 else "nhwc"
    target = turn(OUT_CHANNELS.index(oc), STRATEGIES.index(strategy))
    conv = Conv((1, 2, 3, 9), oc, (2, 1), padding=(0, 0, 0, 0), layout=layout)
    conv.check(target, strategies=[strategy])


@pytest.mark.parametrize(("width", "strategy"), thinned(product(range(1, 18), STRATEGIES), 4))
def test_widths(width: int, strategy: str) -> None:
    """Every remainder of a tile of pixels, and images narrower than one."""
    conv = Conv(
        (2, 1, width, 17), 17, (1, 3), padding=(0, 0, 1, 1), x_code=f"unipolar<{1 + width % 2}>"
    )
    conv.check(turn(width, STRATEGIES.index(strategy)), num_threads=3, strategies=[strategy])


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


CODES = [("bipolar<2>", "signed<2>"), ("unipolar<3>", "bipolar<1>"), ("unipolar<1>", "bipolar<1>")]


@pytest.mark.parametrize("geometry", GEOMETRIES, ids=str)
@each_strategy
def test_geometry(geometry: Conv, strategy: str) -> None:
    """Kernels of 1 to 5, strides to 3, dilation, asymmetric padding; windows in the padding."""
    index, number = GEOMETRIES.index(geometry), STRATEGIES.index(strategy)
    x_code, w_code = CODES[(index // len(TARGETS) + number) % len(CODES)]
    layout = "nchw" if index % 2 else "nhwc"
    conv = replace(geometry, layout=layout, x_code=x_code, w_code=w_code)
    conv.check(turn(index, number), num_threads=1 + index % 3, strategies=[strategy])


@pytest.mark.parametrize("layout", ["nhwc", "nchw"])
@pytest.mark.parametrize(
    ("channels", "oc", "groups"),
    [(4, 4, 4), (3, 9, 3), (34, 6, 2), (70, 68, 2), (66, 34, 2), (96, 99, 3), (33, 33, 33)],
)
def test_groups(channels: int, oc: int, groups: int, layout: str) -> None:
    """Groups begin on a word and on a block of their own; depthwise is as many as channels."""
    x_codes = ("unipolar<2>", "bipolar<2>", "signed<3>")
    for number, strategy in some(STRATEGIES, oc + (layout == "nchw")):
        target, x_code = turn(oc, number), x_codes[(oc + groups) % 3]
        if not takes(strategy, x_code, "bipolar<1>", target):
            x_code = "unipolar<1>"
        conv = Conv((1, 3, 4, channels), oc, groups=groups, layout=layout, x_code=x_code)
        conv.check(target, num_threads=2, strategies=[strategy])


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


@examples(12)
@given(convs(), st.sampled_from(TARGETS), strategies, st.integers(1, 3), seeds)
def test_any(conv: Conv, target: str, strategy: str, num_threads: int, seed: int) -> None:
    conv.check(target, num_threads, seed, strategies=[strategy])


@examples(12)
@given(convs(), st.sampled_from(TARGETS), strategies, st.integers(1, 3), seeds, fills)
def test_any_constant(
    conv: Conv, target: str, strategy: str, num_threads: int, seed: int, fill: str
) -> None:
    conv.check_constant(target, num_threads, seed, fill, [strategy])


@pytest.mark.parametrize("size", [(1, 5000), (5000, 1)])
def test_more_positions_than_a_table_lists(size: tuple[int, int]) -> None:
    """Border classes are then counted by the ends of their runs; weights known and not."""
    is_tall = size[1] == 1
    kernel, padding = ((5, 1), (3, 2, 0, 0)) if is_tall else ((1, 5), (0, 0, 3, 2))
    conv = Conv((1, *size, 3), 5, kernel, (1, 1), padding, x_code="signed<2>")
    for strategy in STRATEGIES[:2]:
        conv.check(TARGETS[0], pairs=[("random", "random")], strategies=[strategy])
        conv.check_constant(TARGETS[1], strategies=[strategy])


@pytest.mark.parametrize("x_code", ["bipolar<2>", "signed<3>"])
def test_windows_larger_than_the_image(x_code: str) -> None:
    """Border classes of every kind, hundreds of them, for weights that are an argument."""
    conv = Conv((1, 5, 7, 3), 3, (11, 12), padding=(10, 9, 11, 8), x_code=x_code)
    conv.check(TARGETS[0], pairs=[("random", "random")], strategies=["bitserial", "dot"])
