"""A function for every operation in each of its forms, small, with the numbers it gives.

What holds for all code, for any target, is asserted of these: that it calls nothing, and where it
can be run, that it is right.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import cycle, product

import numpy as np
from xdsl.dialects.builtin import f32, i32

from lowbit_dialect.codes import (
    AFFINE_CODES,
    BipolarType,
    Code,
    CodebookType,
    SignedType,
    UnipolarType,
    parse_code,
)
from lowbit_dialect.layouts.kernels import activation_layout, byte_activation_layout
from lowbit_dialect.layouts.packed import PackedAttr
from lowbit_dialect.ops.elementwise import ROUNDINGS
from tests.differential.graph import Graph, Numbers, Value, tensor

SPECIAL = (
    *(np.nan, -np.nan, np.inf, -np.inf, 0.0, -0.0, 1e-45, -1e-45, 1e-38, -1e-38),
    *(3.4e38, -3.4e38, 2.0**31, -(2.0**31), 1e10, 1023.5, 1024.0, -1024.5),
)
SCALES = (1.0, 0.25, 0.1, 1e-40, 3e38)
"""A power of two, another number, and one that is no normal f32."""
BOOK = CodebookType(2, [5, -3, 0, 30])
WORDS = (8, 16, 32, 64)


def quotients(code: Code) -> Numbers:
    """Numbers about every value of the code and every tie, one ulp around them, and specials."""
    middles = np.arange(2 * code.min_value - 6, 2 * code.max_value + 7, dtype=np.float32) / 2
    ulps = [np.nextafter(middles, np.float32(end)) for end in (-np.inf, np.inf)]
    return np.concatenate([middles, *ulps, np.array(SPECIAL, np.float32)])


def _rng() -> np.random.Generator:
    return np.random.default_rng(7)


def quantizations() -> Iterator[Graph]:
    """Every kind of code and rounding, at every tie; scales of one number, a row and a column."""
    for kind, rounding in product(AFFINE_CODES, ROUNDINGS):
        graph, results = Graph(), []
        for scale in SCALES:
            code = AFFINE_CODES[kind](3 if results else 1)
            with np.errstate(over="ignore", under="ignore"):
                numbers = quotients(code) * np.float32(scale)
            x = graph.argument(tensor(f32, numbers.shape), numbers)
            results.append(graph.quantize(x, code, [scale], -1, rounding))
        code, shape = AFFINE_CODES[kind](2), (3, 2, 21)
        numbers = _rng().normal(0, 3, shape).astype(np.float32)
        for axis in range(3):
            x = graph.argument(tensor(f32, shape), numbers)
            scales = [0.5 + 0.37 * i for i in range(shape[axis])]
            results.append(graph.quantize(x, code, scales, axis, rounding))
        yield graph.returns(*results)


def _operand(graph: Graph, code: Code | None, shape: Sequence[int]) -> Value:
    if code is not None:
        return graph.values(code, _rng().choice(code.values, tuple(shape)), constant=False)
    ends = np.array([-(2**31), 2**31 - 1, 0, 1, -7, 16777217, -33554435])
    return graph.argument(tensor(i32, shape), _rng().choice(ends, shape).astype(np.int32))


def _elements() -> list[Code | None]:
    return [None, UnipolarType(2), UnipolarType(8), SignedType(4), BipolarType(3)]


def dequantizations() -> Iterator[Graph]:
    """Integers and every kind of code, with scales of one number, a row and a column."""
    for code in [*_elements(), CodebookType(2, [-9, 300, 4, -32768])]:
        graph, shape = Graph(), (3, 2, 21)
        x = _operand(graph, code, shape)
        results = [graph.dequantize(x, [scale]) for scale in SCALES]
        for axis in range(3):
            scales = [SCALES[i % 3] * (1 + i) for i in range(shape[axis])]
            results.append(graph.dequantize(x, scales, axis))
        yield graph.returns(*results)


def additions() -> Iterator[Graph]:
    """Integers and codes, with and without clipping to a code."""
    for a, b in product(_elements(), [None, SignedType(4), BipolarType(3)]):
        graph, shape = Graph(), (2, 21)
        x, y = _operand(graph, a, shape), _operand(graph, b, shape)
        yield graph.returns(*(graph.add(x, y, to) for to in (None, SignedType(3), UnipolarType(8))))


def _glued(graph: Graph, acc: Value, code: Code, form: str, axis: int, constant: bool) -> Value:
    rng, channels = _rng(), acc.numbers.shape[axis]
    if form == "shift":
        offset = rng.integers(-9, 9, channels)
        shift = rng.integers(0, 4, channels)
        if not constant:
            offset[0], shift[0] = 2**31 - 1, 31
        offset, shift = (graph.integers(n, constant=constant) for n in (offset, shift))
        return graph.shift(acc, offset, shift, code, axis=axis)
    count = len(code.values) - 1
    steps = np.sort(rng.integers(-40, 40, (channels, count)), axis=1)
    thresholds = graph.integers(steps, constant=constant)
    flip = None
    if form == "flipped":
        flip = graph.integers(rng.random(channels) < 0.5, constant=constant)
    return graph.threshold(acc, thresholds, code, flip, axis)


FORMS = ("threshold", "flipped", "shift")


def glue_on_memory() -> Iterator[Graph]:
    """Every form, its channels innermost and outermost, its parameters known and not."""
    codes = (UnipolarType(1), SignedType(2), BipolarType(3), UnipolarType(4))
    for form, axis, constant in product(FORMS, (-1, 0), (True, False)):
        graph, shape = Graph(), (3, 2, 21)
        numbers = _rng().integers(-50, 50, shape)
        numbers[0, 0, :2] = -(2**31), 2**31 - 1
        acc = graph.argument(tensor(i32, shape), numbers.astype(np.int32))
        yield graph.returns(*(_glued(graph, acc, c, form, axis, constant) for c in codes))


def pools() -> Iterator[Graph]:
    """Bytes and planes, both orders, windows of 2 and 3 with strides of 1 to 3."""
    windows = (
        ((2, 2), (2, 2), (0, 0, 0, 0)),
        ((3, 3), (2, 2), (1, 1, 1, 1)),
        ((2, 2), (1, 1), (0, 1, 0, 1)),
        ((1, 3), (1, 3), (0, 0, 2, 1)),
    )
    for order in ("nhwc", "nchw"):
        layouts = [None, byte_activation_layout(order, (1, 0, 2, 1))]
        layouts += [activation_layout(order, word, (1, 0, 2, 1)) for word in WORDS]
        for layout, code in zip(layouts, cycle((UnipolarType(2), SignedType(3))), strict=False):
            graph, shape = Graph(), (1, 6, 37, 19) if order == "nhwc" else (1, 19, 6, 37)
            x = graph.argument(tensor(code, shape, layout), _rng().choice(code.values, shape))
            yield graph.returns(*(graph.max_pool2d(x, *w, order) for w in windows))


def _layouts(order: str) -> Iterator[PackedAttr]:
    channel = 3 if order == "nhwc" else 1
    others = [d for d in range(4) if d != channel]
    frame = (1, 0, 2, 1)
    for word in WORDS:
        yield activation_layout(order, word, frame)
        yield PackedAttr.get(channel, word, [*others, -1, channel])
        yield PackedAttr.get(channel, word, [0, -1, *range(1, 4)], lanes=[0, 8])
    yield PackedAttr.get(channel, 64, [0, -1, *range(1, 4)], lanes=[0, 64], index=[6, 64])
    yield byte_activation_layout(order, frame)
    yield PackedAttr.get(channel, 32, [0, *range(1, 4)], lanes=[0, 16], bytes="values")
    yield PackedAttr.get(channel, 32, [0, *range(1, 4)], lanes=[0, 16], bytes="levels", shift=2)
    yield PackedAttr.get(channel, 32, [0, *range(1, 4)], lanes=[0, 16], bytes="levels", bits=2)


def packings() -> Iterator[Graph]:
    """To and from every layout, both orders, codes of every kind."""
    codes = (UnipolarType(2), SignedType(2), BipolarType(1), BOOK)
    for order in ("nhwc", "nchw"):
        shape = (2, 3, 37, 70) if order == "nhwc" else (2, 70, 3, 37)
        for layout, code in zip(_layouts(order), cycle(codes), strict=False):
            graph, numbers = Graph(), _rng().choice(code.values, shape)
            packed = graph.bitpack(graph.values(code, numbers, constant=False), layout)
            # Weights in some layouts are packed by the compiler alone, and no argument.
            is_argument = layout.bits.data == 8 and not layout.shift.data
            given = graph.argument(tensor(code, shape, layout), numbers) if is_argument else packed
            yield graph.returns(packed, graph.unpack(given))


def contractions() -> Iterator[tuple[Graph, str]]:
    """Each kernel family with each epilogue, and its strategy."""
    cases = {
        "bitserial": ("unipolar<2>", "bipolar<1>"),
        "dot": ("signed<4>", "signed<4>"),
        "lut": ("bipolar<2>", "signed<2>"),
        "product_lut": ("unipolar<2>", "codebook<2, [-7, -1, 2, 9]>"),
        "auto": ("unipolar<8>", "signed<8>"),
    }
    for strategy, codes in cases.items():
        x_code, w_code = map(parse_code, codes)
        for order, constant in (("nhwc", True), ("nchw", False)):
            yield _convolution(x_code, w_code, order, constant), strategy
        yield _product(x_code, w_code), strategy


def _convolution(x_code: Code, w_code: Code, order: str, constant: bool) -> Graph:
    """Sums, levels of each form, packed for the next kernel, pooled; channels to spare."""
    graph, rng = Graph(), _rng()
    x_shape, w_shape = (1, 5, 9, 40), (38, 3, 3, 20)
    if order == "nchw":
        x_shape, w_shape = (1, 40, 5, 9), (38, 20, 3, 3)
    x = graph.values(x_code, rng.choice(x_code.values, x_shape), constant=False)
    w = graph.values(w_code, rng.choice(w_code.values, w_shape), constant=constant)
    axis = 3 if order == "nhwc" else 1
    results = []
    layouts = (
        byte_activation_layout(order),
        activation_layout(order, 16, (1, 1, 1, 1)),
        activation_layout(order, 32),
    )
    codes = (UnipolarType(4), SignedType(3), UnipolarType(2))
    for code, form, layout in zip(codes, FORMS, layouts, strict=True):
        sums = graph.conv2d(x, w, (1, 1), (1, 1, 1, 1), (1, 1), 2, order)
        results.append(graph.bitpack(_glued(graph, sums, code, form, axis, constant), layout))
    sums = graph.conv2d(x, w, (2, 1), (1, 0, 0, 1), (1, 2), 2, order)
    sums_again = graph.conv2d(x, w, (1, 1), (0, 0, 0, 0), (1, 1), 2, order)
    levels = _glued(graph, sums_again, UnipolarType(2), "threshold", axis, constant)
    return graph.returns(*results, sums, graph.max_pool2d(levels, (2, 2), None, (0,) * 4, order))


def _product(x_code: Code, w_code: Code) -> Graph:
    graph, rng = Graph(), _rng()
    x = graph.values(x_code, rng.choice(x_code.values, (7, 70)), constant=False)
    w = graph.values(w_code, rng.choice(w_code.values, (70, 38)), constant=True)
    sums = graph.matmul(x, w)
    levels = _glued(graph, graph.matmul(x, w), UnipolarType(2), "threshold", 1, True)
    return graph.returns(sums, levels, graph.dequantize(sums, [0.1]))


def small_functions() -> Iterator[tuple[str, Graph]]:
    """All but contractions, each with the name of its kind."""
    kinds = (quantizations, dequantizations, additions, glue_on_memory, pools, packings)
    for kind in kinds:
        for graph in kind():
            yield kind.__name__, graph
