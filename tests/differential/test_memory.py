"""Compiled functions stay inside their buffers, and take buffers of any alignment."""

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lowbit_dialect.codes import parse_code
from runtime import compile
from tests.differential.check import TARGETS
from tests.differential.contraction import Conv
from tests.differential.graph import Graph, Numbers, module_of
from tests.differential.strategies import FILLS, examples, networks
from tests.differential.test_functions import packed_graph
from tests.differential.test_glue import glue_on_memory
from tests.differential.test_layouts import packings
from tests.guard import guarded, misaligned


def _guarded_before(array: Numbers) -> Numbers:
    return guarded(array, before=True)


PLACES: dict[str, Callable[[Numbers], Numbers]] = {
    "end of a page": guarded,
    "start of a page": _guarded_before,
    "one element behind a cache line": misaligned,
}


def check_in_place(graph: Graph, target: str, num_threads: int = 1) -> None:
    """Run with every buffer, the workspace too, at each of the places.

    Outputs are full of ones before, so that what is not written shows; inputs must not change.
    """
    executable = compile(module_of(graph), target, use_cache=False)
    signature = executable.signature
    storages = [
        spec.to_storage(value.result, "input")
        for value, spec in zip(graph.inputs, signature.arguments, strict=True)
    ]
    for name, place in PLACES.items():
        inputs = [place(storage) for storage in storages]
        ones = [~np.zeros_like(spec.new_storage().view(np.uint8)) for spec in signature.results]
        outputs = [
            place(one.view(spec.dtype)) for one, spec in zip(ones, signature.results, strict=True)
        ]
        workspace = place(np.zeros(max(1, signature.workspace), np.uint8))
        for _ in range(2):
            executable.run(inputs, outputs, num_threads, workspace)
        for output, value, spec in zip(outputs, graph.results, signature.results, strict=True):
            expected = spec.to_storage(value.result, "result")
            np.testing.assert_array_equal(output, expected, f"{target}, {name}")
        for given_, kept in zip(inputs, storages, strict=True):
            np.testing.assert_array_equal(given_, kept, f"{target}, {name}: an input changed")


@examples(10)
@given(
    networks(most_layers=2) | glue_on_memory() | packings(),
    st.sampled_from(TARGETS),
    st.integers(1, 2),
)
def test_any(graph: Graph, target: str, num_threads: int) -> None:
    check_in_place(graph, target, num_threads)


@pytest.mark.parametrize("target", TARGETS)
def test_packed_results(target: str) -> None:
    check_in_place(packed_graph(), target, 2)


CONVS = [
    Conv((1, 3, 7, 33), 17),
    Conv((2, 3, 3, 63), 31, (2, 3), (2, 2), (0, 0, 0, 0), layout="nchw"),
    Conv((1, 4, 5, 6), 9, groups=3, x_code="bipolar<2>", w_code="signed<2>"),
    Conv((1, 1, 9, 1), 1, (1, 1), padding=(0, 0, 0, 0), x_code="signed<4>"),
]


@pytest.mark.parametrize("conv", CONVS, ids=str)
@pytest.mark.parametrize("constant", [False, True])
def test_conv(conv: Conv, constant: bool) -> None:
    """Sums in memory, whose last tile and last block of channels are not whole."""
    for target in TARGETS:
        graph = Graph()
        x, w = conv.operands("random", "random")
        y = graph.conv2d(
            graph.values(parse_code(conv.x_code), x, constant=False),
            graph.values(parse_code(conv.w_code), w, constant=constant),
            conv.strides,
            conv.padding,
            conv.dilation,
            conv.groups,
            conv.layout,
        )
        check_in_place(graph.returns(y), target)


@pytest.mark.parametrize("target", TARGETS)
def test_matmul(target: str) -> None:
    rng = np.random.default_rng(0)
    for m, k, n in ((1, 1, 1), (7, 65, 17), (9, 31, 33)):
        graph, code = Graph(), parse_code("signed<2>")
        x = graph.values(code, FILLS["random"](rng, code, (m, k)), constant=False)
        w = graph.values(code, FILLS["random"](rng, code, (k, n)), constant=False)
        check_in_place(graph.returns(graph.matmul(x, w)), target)
