"""Keys of floats are ordered as the floats are, on every class of targets."""

import numpy as np
import pytest
from xdsl.dialects.builtin import f32

from lowbit_dialect.ops.sort_key import SortKeyOp
from tests.differential.check import TARGETS, check
from tests.differential.graph import Graph, tensor

FLOATS = np.array(
    [-np.inf, -3e38, -2.5, -1e-45, -0.0, 0.0, 1e-45, 1e-38, 0.5, 1.0, 3e38, np.inf], np.float32
)


def keys() -> Graph:
    graph = Graph()
    rng = np.random.default_rng(0)
    random = np.sort(rng.integers(0, 1 << 32, 200, np.uint32).view(np.float32))
    numbers = np.concatenate([FLOATS, random[~np.isnan(random)]])
    nans = np.array([np.nan, -np.nan, np.uint32(0x7F800001).view(np.float32)], np.float32)
    ordered = graph.apply(SortKeyOp.get, graph.argument(tensor(f32, numbers.shape), numbers))
    for start in (0, len(FLOATS)):
        part = ordered.numbers[start : None if start else len(FLOATS)]
        assert (np.diff(part.astype(np.int64)) > 0).all()
    none = graph.apply(SortKeyOp.get, graph.argument(tensor(f32, (3,)), nans))
    assert (none.numbers == -(1 << 31)).all()
    return graph.returns(ordered, none)


@pytest.mark.parametrize("target", TARGETS)
def test_sort_key(target: str) -> None:
    check(keys(), [target])
