"""quantize, dequantize and add against numpy, bit for bit."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from xdsl.dialects.builtin import f32, i32

from lowbit_dialect.codes import AFFINE_CODES, AffineCode, Code, CodebookType
from lowbit_dialect.ops.elementwise import ROUNDINGS
from tests.differential.check import TARGETS, check
from tests.differential.graph import Graph, Numbers, tensor
from tests.differential.strategies import FILLS, INT32, affine_codes, examples, seeds

KINDS = sorted(AFFINE_CODES)
SPECIAL = (
    *(np.nan, -np.nan, np.inf, -np.inf, 0.0, -0.0, 1e-45, -1e-45, 1e-38),
    *(3.4e38, -3.4e38, 2.0**31, -(2.0**31), 1e10, 1023.5, 1024.0, -1024.5),
)


def quotients(code: Code) -> Numbers:
    """Numbers about every value of the code and every tie, one ulp around them, and specials."""
    middles = np.arange(2 * code.min_value - 6, 2 * code.max_value + 7, dtype=np.float32) / 2
    ulps = [np.nextafter(middles, np.float32(end)) for end in (-np.inf, np.inf)]
    return np.concatenate([middles, *ulps, np.array(SPECIAL, np.float32)])


def ties(kind: str, rounding: str) -> Graph:
    """Quantisation of every number about a tie, to codes of a kind."""
    graph, results = Graph(), []
    for bits in (1, 2, 4, 8):
        code = AFFINE_CODES[kind](bits)
        numbers = quotients(code)
        for scale in (1.0, 0.1):
            scaled = (numbers * np.float32(scale)).astype(np.float32)
            x = graph.argument(tensor(f32, scaled.shape), scaled)
            results.append(graph.quantize(x, code, [scale], -1, rounding))
    return graph.returns(*results)


@pytest.mark.parametrize("rounding", ROUNDINGS)
@pytest.mark.parametrize("kind", KINDS)
def test_quantize_every_tie(kind: str, rounding: str) -> None:
    target = TARGETS[(KINDS.index(kind) + ROUNDINGS.index(rounding)) % len(TARGETS)]
    check(ties(kind, rounding), [target])


def subnormals() -> Graph:
    """Numbers and scales next to 0, as far as f32 reaches, and their quotients and products."""
    graph, results = Graph(), []
    magnitudes = np.array([0, 1, 2, 3, 1 << 20, (1 << 23) - 1, 1 << 23, 3 << 22, 9 << 21], np.int32)
    numbers = np.concatenate([magnitudes, magnitudes | INT32.min]).astype(np.int32)
    integers = graph.argument(tensor(i32, (9,)), np.arange(-4, 5, dtype=np.int32))
    for scale in (2.0**-149, 1e-39, 2.0**-126, 2.0**-125, 0.3, 2.0, 3.0):
        x = graph.argument(tensor(f32, numbers.shape), numbers.view(np.float32))
        for code in (AFFINE_CODES["bipolar"](2), AFFINE_CODES["signed"](3)):
            results.append(graph.quantize(x, code, [scale], -1, "half_away"))
        results.append(graph.dequantize(integers, [scale]))
    return graph.returns(*results)


@pytest.mark.parametrize("target", TARGETS)
def test_subnormals(target: str) -> None:
    check(subnormals(), [target])


SHAPES = st.lists(st.integers(1, 6), min_size=1, max_size=4).flatmap(
    lambda outer: st.sampled_from([1, 3, 8, 15, 16, 17, 40]).map(lambda last: (*outer[:-1], last))
)


def draw_scale(draw: st.DrawFn, shape: tuple[int, ...]) -> tuple[list[float], int]:
    axis = draw(st.integers(-len(shape), len(shape) - 1))
    count = draw(st.sampled_from([1, shape[axis]]))
    return draw(st.lists(st.floats(0.125, 50, width=32), min_size=count, max_size=count)), axis


@st.composite
def quantized(draw: st.DrawFn) -> Graph:
    shape, code = draw(SHAPES), draw(affine_codes())
    scale, axis = draw_scale(draw, shape)
    rng = np.random.default_rng(draw(seeds))
    numbers = rng.normal(0, 2.0**code.width, shape).astype(np.float32)
    special = rng.random(shape) < 0.1
    numbers[special] = rng.choice(np.array(SPECIAL, np.float32), special.sum())
    graph = Graph()
    x = graph.argument(tensor(f32, shape), numbers)
    return graph.returns(graph.quantize(x, code, scale, axis, draw(st.sampled_from(ROUNDINGS))))


@st.composite
def dequantized(draw: st.DrawFn) -> Graph:
    shape, graph = draw(SHAPES), Graph()
    rng = np.random.default_rng(draw(seeds))
    kind = draw(st.sampled_from(["i32", "affine", "codebook"]))
    if kind == "i32":
        numbers = rng.choice([INT32.min, INT32.max, 0, 1, -1, 16777217, -33554435], shape)
        x = graph.argument(tensor(i32, shape), numbers.astype(np.int32))
    else:
        code = draw(affine_codes()) if kind == "affine" else CodebookType(2, [-9, 300, 4, -32768])
        x = graph.values(code, FILLS["random"](rng, code, shape), constant=draw(st.booleans()))
    return graph.returns(graph.dequantize(x, *draw_scale(draw, shape)))


@st.composite
def added(draw: st.DrawFn) -> Graph:
    shape, graph = draw(SHAPES), Graph()
    rng = np.random.default_rng(draw(seeds))

    def operand():
        code: AffineCode | None = draw(st.none() | affine_codes())
        if code is not None:
            return graph.values(code, FILLS["random"](rng, code, shape), constant=False)
        numbers = rng.choice([INT32.min, INT32.max, 0, 7, -7], shape)
        return graph.integers(numbers, constant=draw(st.booleans()))

    code = draw(st.none() | affine_codes(kinds=["signed", "unipolar"]))
    return graph.returns(graph.add(operand(), operand(), code))


@examples(30)
@given(
    quantized() | dequantized() | added(),
    st.sampled_from(TARGETS),
    st.integers(1, 3),
)
def test_any(graph: Graph, target: str, num_threads: int) -> None:
    check(graph, [target], num_threads)


def scalars() -> Graph:
    """Tensors without dimensions."""
    graph = Graph()
    a, b = (graph.argument(tensor(i32, ()), np.array(v, np.int32)) for v in (7, -9))
    return graph.returns(graph.add(a, b), graph.add(a, a, AFFINE_CODES["signed"](4)), b)


def test_scalars() -> None:
    check(scalars(), num_threads=2)


def saturated_sums() -> Graph:
    """All pairs of ends and of small numbers, in i32 and clipped to codes."""
    ends = [INT32.min, INT32.min + 1, -2, -1, 0, 1, 2, INT32.max - 1, INT32.max]
    pairs = np.array(list(product(ends, ends)), np.int32)
    graph = Graph()
    a, b = (graph.argument(tensor(i32, (len(pairs),)), pairs[:, i].copy()) for i in (0, 1))
    codes = (None, AFFINE_CODES["signed"](3), AFFINE_CODES["unipolar"](8))
    return graph.returns(*(graph.add(a, b, code) for code in codes))


@pytest.mark.parametrize("target", TARGETS)
def test_add_saturates(target: str) -> None:
    check(saturated_sums(), [target])
