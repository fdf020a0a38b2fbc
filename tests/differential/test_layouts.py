"""bitpack and unpack in every layout, as functions and through `runtime`."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import runtime
from lowbit_dialect.codes import Code, CodebookType, parse_code
from lowbit_dialect.layouts.packed import PackedAttr
from lowbit_dialect.layouts.packing import pack
from tests.differential.check import TARGETS, check
from tests.differential.graph import Graph, tensor
from tests.differential.strategies import (
    EXTENTS,
    FILLS,
    affine_codes,
    examples,
    fills,
    packed_layouts,
    seeds,
)

CODES = affine_codes() | st.sampled_from(
    [CodebookType(1, [5, -3]), CodebookType(2, [0, 7, -1, 30]), CodebookType(3, range(0, 80, 10))]
)


@st.composite
def packings(draw: st.DrawFn) -> Graph:
    """Pack and unpack: both directions from an argument, from a constant, and repacked."""
    rank = draw(st.integers(1, 4))
    shape = [draw(st.integers(1, 5)) for _ in range(rank)]
    shape[draw(st.integers(0, rank - 1))] = draw(st.sampled_from(EXTENTS))
    code: Code = draw(CODES)
    numbers = FILLS[draw(fills)](np.random.default_rng(draw(seeds)), code, shape)
    layouts: list[PackedAttr] = [draw(packed_layouts(shape)) for _ in range(2)]
    graph = Graph()
    plain = graph.values(code, numbers, constant=draw(st.booleans()))
    packed = graph.argument(tensor(code, shape, layouts[0]), numbers)
    unpacked = graph.unpack(packed)
    return graph.returns(
        graph.bitpack(plain, layouts[1]), unpacked, graph.bitpack(unpacked, layouts[1])
    )


@examples(20)
@given(packings(), st.sampled_from(TARGETS), st.integers(1, 3))
def test_any(graph: Graph, target: str, num_threads: int) -> None:
    check(graph, [target], num_threads)


@pytest.mark.parametrize("word_bits", [8, 16, 32, 64])
@pytest.mark.parametrize("target", TARGETS)
def test_runtime(target: str, word_bits: int) -> None:
    """Any packed axis and any place of the bit axis; extents that leave a ragged tail."""
    rng = np.random.default_rng(word_bits)
    shape, code = (3, 70, 2), "signed<3>"
    values = rng.integers(-4, 4, shape)
    for axis, bit_axis in list(product(range(3), range(4)))[word_bits // 8 % 2 :: 2]:
        packed = runtime.bitpack(
            values, code, axis=axis, bit_axis=bit_axis, word_bits=word_bits, target=target
        )
        order = [0, 1, 2]
        order.insert(bit_axis, -1)
        expected = pack(values & 7, parse_code(code), PackedAttr.get(axis, word_bits, order))
        np.testing.assert_array_equal(packed.words, expected)
        np.testing.assert_array_equal(runtime.unpack(packed, target=target), values)


def columns_and_words(word_bits: int) -> Graph:
    """Many columns beside many words, neither a multiple of any vector, in groups and frames."""
    rng, code = np.random.default_rng(word_bits), parse_code("signed<3>")
    graph, results = Graph(), []
    cases = (
        ((2, 70, 37), PackedAttr.get(1, word_bits, [0, -1, 1, 2], [0, 0, 0, 0, 2, 1], groups=2)),
        ((2, 3, 75), PackedAttr.get(2, word_bits, [0, -1, 2, 1], groups=3)),
        ((70, 5), PackedAttr.get(0, word_bits, [-1, 0, 1])),
    )
    for shape, layout in cases:
        numbers = rng.choice(code.values, shape)
        plain = graph.values(code, numbers, constant=False)
        packed = graph.argument(tensor(code, shape, layout), numbers)
        results += [graph.bitpack(plain, layout), graph.unpack(packed)]
    return graph.returns(*results)


@pytest.mark.parametrize("word_bits", [8, 32, 64])
@pytest.mark.parametrize("target", TARGETS)
def test_columns_and_words_in_vectors(target: str, word_bits: int) -> None:
    check(columns_and_words(word_bits), [target], 2)
