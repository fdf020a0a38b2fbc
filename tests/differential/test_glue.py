"""Glue that no kernel took in, on any axis, and glue of many levels in an epilogue."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from xdsl.dialects.builtin import i32

from lowbit_dialect.codes import SignedType, UnipolarType, parse_code
from tests.differential.check import TARGETS, check, strategies
from tests.differential.graph import Graph, tensor
from tests.differential.strategies import FILLS, INT32, affine_codes, examples, glued, seeds

SPREADS = (3, 50, 10_000, 2**31 - 1)


@st.composite
def glue_on_memory(draw: st.DrawFn) -> Graph:
    shape = draw(st.lists(st.integers(1, 7), min_size=0, max_size=3))
    shape.insert(draw(st.integers(0, len(shape))), draw(st.integers(1, 40)))
    rng, spread = np.random.default_rng(draw(seeds)), draw(st.sampled_from(SPREADS))
    axis = draw(st.integers(-len(shape), len(shape) - 1))
    if draw(st.integers(0, 3)) == 0:
        graph, code = Graph(), draw(affine_codes(8))
        values = FILLS["random"](rng, code, shape)
        acc = graph.values(code, values, constant=False)
        return graph.returns(draw(glued(graph, acc, axis, most_bits=8, seed=draw(seeds))))
    numbers = rng.integers(-spread, spread + 1, shape)
    if draw(st.booleans()):
        ends = rng.random(shape) < 0.2
        numbers[ends] = rng.choice([INT32.min, INT32.max], ends.sum())
    graph = Graph()
    acc = graph.argument(tensor(i32, shape), numbers.astype(np.int32))
    return graph.returns(draw(glued(graph, acc, axis, most_bits=8, seed=draw(seeds))))


@examples(16)
@given(glue_on_memory(), st.sampled_from(TARGETS), st.integers(1, 3))
def test_on_memory(graph: Graph, target: str, num_threads: int) -> None:
    check(graph, [target], num_threads)


@st.composite
def glue_of_matmul(draw: st.DrawFn) -> Graph:
    m, k, n = (draw(st.sampled_from([1, 2, 5, 8, 17, 33])) for _ in range(3))
    graph, rng = Graph(), np.random.default_rng(draw(seeds))
    x_code, w_code = parse_code("bipolar<2>"), parse_code("signed<3>")
    x = graph.values(x_code, FILLS["random"](rng, x_code, (m, k)), constant=False)
    w = graph.values(w_code, FILLS["random"](rng, w_code, (k, n)), constant=draw(st.booleans()))
    acc = graph.matmul(x, w)
    axis = draw(st.sampled_from([-1, -1, 1, 0]))
    return graph.returns(draw(glued(graph, acc, axis, most_bits=8, seed=draw(seeds))))


@examples(6)
@given(glue_of_matmul(), st.sampled_from(TARGETS), strategies, st.integers(1, 3))
def test_in_matmul(graph: Graph, target: str, strategy: str, num_threads: int) -> None:
    check(graph, [target], num_threads, [strategy])


def ends_of_i32() -> Graph:
    """-acc of the smallest i32 is above every threshold; offsets saturate on both sides."""
    graph = Graph()
    ends = np.array([INT32.min, INT32.min + 1, -1, 0, 1, INT32.max - 1, INT32.max], np.int32)
    acc = graph.argument(tensor(i32, (7, 4)), np.repeat(ends, 4).reshape(7, 4))
    steps = np.array([[INT32.min, 0, INT32.max]] * 4)
    thresholds = graph.integers(steps, constant=True)
    flip = graph.integers(np.array([False, True, False, True]), constant=True)
    offset = graph.integers(np.array([INT32.min, INT32.max, 0, -1]), constant=True)
    shift = graph.integers(np.array([31, 30, 31, 0]), constant=True)
    return graph.returns(
        graph.threshold(acc, thresholds, UnipolarType(2), flip),
        graph.threshold(acc, thresholds, SignedType(2)),
        graph.shift(acc, offset, shift, SignedType(3)),
    )


@pytest.mark.parametrize("target", TARGETS)
def test_ends_of_i32(target: str) -> None:
    check(ends_of_i32(), [target])
