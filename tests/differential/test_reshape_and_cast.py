"""Reshapes and casts: bytes that only get another type."""

from itertools import product

import numpy as np
import pytest
from xdsl.dialects import arith
from xdsl.dialects.builtin import DenseIntOrFPElementsAttr, IntegerType, TensorType, f32, i8, i32

from lowbit_dialect import reference
from lowbit_dialect.codes import BipolarType, SignedType, UnipolarType, parse_code
from lowbit_dialect.network import Network
from lowbit_dialect.ops.cast import OVERFLOWS, CastOp
from lowbit_dialect.ops.reshape import ReshapeOp
from runtime import compile
from tests.differential.check import TARGETS, check
from tests.differential.graph import Graph, tensor


def reshaped() -> Graph:
    """Arguments, constants and what was computed, of codes and of builtin types."""
    rng, graph, results = np.random.default_rng(0), Graph(), []
    sums = graph.argument(tensor(i32, (3, 4, 5)), rng.integers(-9, 9, (3, 4, 5), np.int32))
    floats = graph.argument(tensor(f32, (7,)), rng.normal(size=7).astype(np.float32))
    code = SignedType(3)
    for constant in (False, True):
        x = graph.values(code, rng.choice(code.values, (2, 3, 3, 19)), constant=constant)
        results.append(graph.apply(lambda x: ReshapeOp.get(x, (19, 18)), x))
    results.append(graph.apply(ReshapeOp.flatten, sums))
    results.append(graph.apply(lambda x: ReshapeOp.get(x, (1, 7, 1)), floats))
    pooled = graph.max_pool2d(x, (2, 2), (1, 1))
    flat = graph.apply(ReshapeOp.flatten, pooled)
    w = graph.values(code, rng.choice(code.values, (4 * 19, 9)), constant=True)
    results.append(graph.matmul(flat, w))
    return graph.returns(*results)


@pytest.mark.parametrize("target", TARGETS)
def test_reshape(target: str) -> None:
    check(reshaped(), [target], 2)


CODES = [kind(bits) for kind in (UnipolarType, SignedType) for bits in (1, 2, 3, 5, 7, 8)]


def casts(overflow: str) -> Graph:
    """Every byte to every code."""
    every = np.arange(-128, 128)
    graph, results = Graph(), []
    x = graph.argument(tensor(i8, (2, 128)), every.reshape(2, 128).astype(np.int8))
    for code, unsigned in product(CODES, (False, True)):

        def cast(x, code=code, unsigned=unsigned) -> CastOp:
            return CastOp.get(x, code, overflow, unsigned)

        value = graph.apply(cast, x)
        results.append(value)
        given = (every % 256 if unsigned else every).tolist()
        for number, found in zip(given, value.numbers.ravel().tolist(), strict=True):
            if overflow == "saturate" or code.min_value <= number <= code.max_value:
                assert found == min(max(number, code.min_value), code.max_value)
            assert overflow == "saturate" or (number - found) % (1 << code.width) == 0
    return graph.returns(*results)


@pytest.mark.parametrize("target", TARGETS)
def test_cast(target: str) -> None:
    for overflow in OVERFLOWS:
        check(casts(overflow), [target])


@pytest.mark.parametrize(
    ("type_", "unsigned", "given", "code", "values"),
    [
        (i8, False, [-3, -1, 1, 3], BipolarType(2), [-3, -1, 1, 3]),
        (IntegerType(4), False, [-8, 7, -1, 0], SignedType(4), [-8, 7, -1, 0]),
        (IntegerType(4), True, [-8, 7, -1, 0], UnipolarType(4), [8, 7, 15, 0]),
        (i8, True, [-1, 2], parse_code("codebook<1, [255, 2]>"), [255, 2]),
    ],
)
def test_constants(type_, unsigned: bool, given: list[int], code, values: list[int]) -> None:
    """i4 and all codes, where the numbers are known."""
    graph = Graph()
    attr = DenseIntOrFPElementsAttr.from_list(TensorType(type_, (len(given),)), given)
    x = graph.insert(arith.ConstantOp(attr), np.array(given))
    value = graph.apply(lambda x: CastOp.get(x, code, None, unsigned), x)
    assert value.numbers.tolist() == values
    check(graph.returns(value), ["host"])


def test_in_the_builder() -> None:
    net = Network(TensorType(i8, (1, 2, 2, 8)))
    x = net.cast(net.inputs[0], "unipolar<2>", "saturate")
    module = net.finish(net.matmul(net.flatten(x), np.ones((32, 3), int), "bipolar<1>"))
    sums = compile(module, use_cache=False)(np.arange(-16, 16, dtype=np.int8).reshape(1, 2, 2, 8))
    assert sums.tolist() == [[1 + 2 + 13 * 3] * 3]
    assert reference.cast([-1], 8, "unipolar<2>", "saturate").tolist() == [0]
