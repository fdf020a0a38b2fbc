"""Convolutions and matrix products on emulated processors: every strategy, code and remainder."""

from dataclasses import replace
from itertools import cycle, product
from random import Random

import pytest

from lowbit_dialect import reference
from lowbit_dialect.codes import parse_code
from lowbit_dialect.geometry import ConvGeometry, Window
from lowbit_dialect.schedule import ScheduleAttr
from lowering.kernels.contraction import Contraction
from lowering.kernels.schedule_space import schedules
from lowering.strategies import get_strategy
from lowering.targets import get_target
from tests.differential.contraction import FILL_PAIRS, Conv, Matmul
from tests.differential.graph import Graph
from tests.differential.test_conv2d import (
    CHANNELS,
    CODES,
    GEOMETRIES,
    KINDS,
    OUT_CHANNELS,
    convs,
)
from tests.differential.test_padding_skip import CASES as PADDED
from tests.differential.test_product import CODE_PAIRS, channels_for
from tests.emulation.emulated import (
    FAMILIES,
    TARGETS,
    Batch,
    aarch64_first,
    armv7_first,
    drawn,
    each_target,
    share,
)
from tests.sweep import SCALE, swept, thinned

STRATEGIES = ("bitserial", "dot", "lut", "product_lut")
DOT = ("dot", "neoverse-n1")
"""A strategy and the target that alone has instructions for it."""
CODES_RUN = {DOT, *zip(STRATEGIES, FAMILIES * 2, strict=True)}
"""Strategies and targets whose codes run in `make test`."""
X_FILLS = ("random", "highest", "lowest", "alternating")


def takes(target: str, strategy: str, x_code: str, w_code: str) -> bool:
    """Whether the strategy takes the codes; where not, its kernel would be another one's."""
    geometry = ConvGeometry(1, Window(1, 1), Window(1, 1), 1, 1)
    codes = parse_code(x_code), parse_code(w_code)
    contraction = Contraction(*codes, geometry).on(get_target(target))
    return get_strategy(strategy).why_not(contraction) is None


def add_conv(
    batch: Batch,
    conv: Conv,
    strategy: str,
    *,
    constant: bool = False,
    schedule: ScheduleAttr | None = None,
) -> None:
    """A convolution with inputs of every kind; its weights are an argument or constant."""
    if not takes(batch.target, strategy, conv.x_code, conv.w_code):
        return
    x_code, w_code = parse_code(conv.x_code), parse_code(conv.w_code)
    clauses = {"strides": conv.strides, "dilation": conv.dilation, "groups": conv.groups}
    clauses |= {"padding": conv.padding, "layout": conv.layout}
    graph, (x, w) = Graph(), conv.operands("random", "random")
    y = graph.conv2d(
        graph.values(x_code, x, constant=False),
        graph.values(w_code, w, constant=constant),
        **clauses,
    )
    name = batch.add(graph.returns(y), conv, strategy, schedule)
    pairs = [(fill, "") for fill in X_FILLS] if constant else FILL_PAIRS
    for x_fill, w_fill in pairs[1:]:
        x, other = conv.operands(x_fill, w_fill or "random")
        weights = other if w_fill else w
        results = [reference.conv2d(x, weights, **clauses)]
        inputs = [x, weights] if w_fill else [x]
        batch.call(name, inputs, results, f"x {x_fill}, w {w_fill or 'constant'}")


def add_matmul(batch: Batch, case: Matmul, strategy: str) -> None:
    """A matrix product with inputs of every kind."""
    if not takes(batch.target, strategy, case.x_code, case.w_code):
        return
    graph, (x, w) = Graph(), case.operands("random", "random")
    values = [
        graph.values(parse_code(code), numbers, constant=False)
        for code, numbers in ((case.x_code, x), (case.w_code, w))
    ]
    name = batch.add(graph.returns(graph.matmul(*values)), case, strategy)
    for fills in FILL_PAIRS[1:]:
        x, w = case.operands(*fills)
        batch.call(name, [x, w], [reference.matmul(x, w)], f"x {fills[0]}, w {fills[1]}")


def strategies_of(target: str, place: int, count: int = 1) -> list[str]:
    """Some strategies for a case: the next case has others, and so has the next target."""
    first = place // 2 * count + TARGETS.index(target)  # of two neighbours one may be left out
    return [STRATEGIES[(first + k) % len(STRATEGIES)] for k in range(count)]


def code_pairs() -> list[tuple[str, str]]:
    """All pairs of 1 to 4 bits, and wider ones; kinds change from pair to pair."""
    widths = [*product(range(1, 5), repeat=2)]
    widths += [(8, 1), (8, 2), (8, 3), (8, 4), (6, 2), (5, 4), (7, 1), (1, 8), (8, 8)]
    kinds = cycle(product(KINDS, KINDS))
    return [
        (f"{x}<{x_bits}>", f"{w}<{w_bits}>")
        for (x_bits, w_bits), (x, w) in zip(widths, kinds, strict=False)
    ]


@pytest.mark.parametrize(
    ("strategy", "target"),
    [
        pytest.param(
            *(strategy, target),
            marks=() if (strategy, target) in CODES_RUN else pytest.mark.sweep,
        )
        for strategy in STRATEGIES
        for target in TARGETS
    ],
)
def test_codes(strategy: str, target: str) -> None:
    """Every pair of codes; dot products on the target that has instructions for them, too."""
    batch = Batch(target)
    for place, (x_code, w_code) in share(target, code_pairs()):
        conv = Conv((1, 2, 3, 33), 9, (2, 1), padding=(1, 0, 0, 1), x_code=x_code, w_code=w_code)
        add_conv(batch, conv, strategy, constant=place % 3 == 1)
    batch.run()


@armv7_first
def test_kinds(target: str) -> None:
    """Borders of every class: rows and columns of windows with any number of valid taps."""
    batch = Batch(target)
    for place, (x, w) in share(target, [*product(KINDS, KINDS)]):
        conv = Conv((2, 4, 5, 5), 3, padding=(2, 1, 1, 2), x_code=f"{x}<2>", w_code=f"{w}<2>")
        small = replace(conv, x=(1, 2, 2, 5), padding=(2, 2, 2, 2), dilation=(2, 1))
        for case, is_small in ((conv, False), (small, True)):
            strategy = STRATEGIES[(place // 2 + is_small) % 4]
            add_conv(batch, case, strategy, constant=is_small)
    batch.run()


@aarch64_first
def test_codebooks(target: str) -> None:
    batch = Batch(target)
    for place, (x_code, w_code) in share(target, CODE_PAIRS):
        channels = channels_for(x_code, w_code) or 1
        taps = (2, 1) if channels == 1 else (3, 3)
        conv = Conv(
            *((2, 4, 5, channels), 9, taps), padding=(2, 1, 1, 2), x_code=x_code, w_code=w_code
        )
        add_conv(batch, conv, "product_lut", constant=place % 3 == 1)
        if place % 3 == 0:
            add_matmul(batch, Matmul(3, channels, 18, x_code, w_code), "product_lut")
    batch.run()


@armv7_first
def test_channels(target: str) -> None:
    """Every remainder of words, of vectors and of indices of tables."""
    batch = Batch(target)
    for place, channels in share(target, CHANNELS):
        conv = Conv((1, 2, 3, channels), 5, (1, 2), padding=(0, 0, 1, 0), x_code="bipolar<2>")
        for strategy in strategies_of(target, place, 2):
            add_conv(batch, conv, strategy, constant=place % 4 < 2)
    batch.run()


@aarch64_first
def test_out_channels(target: str) -> None:
    """Every remainder of a block of channels."""
    batch = Batch(target)
    for place, oc in share(target, OUT_CHANNELS):
        layout = "nchw" if oc % 2 else "nhwc"
        conv = Conv((1, 2, 3, 9), oc, (2, 1), padding=(0, 0, 0, 0), layout=layout)
        (strategy,) = strategies_of(target, place)
        add_conv(batch, conv, strategy, constant=place % 4 < 2)
    batch.run()


@aarch64_first
def test_widths(target: str) -> None:
    """Every remainder of a tile of pixels, and images narrower than one."""
    batch = Batch(target)
    for _, width in share(target, range(1, 18)):
        x_code = f"unipolar<{1 + width % 2}>"
        conv = Conv((2, 1, width, 17), 17, (1, 3), padding=(0, 0, 1, 1), x_code=x_code)
        (strategy,) = strategies_of(target, width)
        add_conv(batch, conv, strategy)
    batch.run()


@armv7_first
def test_geometry(target: str) -> None:
    """Strides, dilation, asymmetric padding, windows in the padding; layouts change in turn."""
    batch = Batch(target)
    for place, geometry in share(target, [*GEOMETRIES, *PADDED]):
        x_code, w_code = CODES[place // 4 % len(CODES)]
        layout = "nchw" if place // 2 % 2 else "nhwc"
        conv = replace(geometry, layout=layout, x_code=x_code, w_code=w_code)
        (strategy,) = strategies_of(target, place)
        add_conv(batch, conv, strategy, constant=place % 3 > 0)
    batch.run()


@aarch64_first
def test_groups(target: str) -> None:
    """Groups begin on a word and on a block of their own; depthwise is as many as channels."""
    batch = Batch(target)
    extents = [(4, 4, 4), (3, 9, 3), (34, 6, 2), (70, 68, 2), (66, 34, 2), (96, 99, 3)]
    for place, (channels, oc, groups) in share(target, [*extents, (33, 33, 33)]):
        x_code = ("unipolar<1>", "bipolar<2>", "signed<2>")[place % 3]
        layout = ("nhwc", "nchw")[(place // 2 + TARGETS.index(target)) % 2]
        conv = Conv((1, 3, 4, channels), oc, groups=groups, layout=layout, x_code=x_code)
        for strategy in strategies_of(target, place, 2):
            add_conv(batch, conv, strategy, constant=place % 4 < 2)
    batch.run()


@pytest.mark.parametrize(
    ("strategy", "target"),
    [
        *thinned(product(STRATEGIES, FAMILIES)),
        *swept(*product(STRATEGIES, (t for t in TARGETS if t not in FAMILIES))),
    ],
)
def test_schedules(strategy: str, target: str) -> None:
    """Tiles, unrolling, order and skipped taps that a tuner would try."""
    batch, rng, machine = Batch(target), Random(f"{target} {strategy}"), get_target(target)
    pairs = [("unipolar<1>", "bipolar<1>"), ("bipolar<2>", "signed<2>"), ("unipolar<4>",) * 2]
    for place, (x_code, w_code) in enumerate(pairs):
        conv = Conv((1, 4, 9, 37), 40, padding=(1, 1, 2, 0), x_code=x_code, w_code=w_code)
        geometry = ConvGeometry(
            *(1, Window(4, 3, 1, 1, 1), Window(9, 3, 1, 2, 0), conv.x[3], conv.oc)
        )
        codes = parse_code(x_code), parse_code(w_code)
        if takes(target, strategy, x_code, w_code):
            allowed = list(schedules(Contraction(*codes, geometry), machine, strategy))
            for schedule in rng.sample(allowed, min(1 + (SCALE > 1), len(allowed))):
                add_conv(batch, conv, strategy, constant=place != 1, schedule=schedule)
    batch.run()


@each_target
def test_matmul(target: str) -> None:
    batch = Batch(target)
    sizes = [(1, 1, 1), (7, 65, 17), (9, 31, 33), (1, 300, 40), (17, 8, 3), (4, 129, 64)]
    codes = [("signed<2>", "signed<2>"), ("unipolar<4>", "bipolar<1>"), ("bipolar<1>",) * 2]
    for place, (m, k, n) in share(target, [*sizes, (33, 16, 16), (5, 1000, 9)]):
        x_code, w_code = codes[place % 3]
        for strategy in strategies_of(target, place, 2):
            add_matmul(batch, Matmul(m, k, n, x_code, w_code), strategy)
    batch.run()


@armv7_first
def test_long_sums(target: str) -> None:
    """So many taps that narrow accumulators must be emptied on the way, all of them saturated."""
    batch = Batch(target)
    pairs = [("unipolar<1>", "bipolar<1>"), ("unipolar<2>", "signed<2>"), ("bipolar<4>",) * 2]
    for place, (x_code, w_code) in enumerate([*pairs, ("unipolar<8>", "bipolar<1>")]):
        for strategy in STRATEGIES:
            add_matmul(batch, Matmul(2, 9001 + place, 9, x_code, w_code), strategy)
    batch.run()


@each_target
def test_any(target: str) -> None:
    """Whatever hypothesis thinks of."""
    batch = Batch(target)
    for place, conv in enumerate(drawn(convs(), 10, seed=TARGETS.index(target))):
        (strategy,) = strategies_of(target, place)
        add_conv(batch, conv, strategy, constant=place % 2 == 1)
    batch.run()
