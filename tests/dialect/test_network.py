"""Networks built from arrays: what they compute, and how their weights lie in the file."""

import numpy as np
import pytest
from numpy.typing import NDArray
from xdsl.dialects.builtin import TensorType
from xdsl.utils.exceptions import VerifyException

from lowbit_dialect.codes import Code, UnipolarType, parse_code
from lowbit_dialect.interpreters.run import interpret
from lowbit_dialect.layout import byte_count
from lowbit_dialect.network import NetworkBuilder, dense_layout
from lowbit_dialect.ops.pack import ConstantOp, with_encoding
from lowbit_dialect.reference import (
    add,
    conv2d,
    dequantize,
    fused_glue_threshold,
    max_pool2d,
)

RNG = np.random.default_rng(0)
UNIPOLAR2 = parse_code("unipolar<2>")


def values(code: Code, shape: tuple[int, ...]) -> NDArray[np.int64]:
    return RNG.choice(code.values, shape)


def test_a_network_computes_what_its_layers_say() -> None:
    ternary = values(parse_code("signed<2>"), (6, 3, 2, 2))
    binary = values(parse_code("bipolar<1>"), (8, 2, 2, 6))
    thresholds = np.sort(RNG.integers(-9, 9, (6, 3)), axis=1)
    flip = RNG.choice([False, True], 6)
    bias = RNG.integers(-5, 5, (1, 2, 2, 8))
    clauses = {"strides": (2, 1), "padding": (1, 1, 0, 1), "groups": 2}

    net = NetworkBuilder(TensorType(UNIPOLAR2, (1, 7, 4, 4)))
    acc = net.conv2d(net.inputs[0], ternary, "signed<2>", **clauses)
    level = net.threshold(acc, thresholds, UNIPOLAR2, flip)
    pooled = net.max_pool2d(level, (2, 2), (1, 1))
    logits = net.add(net.conv2d(pooled, binary, "bipolar<1>"), net.constant(bias))
    module = net.finish(logits, net.dequantize(logits, [0.5]))

    x = values(UNIPOLAR2, (1, 7, 4, 4))
    expected = fused_glue_threshold(conv2d(x, ternary, **clauses), thresholds, UNIPOLAR2, flip)
    expected = add(conv2d(max_pool2d(expected, (2, 2), (1, 1)), binary), bias)
    results = interpret(module, "main", x)
    assert np.array_equal(np.asarray(results[0]), expected)
    assert np.array_equal(np.asarray(results[1]), dequantize(expected, 0.5))


@pytest.mark.parametrize(
    ("shape", "axis"), [((32, 3, 3, 1), 0), ((10, 2, 2, 64), 3), ((3, 3, 8, 5), 2), ((7,), 0)]
)
def test_weights_are_packed_along_the_dimension_that_wastes_least(
    shape: tuple[int, ...], axis: int
) -> None:
    type_ = TensorType(parse_code("bipolar<1>"), shape)
    layout = dense_layout(type_)
    assert layout.axis.data == axis
    assert byte_count(with_encoding(type_, layout)) == -(-np.prod(shape) // 8)


def test_weights_come_back_from_their_bytes() -> None:
    code = parse_code("signed<3>")
    weights = values(code, (5, 3, 3, 7))
    net = NetworkBuilder()
    module = net.finish(net.weights(weights, code))
    constant = next(op for op in module.walk() if isinstance(op, ConstantOp))
    assert np.array_equal(constant.values, weights)
    assert np.array_equal(np.asarray(interpret(module, "main")[0]), weights)


def test_wrong_weights_and_wrong_shapes_are_named() -> None:
    net = NetworkBuilder(TensorType(UnipolarType(2), (1, 4, 4, 2)))
    with pytest.raises(ValueError, match=r"0 at index .* is not a value of code bipolar<1>"):
        net.weights(np.array([1, 0]), "bipolar<1>")
    acc = net.conv2d(net.inputs[0], np.ones((3, 1, 1, 2), np.int8), "bipolar<1>")
    with pytest.raises(VerifyException, match="3 channels"):
        net.finish(net.threshold(acc, np.zeros((2, 1), np.int32), "unipolar<1>"))
