"""Taps in the padding that are not executed: every way to skip them, against numpy."""

from dataclasses import replace
from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lowbit_dialect.codes import parse_code
from lowbit_dialect.geometry import Window
from lowbit_dialect.ops.kernel import KernelOp
from lowbit_dialect.schedule import SKIPS, ScheduleAttr
from lowering.kernels.contraction import Contraction
from lowering.kernels.schedule_space import why_not_schedule
from lowering.pipeline import lower
from lowering.targets import get_target
from runtime import compile
from tests.differential.check import TARGETS, assert_same, call
from tests.differential.contraction import Conv
from tests.differential.graph import Graph, module_of
from tests.differential.strategies import affine_codes, examples, windows
from tests.sweep import some, thinned


def check(conv: Conv, target: str, skip: str, pixels: int, unroll: int, fill: str) -> None:
    """Run a convolution of constant weights in this way; thresholds follow for odd `unroll`."""
    graph = Graph()
    x, w = conv.operands(fill, "random" if fill == "random" else "lowest")
    sums = graph.conv2d(
        graph.values(parse_code(conv.x_code), x, constant=False),
        graph.values(parse_code(conv.w_code), w, constant=True),
        conv.strides,
        conv.padding,
        conv.dilation,
        conv.groups,
        conv.layout,
    )
    if unroll % 2:
        steps = int(sums.numbers.mean()) + np.arange(conv.oc)[:, None] % 3 - 1
        thresholds = graph.integers(steps, constant=True)
        axis = 1 if conv.layout == "nchw" else 3
        graph.returns(graph.threshold(sums, thresholds, parse_code("bipolar<1>"), None, axis))
    else:
        graph.returns(sums)
    tensors = module_of(graph)
    for strategy in ("bitserial", "dot"):
        module = tensors.clone()
        lower(module, target, "kernels", strategy)
        (kernel,) = (op for op in module.walk() if isinstance(op, KernelOp))
        old = kernel.properties["schedule"]
        assert isinstance(old, ScheduleAttr)
        order = ("rows", "channels")[pixels % 2]
        # The tile of so many pixels, or the largest one that the target's registers hold.
        schedules = (
            ScheduleAttr.get(count, old.vectors.data, unroll, order, skip, **old.knob_values)
            for count in range(pixels, 0, -1)
        )
        problem, machine = Contraction(*kernel.codes, kernel.geometry), get_target(target)
        schedule = next(
            (s for s in schedules if not why_not_schedule(s, problem, machine, strategy)),
            old,
        )
        if kernel.has_column_words:  # they skip nothing, which the verifier says
            schedule = schedule.without_skip()
        kernel.properties["schedule"] = schedule
        results = call(compile(module, target, use_cache=False), graph, num_threads=2)
        for found, value in zip(results, graph.results, strict=True):
            assert_same(found, value, f"{conv} {target} {strategy} {schedule}, x {fill}")


CASES = [
    Conv((1, 7, 7, 70), 20),
    Conv((2, 5, 9, 9), 5, padding=(2, 0, 1, 2)),
    Conv((1, 9, 8, 8), 4, (3, 2), (3, 2), (0, 2, 1, 0), (2, 3)),
    Conv((1, 6, 11, 8), 4, (4, 4), (1, 3), (3, 1, 2, 0), (1, 2)),
    Conv((1, 9, 9, 8), 4, (5, 5), padding=(2, 2, 2, 2)),
    Conv((2, 5, 9, 8), 4, (1, 5), (1, 3), (0, 0, 4, 3), (1, 2)),
    Conv((1, 1, 1, 8), 4, (3, 3), (3, 3), (4, 5, 6, 3)),
    Conv((1, 2, 2, 5), 3, (5, 5), (1, 1), (4, 4, 4, 4)),
    Conv((1, 2, 3, 5), 3, (2, 2), (1, 1), (3, 4, 4, 5)),
    Conv((1, 4, 6, 66), 34, groups=2, layout="nchw"),
    Conv((1, 3, 4, 6), 6, groups=6),
]


@pytest.mark.parametrize(("conv", "skip"), thinned(product(CASES, SKIPS)), ids=str)
def test_geometry(conv: Conv, skip: str) -> None:
    """Rows and columns without any tap on the image, tiles with and without padding."""
    case = CASES.index(conv) + SKIPS.index(skip)
    pairs = [("unipolar<1>", "bipolar<1>"), ("unipolar<2>", "bipolar<2>"), ("bipolar<1>",) * 2]
    for n, (x_code, w_code) in some([*pairs, ("signed<2>", "signed<2>")], case // 2):
        coded = replace(conv, x_code=x_code, w_code=w_code)
        target, pixels = TARGETS[(case + n) % len(TARGETS)], (7, 2, 3, 1)[n]
        check(coded, target, skip, pixels, (case + n) % 4, ("random", "highest")[n % 2])


@st.composite
def padded_convs(draw: st.DrawFn) -> Conv:
    """Small convolutions, most of them with padding."""
    rows: Window = draw(windows(draw(st.integers(1, 6)), 4))
    cols: Window = draw(windows(draw(st.integers(1, 9)), 4))
    groups = draw(st.sampled_from([1, 1, 2]))
    return Conv(
        (draw(st.integers(1, 2)), rows.extent, cols.extent, groups * draw(st.integers(1, 70))),
        groups * draw(st.integers(1, 20)),
        (rows.taps, cols.taps),
        (rows.stride, cols.stride),
        (rows.before, rows.after, cols.before, cols.after),
        (rows.dilation, cols.dilation),
        groups,
        draw(st.sampled_from(["nhwc", "nchw"])),
        str(draw(affine_codes(3))),
        str(draw(affine_codes(3))),
    )


@examples(6)
@given(
    padded_convs(),
    st.sampled_from([*product(TARGETS, SKIPS[1:])]),
    st.integers(1, 8),
    st.integers(0, 3),
    st.sampled_from(["random", "highest", "lowest", "alternating"]),
)
def test_any(conv: Conv, how: tuple[str, str], pixels: int, unroll: int, fill: str) -> None:
    check(conv, *how, pixels, unroll, fill)
