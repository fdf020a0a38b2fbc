"""Average pooling: every rounding, layout, edge and window against exact fractions."""

from itertools import product

import numpy as np
import pytest
from xdsl.ir import SSAValue

from lowbit_dialect import reference
from lowbit_dialect.codes import Code, SignedType, UnipolarType
from lowbit_dialect.ops.pool import AVERAGE_ROUNDINGS, AvgPool2DOp
from tests.differential.check import TARGETS, check
from tests.differential.graph import Graph

WINDOWS = (
    (None, None, (0, 0, 0, 0)),
    ((2, 2), (2, 2), (0, 0, 0, 0)),
    ((3, 3), (2, 1), (1, 2, 2, 0)),
    ((2, 4), (1, 3), (0, 1, 3, 3)),
)
"""Kernel (None: the whole image), strides, padding."""


def averaged(
    code: Code, order: str, window, rounding: str, *, count_padding: bool, seed: int
) -> Graph:
    """Numbers of which some are the ends of the code, with a channel of each of the ends alone."""
    rng, graph = np.random.default_rng(seed), Graph()
    numbers = rng.choice(code.values, (2, 5, 6, 19))
    numbers[..., 0], numbers[..., 1] = code.min_value, code.max_value
    if order == "nchw":
        numbers = numbers.transpose(0, 3, 1, 2)
    x = graph.values(code, np.ascontiguousarray(numbers), constant=False)
    kernel, strides, padding = window

    def pool(x: SSAValue) -> AvgPool2DOp:
        return AvgPool2DOp.get(x, kernel, strides, padding, order, rounding, count_padding)

    return graph.returns(graph.apply(pool, x))


CASES = [*product(WINDOWS, ("nhwc", "nchw"), (UnipolarType(2), SignedType(3), SignedType(8)))]


def cases(rounding: str) -> list[Graph]:
    """A third of all cases of a rounding; the roundings take different ones."""
    first = AVERAGE_ROUNDINGS.index(rounding)
    return [
        averaged(code, order, window, rounding, count_padding=bool(i % 2), seed=i)
        for i, (window, order, code) in enumerate(CASES)
        if (i + first) % 3 == 0
    ]


@pytest.mark.parametrize("rounding", AVERAGE_ROUNDINGS)
def test_every_rounding(rounding: str) -> None:
    for i, graph in enumerate(cases(rounding)):
        check(graph, [TARGETS[i % len(TARGETS)]], 1 + i % 2)


def test_the_largest_window() -> None:
    """2^22 elements of the ends of a byte, of which twice the sum nearly fills 31 bits."""
    for code, ends in ((UnipolarType(8), (0, 255)), (SignedType(8), (-128, 127))):
        graph = Graph()
        numbers = np.empty((1, 2048, 2048, 2), np.int64)
        numbers[..., 0], numbers[..., 1] = ends
        x = graph.values(code, numbers, constant=False)
        pooled = graph.apply(lambda x: AvgPool2DOp.get(x, rounding="half_away"), x)
        assert pooled.numbers.ravel().tolist() == list(ends)
        check(graph.returns(pooled), ["host"])


def test_ties_by_hand() -> None:
    sums = np.array([-5, -3, -1, 1, 3, 5])  # of two elements each
    x = np.stack([sums // 2, sums - sums // 2]).reshape(1, 2, 1, 6)
    expected = {
        "half_even": [-2, -2, 0, 0, 2, 2],
        "half_up": [-2, -1, 0, 1, 2, 3],
        "half_away": [-3, -2, -1, 1, 2, 3],
        "floor": [-3, -2, -1, 0, 1, 2],
    }
    for rounding, values in expected.items():
        found = reference.avg_pool2d(x, (2, 1), rounding=rounding)
        assert found.ravel().tolist() == values
    one = np.full((1, 1, 1, 1), 3)
    for count_padding, value in ((False, 3), (True, 1)):
        found = reference.avg_pool2d(
            one, (2, 2), (1, 1), (1, 0, 1, 0), count_padding=count_padding, rounding="half_up"
        )
        assert found.tolist() == [[[[value]]]]
