"""What hypothesis draws: codes, numbers, layouts, convolutions, glue and whole networks."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn
from xdsl.dialects.builtin import TensorType, f32

from lowbit_dialect.codes import AFFINE_CODES, Code
from lowbit_dialect.geometry import LAYOUTS, Window
from lowbit_dialect.layouts.kernels import activation_layout, byte_activation_layout
from lowbit_dialect.layouts.packed import PackedAttr
from lowbit_dialect.layouts.packed_syntax import PLANE
from lowbit_dialect.ops.glue import FusedGlueOp
from tests.differential.graph import Graph, Numbers, Value, tensor
from tests.sweep import SCALE

INT32 = np.iinfo(np.int32)
EXTENTS = (1, 2, 3, 7, 8, 9, 15, 16, 17, 31, 32, 33, 63, 64, 65)
"""Channel counts around the words and lanes of every target."""


def examples(count: int) -> settings:
    """Settings for a test of `count` usual examples, each of which compiles."""
    return settings(
        max_examples=max(1, round(count * SCALE)),
        deadline=None,
        print_blob=True,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    )


def affine_codes(most: int = 8, kinds: Sequence[str] = tuple(AFFINE_CODES)):
    """Affine codes of up to `most` bits."""
    return st.builds(
        lambda kind, bits: AFFINE_CODES[kind](bits),
        st.sampled_from(sorted(kinds)),
        st.integers(1, most),
    )


def _alternating(low: int, high: int, shape: Sequence[int]) -> Numbers:
    ends = np.array([low, high])
    return ends[np.indices(tuple(shape)).sum(axis=0) % 2]


FILLS: dict[str, Callable[[np.random.Generator, Code, Sequence[int]], Numbers]] = {
    "random": lambda rng, code, shape: rng.choice(code.values, tuple(shape)),
    "highest": lambda rng, code, shape: np.full(tuple(shape), code.max_value),
    "lowest": lambda rng, code, shape: np.full(tuple(shape), code.min_value),
    "alternating": lambda rng, code, shape: _alternating(code.min_value, code.max_value, shape),
}
"""Ways to choose the values of a tensor: at random, and so that sums reach their ends."""

fills = st.sampled_from(("random", "random", *FILLS))
seeds = st.integers(0, 2**32 - 1)


@st.composite
def windows(draw: DrawFn, extent: int, most_taps: int = 3, most_stride: int = 3) -> Window:
    """A window that fits: any taps, stride, dilation and asymmetric padding."""
    taps = draw(st.integers(1, most_taps))
    dilation = draw(st.integers(1, 2)) if taps > 1 else 1
    before, after = draw(st.integers(0, taps)), draw(st.integers(0, taps))
    missing = (taps - 1) * dilation + 1 - extent - before - after
    return Window(
        extent, taps, draw(st.integers(1, most_stride)), before, after + max(0, missing), dilation
    )


@st.composite
def packed_layouts(draw: DrawFn, shape: Sequence[int], *, lanes: bool = True) -> PackedAttr:
    """Any layout of a tensor of this shape."""
    rank = len(shape)
    axis = draw(st.integers(0, rank - 1))
    order, holds = draw(st.permutations([PLANE, *range(rank)])), ""
    if draw(st.booleans()):  # bytes of levels, which every code has
        order, holds = draw(st.permutations(range(rank))), "levels"
    others = [d for d in range(rank) if d != axis]
    lane_block: list[int] = []
    if lanes and others and draw(st.booleans()):
        lane_block = [draw(st.sampled_from(others)), draw(st.sampled_from([1, 3, 4, 8, 16]))]
    grouped = shape[lane_block[0] if lane_block else axis]
    groups = draw(st.sampled_from([g for g in range(1, grouped + 1) if grouped % g == 0]))
    frame = [0] * (2 * rank)
    if draw(st.booleans()):
        for dim in others:
            if not lane_block or dim != lane_block[0]:
                frame[2 * dim : 2 * dim + 2] = draw(st.tuples(*[st.integers(0, 2)] * 2))
    word = draw(st.sampled_from([8, 16, 32, 64]))
    return PackedAttr.get(axis, word, order, frame, lane_block, groups, holds)


@st.composite
def activation_layouts(draw: DrawFn, shape: Sequence[int], layout: str) -> PackedAttr:
    """A layout that kernels read, with any frame."""
    channels = shape[LAYOUTS[layout][3]]
    frame = draw(st.tuples(*[st.integers(0, 2)] * 4))
    groups = draw(st.sampled_from([g for g in (1, 2, 3, 4) if channels % g == 0]))
    if draw(st.booleans()):
        return byte_activation_layout(layout, frame, groups)
    return activation_layout(layout, draw(st.sampled_from([32, 64])), frame, groups)


def draw_thresholds(
    draw: DrawFn, rng: np.random.Generator, acc: Numbers, axis: int, count: int
) -> Numbers:
    """Ascending thresholds that the accumulators cross, some of them at the ends of i32."""
    channels = acc.shape[axis]
    rows = np.moveaxis(acc, axis, 0).reshape(channels, -1).astype(np.int64)
    picks = np.take_along_axis(rows, rng.integers(0, rows.shape[1], (channels, count)), axis=1)
    steps = picks + rng.integers(-1, 2, picks.shape)
    if draw(st.booleans()):
        ends = rng.random(steps.shape) < 0.1
        steps[ends] = rng.choice([INT32.min, -INT32.max, INT32.max], ends.sum())
    return np.sort(np.clip(steps, INT32.min, INT32.max), axis=1)


@st.composite
def scaled(
    draw: DrawFn,
    graph: Graph,
    acc: Value,
    axis: int,
    code: Code,
    offset: Numbers,
    bounds: tuple[int, int] | None,
    *,
    constant: bool,
    seed: int,
) -> Value:
    """Glue in scale form, whose multipliers reach most of the levels, or are any or the ends."""
    rng, channels = np.random.default_rng(seed), acc.numbers.shape[axis]
    most = int(np.abs(acc.numbers.astype(np.int64)).max()) or 1
    exponent = max(0, most.bit_length() - code.width)
    multiplier = rng.integers(1 << 30, 1 << 31, channels)
    shift = np.clip(rng.integers(-1, 2, channels) + exponent, 0, 31)
    kind = draw(st.sampled_from(["positive", "any", "ends"]))
    if kind != "positive":
        multiplier *= rng.choice([-1, 1], channels)
    if kind == "ends":
        ends = rng.random(channels) < 0.5
        multiplier[ends] = rng.choice([INT32.min, INT32.max, 0, -1, 1], ends.sum())
        shift[ends] = rng.choice([0, 1, 31], ends.sum())
    zero = draw(st.sampled_from([0, 1, 1 << (code.width - 1), -3, INT32.max, INT32.min]))
    parameters = (
        graph.integers(offset, constant=constant),
        graph.integers(multiplier, constant=draw(st.booleans())),
        graph.integers(shift, constant=draw(st.booleans())),
    )
    result = TensorType(code, acc.numbers.shape)
    return graph.apply(
        lambda acc, *ssa: FusedGlueOp.scale(acc, ssa, result, axis, zero, *(bounds or ())),
        acc,
        *parameters,
    )


@st.composite
def glued(
    draw: DrawFn, graph: Graph, acc: Value, axis: int, most_bits: int = 4, seed: int = 0
) -> Value:
    """Glue on `acc`, of any form, its parameters constant or arguments."""
    rng = np.random.default_rng(seed)
    code = draw(affine_codes(most_bits))
    channels, constant = acc.numbers.shape[axis], draw(st.booleans())
    top = (1 << code.width) - 1
    if draw(st.booleans()):
        count = draw(st.integers(1, top))
        flip = None
        sums = acc.numbers
        if draw(st.booleans()):
            flags = rng.random(channels) < 0.5
            flip = graph.integers(flags, constant=draw(st.booleans()))
            shape = [1] * sums.ndim
            shape[axis] = channels
            sums = np.where(flags.reshape(shape), -sums.astype(np.int64), sums)
        steps = draw_thresholds(draw, rng, sums, axis, count)
        if not constant and draw(st.booleans()):
            steps = rng.permuted(steps, axis=1)  # nobody can check the order of an argument
        thresholds = graph.integers(steps, constant=constant)
        return graph.threshold(acc, thresholds, code, flip, axis)
    spread = int(np.abs(acc.numbers.astype(np.int64)).max()) // (top + 1)
    shift = np.clip(rng.integers(-1, 2, channels) + spread.bit_length(), 0, 31)
    offset = rng.integers(-spread - 3, spread + 4, channels)
    if draw(st.booleans()):
        ends = rng.random(channels) < 0.3
        offset[ends] = rng.choice([INT32.min, INT32.max - 1, INT32.max], ends.sum())
        shift[rng.random(channels) < 0.2] = 31
    bounds = None
    if draw(st.booleans()):
        low = draw(st.integers(0, top))
        bounds = low, draw(st.integers(low, top))
    if draw(st.booleans()):
        return draw(scaled(graph, acc, axis, code, offset, bounds, constant=constant, seed=seed))
    return graph.shift(
        acc,
        graph.integers(offset, constant=constant),
        graph.integers(shift, constant=draw(st.booleans())),
        code,
        bounds,
        axis,
    )


roundings = st.sampled_from(["half_even", "half_up", "half_away"])
scales = st.sampled_from([0.25, 0.1, 1.0, 3.0, 1e-3])


@st.composite
def networks(draw: DrawFn, most_layers: int = 3) -> Graph:
    """A network: input, two or three convolutions with glue and pooling between them, output."""
    graph, rng = Graph(), np.random.default_rng(draw(seeds))
    layout = draw(st.sampled_from(sorted(LAYOUTS)))
    n, h, w, c = LAYOUTS[layout]
    shape = [0] * 4
    shape[n], shape[h], shape[w] = (
        draw(st.integers(1, 2)),
        *draw(st.tuples(*[st.integers(3, 9)] * 2)),
    )
    shape[c] = draw(st.sampled_from(EXTENTS[:-3]))
    x = _input(draw, graph, rng, shape, layout)
    layers = draw(st.integers(2, most_layers))
    taken: list[Value] = []
    for layer in range(layers):
        if draw(st.booleans()) and layer:
            taken.append(x)
        acc = _conv(draw, graph, rng, x, layout)
        if layer == layers - 1 and draw(st.booleans()):
            x = acc
            break
        x = draw(glued(graph, acc, axis=draw(st.sampled_from([c, c - 4])), seed=draw(seeds)))
        if draw(st.booleans()):
            x = _pool(draw, graph, x, layout)
    results = _outputs(draw, graph, x, layout)
    keep = [v for v in taken if draw(st.booleans())]
    return graph.returns(*results, *keep)


def _input(
    draw: DrawFn, graph: Graph, rng: np.random.Generator, shape: Sequence[int], layout: str
) -> Value:
    code = draw(affine_codes(4))
    kind = draw(st.sampled_from(["codes", "floats", "packed"]))
    if kind == "floats":
        scale = draw(scales)
        numbers = rng.normal(0, scale * (1 << code.width) / 2, shape).astype(np.float32)
        x = graph.argument(tensor(f32, shape), numbers)
        return graph.quantize(x, code, [scale], -1, draw(roundings))
    numbers = FILLS[draw(fills)](rng, code, shape)
    if kind == "codes":
        return graph.values(code, numbers, constant=False)
    packed = draw(activation_layouts(shape, layout))
    return graph.unpack(graph.argument(tensor(code, shape, packed), numbers))


def _conv(draw: DrawFn, graph: Graph, rng: np.random.Generator, x: Value, layout: str) -> Value:
    _, h, w, c = LAYOUTS[layout]
    shape = x.numbers.shape
    groups = draw(st.sampled_from([g for g in {1, 2, 3, shape[c]} if shape[c] % g == 0]))
    rows, cols = draw(windows(shape[h], most_stride=2)), draw(windows(shape[w], most_stride=2))
    oc = draw(st.sampled_from(EXTENTS[:-3])) * (groups if groups < 4 else 1)
    oc = -(-oc // groups) * groups
    filters = [0] * 4
    extents = (oc, rows.taps, cols.taps, shape[c] // groups)
    for dim, extent in zip(LAYOUTS[layout], extents, strict=True):
        filters[dim] = extent
    code = draw(affine_codes(3))
    weights = FILLS[draw(fills)](rng, code, filters)
    return graph.conv2d(
        x,
        graph.values(code, weights, constant=draw(st.booleans())),
        (rows.stride, cols.stride),
        (rows.before, rows.after, cols.before, cols.after),
        (rows.dilation, cols.dilation),
        groups,
        layout,
    )


def _pool(draw: DrawFn, graph: Graph, x: Value, layout: str) -> Value:
    _, h, w, _ = LAYOUTS[layout]
    kernel, strides, padding = [], [], []
    for dim in (h, w):
        extent = x.numbers.shape[dim]
        taps = draw(st.integers(1, 3))
        pads = [draw(st.integers(0, taps - 1)) for _ in range(2)]
        if extent + sum(pads) < taps:
            taps, pads = 1, [0, 0]
        kernel.append(taps)
        strides.append(draw(st.integers(1, 3)))
        padding += pads
    return graph.max_pool2d(x, kernel, strides, padding, layout)


def _outputs(draw: DrawFn, graph: Graph, x: Value, layout: str) -> list[Value]:
    """One or two forms of the last value."""
    rank = x.numbers.ndim
    is_code = isinstance(x.type.element_type, Code)

    def dequantized() -> Value:
        axis = draw(st.integers(-rank, rank - 1))
        extent = x.numbers.shape[axis]
        count = draw(st.sampled_from([1, extent]))
        return graph.dequantize(x, [0.5 + 0.37 * i for i in range(count)], axis)

    def added() -> Value:
        kinds = [k for k in AFFINE_CODES if k != "bipolar"]
        code = draw(st.none() | affine_codes(kinds=kinds))
        return graph.add(x, x, code)

    def packed() -> Value:
        if not is_code:
            return dequantized()
        shape = x.numbers.shape
        return graph.bitpack(x, draw(activation_layouts(shape, layout) | packed_layouts(shape)))

    kinds = draw(
        st.lists(st.sampled_from([lambda: x, dequantized, added, packed]), min_size=1, max_size=2)
    )
    return [kind() for kind in kinds]
