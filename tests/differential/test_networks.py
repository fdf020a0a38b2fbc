"""Whole networks of two or three layers: fused, packed from layer to layer, against numpy."""

from hypothesis import given
from hypothesis import strategies as st

from tests.differential.check import TARGETS, check, strategies
from tests.differential.graph import Graph
from tests.differential.strategies import examples, networks


@examples(12)
@given(networks(), st.sampled_from(TARGETS), strategies, st.integers(1, 3))
def test_network(graph: Graph, target: str, strategy: str, num_threads: int) -> None:
    check(graph, [target], num_threads, [strategy])
