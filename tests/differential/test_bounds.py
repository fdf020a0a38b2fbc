"""Sums as large as i32 holds: as many taps of saturated values as the verifier lets pass."""

from itertools import product

import numpy as np
import pytest

from lowbit_dialect.codes import AFFINE_CODES, parse_code
from tests.differential.check import STRATEGIES, TARGETS, check, turn
from tests.differential.contraction import Matmul
from tests.differential.graph import Graph
from tests.differential.strategies import INT32

KINDS = sorted(AFFINE_CODES)
ENDS = [(x, w) for x in ("highest", "lowest") for w in ("highest", "lowest")]


def most_taps(x_code: str, w_code: str) -> int:
    """How many products cannot leave i32."""
    x, w = parse_code(x_code), parse_code(w_code)
    return int(INT32.max) // (x.max_magnitude * w.max_magnitude)


@pytest.mark.parametrize(("x_kind", "w_kind"), [*product(KINDS, KINDS)])
def test_sums(x_kind: str, w_kind: str) -> None:
    """Popcount sums may wrap on the way, the sums of the products never do."""
    index = KINDS.index(x_kind) + KINDS.index(w_kind)
    x_code, w_code = f"{x_kind}<8>", f"{w_kind}<8>"
    taps = most_taps(x_code, w_code)
    Matmul(1, taps, 2, x_code, w_code, tuple(ENDS)).check(TARGETS[index % len(TARGETS)])


@pytest.mark.parametrize(("x_kind", "w_kind"), [("bipolar", "bipolar"), ("unipolar", "bipolar")])
def test_glue(x_kind: str, w_kind: str) -> None:
    """Thresholds next to the largest and the smallest sum; the correction is a constant."""
    x_code, w_code = parse_code(f"{x_kind}<8>"), parse_code(f"{w_kind}<8>")
    taps = most_taps(str(x_code), str(w_code))
    graph = Graph()
    ends = [x_code.max_value, x_code.min_value]
    x = graph.values(x_code, np.repeat([ends], taps, axis=0).T.copy(), constant=False)
    weights = np.repeat([[w_code.max_value, w_code.min_value]], taps, axis=0)
    acc = graph.matmul(x, graph.values(w_code, weights, constant=True))
    sums = np.sort(acc.numbers.astype(np.int64).T, axis=1)
    steps = np.stack([sums[:, 0] + 1, sums[:, 1], np.full(2, INT32.max)], axis=1)
    flip = graph.integers(np.array([False, True]), constant=True)
    code = parse_code("unipolar<2>")
    thresholds = graph.integers(steps, constant=True)
    graph.returns(
        graph.threshold(acc, thresholds, code), graph.threshold(acc, thresholds, code, flip)
    )
    check(graph, TARGETS[-1:])
    single = Graph()
    x = single.values(x_code, x.numbers, constant=False)
    acc = single.matmul(x, single.values(w_code, weights, constant=True))
    single.returns(single.threshold(acc, single.integers(steps, constant=True), code))
    for number, strategy in enumerate(STRATEGIES):
        check(single, [turn(number)], strategies=[strategy])
