"""Networks built from arrays: what they compute, and how their weights lie in the file."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from xdsl.dialects.builtin import TensorType, f32, i32
from xdsl.utils.exceptions import VerifyException

from lowbit_dialect.codes import BipolarType, Code, UnipolarType, parse_code
from lowbit_dialect.interpreters.run import interpret
from lowbit_dialect.layouts.packed import byte_count
from lowbit_dialect.network import Network, dense_layout
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

    net = Network(TensorType(UNIPOLAR2, (1, 7, 4, 4)))
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
    net = Network()
    module = net.finish(net.weights(weights, code))
    constant = next(op for op in module.walk() if isinstance(op, ConstantOp))
    assert np.array_equal(constant.values, weights)
    assert np.array_equal(np.asarray(interpret(module, "main")[0]), weights)


def test_wrong_weights_and_wrong_shapes_are_named() -> None:
    net = Network(TensorType(UnipolarType(2), (1, 4, 4, 2)))
    with pytest.raises(ValueError, match=r"0 at index .* is not a value of code bipolar<1>"):
        net.weights(np.array([1, 0]), "bipolar<1>")
    acc = net.conv2d(net.inputs[0], np.ones((3, 1, 1, 2), np.int8), "bipolar<1>")
    with pytest.raises(VerifyException, match="3 channels"):
        net.finish(net.threshold(acc, np.zeros((2, 1), np.int32), "unipolar<1>"))


THRESHOLDS = [
    [1.5, 3.5, 6.5],
    [-3.5, -0.0, 0.5],
    [1, 3, 2**31],
    [2**31, 2**31 + 1, 2**40],
    [-(2**40), -(2**31) - 1, 2],
    [1.0, 3.0, np.inf],
    [-np.inf, 3, 5],
    [-np.inf, -1e30, 1e30],
    [2.0**31 - 0.5, 2.0**31, 2.0**60],
    [-(2.0**31), -(2.0**31) + 0.5, 2.0**31 - 1],
]


@pytest.mark.parametrize("flip", [False, True])
@pytest.mark.parametrize("row", THRESHOLDS)
def test_thresholds_are_any_numbers(row: list[float], flip: bool) -> None:
    x = np.where(np.arange(9)[:, None] > np.arange(8), 1, -1).reshape(9, 1, 1, 8)
    sums = x.sum(axis=3).reshape(-1)
    want = [int((np.array(row) <= (-s if flip else s)).sum()) for s in sums.tolist()]
    for dtype in (None, ">f8", "f4", "i8"):
        if dtype == "i8" and not np.isfinite(row).all():
            continue
        given = np.array([row], dtype)
        if given.tolist() != [row]:
            continue
        net = Network(TensorType(BipolarType(1), x.shape))
        acc = net.conv2d(net.inputs[0], np.ones((1, 1, 1, 8), int), "bipolar<1>")
        module = net.finish(net.threshold(acc, given, UNIPOLAR2, [flip]))
        assert np.asarray(interpret(module, "main", x)[0]).reshape(-1).tolist() == want


def test_thresholds_that_no_i32_stands_for() -> None:
    net = Network(TensorType(i32, (1, 4)))
    with pytest.raises(ValueError, match=r"thresholds: 2147483648 at index \[0, 1\] does not fit"):
        net.threshold(net.inputs[0], [[1, 2**31]], "unipolar<2>")
    net.threshold(net.inputs[0], [[-(2**40), 2**31 - 1]], "unipolar<2>")
    total = net.inputs[0]
    for _ in range(2000):  # neither deep nor slow
        total = net.add(total, net.inputs[0])
    with pytest.raises(ValueError, match=r"thresholds: inf at index \[0, 0\] does not fit"):
        net.threshold(total, [[np.inf]], "unipolar<1>")
    small = net.add(net.constant([[5, -6, 7, 8]]), net.constant(np.ones((1, 4), int)))
    net.threshold(small, [[np.inf]], "unipolar<1>")


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ([[np.nan, 1.0]], r"thresholds: NaN at index \[0, 0\]"),
        (None, "thresholds: cannot be read as an array"),
        ("text", "thresholds: expected integers or floats, got dtype <U4"),
        ([[1j]], "thresholds: expected integers or floats, got dtype complex128"),
        ([[True]], "thresholds: expected integers or floats, got dtype bool"),
        ([[1], [1, 2]], "thresholds: cannot be read as an array"),
    ],
)
def test_thresholds_that_are_no_numbers(given: Any, says: str) -> None:
    net = Network(TensorType(i32, (1, 4)))
    with pytest.raises(ValueError, match=says):
        net.threshold(net.inputs[0], given, "unipolar<2>")


def test_constants_are_exact_or_refused() -> None:
    net = Network()
    ends = [[-(2**31), 2**31 - 1], [7, -9]]
    given = [np.array(ends, d) for d in ("<i4", ">i4", "<i8", ">i8")]
    given += [np.asfortranarray(given[3]), np.array(ends)[::-1, ::-1].copy()[::-1, ::-1]]
    module = net.finish(*map(net.constant, (*given, [[True, False]], 5)))
    results = [np.asarray(r).tolist() for r in interpret(module, "main")]
    assert results == [*[ends] * len(given), [[True, False]], 5]
    for bad, says in (
        ([2**31], r"constant: 2147483648 at index \[0\] does not fit in int32"),
        (np.array([[0, 2**63]], np.uint64), r"constant: 9223372036854775808 at index \[0, 1\]"),
        ([-(2**31) - 1], "constant: -2147483649 at index"),
        ([1.0], "constant: expected integers or booleans, got dtype float64"),
        ([2**70], "constant: cannot be read as an array of numbers"),
        ("a", "constant: expected integers or booleans"),
    ):
        with pytest.raises(ValueError, match=says):
            Network().constant(bad)


def test_scales_are_f32() -> None:
    net = Network(TensorType(i32, (2, 3)))
    x = net.inputs[0]
    given = (0.5, [0.25], np.array([1, 2, 4], ">i2"), np.full(3, 0.1))
    module = net.finish(*(net.dequantize(x, scale) for scale in given))
    acc = np.arange(6).reshape(2, 3)
    for result, scale in zip(interpret(module, "main", acc), given, strict=True):
        assert np.array_equal(np.asarray(result), dequantize(acc, scale))
    refusing = Network(TensorType(i32, (2, 3)))
    for bad in (0, -1.0, np.nan, np.inf, 1e39, 1e-60, [1.0, -2.0, 1.0], "a", None, [], [[1.0]]):
        with pytest.raises(ValueError, match="scale: "):
            refusing.dequantize(refusing.inputs[0], bad)


class Producer:
    """A tensor of a framework that knows DLPack before version 1."""

    def __init__(self, array: NDArray):
        self.array = array

    def __dlpack__(self, stream: Any = None) -> Any:
        return self.array.__dlpack__()

    def __dlpack_device__(self) -> Any:
        return self.array.__dlpack_device__()


def test_arguments_as_people_write_them() -> None:
    w = values(BipolarType(1), (4, 3, 3, 2))
    x = values(UNIPOLAR2, (1, 6, 6, 2))

    def result(weights: Any = w, **clauses: Any) -> list:
        net = Network(TensorType(UNIPOLAR2, (1, 6, 6, 2)))
        module = net.finish(net.conv2d(net.inputs[0], weights, "bipolar<1>", **clauses))
        return np.asarray(interpret(module, "main", x)[0]).tolist()

    plain = conv2d(x, w).tolist()
    for weights in (w.tolist(), Producer(w), w.astype(">i2"), np.asfortranarray(w), w.astype("i1")):
        assert result(weights) == plain
    assert result(layout="NHWC") == plain
    for padding in (1, (1, 1), ((1, 1), (1, 1)), [1, 1, 1, 1], np.int8(1), np.ones((2, 2), int)):
        assert result(padding=padding) == conv2d(x, w, padding=(1, 1, 1, 1)).tolist()
    assert result(padding=(0, 2)) == conv2d(x, w, padding=(0, 0, 2, 2)).tolist()
    assert result(padding=(1, (0, 2))) == conv2d(x, w, padding=(1, 1, 0, 2)).tolist()
    assert result(strides=2, dilation=2) == conv2d(x, w, strides=(2, 2), dilation=(2, 2)).tolist()

    net = Network(TensorType(UNIPOLAR2, (1, 6, 6, 2)), TensorType(UNIPOLAR2, (2, 5)))
    product = net.matmul(net.inputs[1], np.ones((5, 3), int), "bipolar<1>")
    module = net.finish(net.max_pool2d(net.inputs[0], 2), product)
    pooled, sums = interpret(module, "main", x, np.ones((2, 5), int))
    assert np.array_equal(np.asarray(pooled), max_pool2d(x, (2, 2)))
    assert np.asarray(sums).tolist() == [[5] * 3] * 2


MISTAKES: list[tuple[Callable[[Any, Any, Any], Any], str]] = [
    (lambda net, x, acc: net.conv2d(x, None, "bipolar<1>"), "weights: cannot be read as an array"),
    (lambda net, x, acc: net.conv2d(x, 1, "bipolar<1>"), "weights: expected a dimension"),
    (lambda net, x, acc: net.conv2d(x, np.ones((0, 1, 1, 2), int), "bipolar<1>"), "weights: "),
    (
        lambda net, x, acc: net.conv2d(x, np.ones((1, 1, 1, 2)), "bipolar<1>"),
        "weights: expected in",
    ),
    (lambda net, x, acc: net.conv2d(x, [[[[0, 1]]]], "bipolar<1>"), "weights: 0 at index"),
    (lambda net, x, acc: net.conv2d(np.ones(3), [1], "bipolar<1>"), "x: expected a tensor of the"),
    (lambda net, x, acc: net.conv2d(x, [[[[1, 1]]]], 2), "expected a code such as 'unipolar<2>'"),
    (lambda net, x, acc: net.conv2d(x, [[[[1, 1]]]], "b<1>"), "unknown code 'b<1>'"),
    (lambda net, x, acc: net.conv2d(x, [[[[1, 1]]]], "bipolar<1>", padding="same"), "padding: exp"),
    (
        lambda net, x, acc: net.conv2d(x, [[[[1, 1]]]], "bipolar<1>", padding=(1, 1.5)),
        r"padding\[1",
    ),
    (lambda net, x, acc: net.conv2d(x, [[[[1, 1]]]], "bipolar<1>", strides="22"), "strides: expec"),
    (lambda net, x, acc: net.conv2d(x, [[[[1, 1]]]], "bipolar<1>", groups=1.0), "groups: expected"),
    (lambda net, x, acc: net.conv2d(x, [[[[1, 1]]]], "bipolar<1>", dilation=2**70), "dilation: "),
    (
        lambda net, x, acc: net.conv2d(x, [[[[1, 1]]]], "bipolar<1>", layout="HWC"),
        "layout 'HWC' is",
    ),
    (lambda net, x, acc: net.max_pool2d(x, "2"), "kernel: expected an integer or two"),
    (lambda net, x, acc: net.max_pool2d(x, 2, (1, 1, 1)), "strides: expected an integer or two"),
    (lambda net, x, acc: net.max_pool2d(acc, 2), "x must be a tensor of a value code"),
    (lambda net, x, acc: net.matmul(x, [[1]], "bipolar<1>"), "x must have 2 dimensions, got 4"),
    (lambda net, x, acc: net.threshold(acc, [[1]] * 3, "unipolar<1>", [2, 0, 0]), "flip: 2 at ind"),
    (lambda net, x, acc: net.threshold(acc, [[1]] * 3, "unipolar<1>", [0.5]), "flip: expected dt"),
    (
        lambda net, x, acc: net.threshold(acc, [1, 2], "unipolar<1>"),
        "must have 2 dimensions, got 1",
    ),
    (lambda net, x, acc: net.threshold(acc, [[1]] * 3, "unipolar<1>", axis=0.5), "axis: expected"),
    (lambda net, x, acc: net.threshold(acc, [[1]] * 3, "unipolar<1>", axis=9), "axis 9 is not"),
    (lambda net, x, acc: net.shift(acc, 1.5, 0, "unipolar<1>"), "offset: expected integers"),
    (lambda net, x, acc: net.shift(acc, 0, [1, 2**31, 0], "unipolar<1>"), "shift: 2147483648 at i"),
    (lambda net, x, acc: net.shift(acc, 0, [1, 32, 0], "unipolar<1>"), "shift must lie in 0 .. 31"),
    (lambda net, x, acc: net.shift(acc, [0, 0], 0, "unipolar<1>"), "offset must be tensor<3xi32>"),
    (lambda net, x, acc: net.shift(acc, 0, 0, "unipolar<1>", lo="0"), "lo: expected an integer"),
    (lambda net, x, acc: net.shift(acc, 0, 0, "unipolar<1>", hi=2), "lo 0 and hi 2 must satisfy"),
    (lambda net, x, acc: net.shift(acc, 0, 0, "unipolar<1>", axis=4), "axis 4 is not a dim|rank"),
    (
        lambda net, x, acc: net.glue(acc, np.sign, "unipolar<1>", axis=4),
        "axis 4 is not a dimension",
    ),
    (lambda net, x, acc: net.add(acc, np.ones(3)), "rhs: expected a tensor of the network"),
    (lambda net, x, acc: net.add(acc, acc, "i32"), "unknown code 'i32'"),
    (lambda net, x, acc: net.add(acc, acc, f32), "expected a code such as"),
    (lambda net, x, acc: net.quantize(x, "unipolar<2>", 1), "x must be tensor<.*f32>"),
    (lambda net, x, acc: net.finish(5), "result 0: expected a tensor of the network"),  # pyright: ignore
    (lambda net, x, acc: Network("tensor<1xi32>"), "input 0: expected a TensorType"),  # pyright: ignore
    (lambda net, x, acc: Network(("unipolar<9>", (1,))), "input 0: bad code 'unipolar<9>'"),
    (lambda net, x, acc: Network(("f16", (1,))), "input 0: unknown code 'f16'"),
    (lambda net, x, acc: Network(("f32", 5)), "input 0: expected a shape"),  # pyright: ignore
    (lambda net, x, acc: Network(("f32", "15")), "input 0: expected a shape"),  # pyright: ignore
    (lambda net, x, acc: Network(("f32", (1.5,))), "input 0: shape: expected an integer"),  # pyright: ignore
    (lambda net, x, acc: Network((5, (1,))), "input 0: expected a code"),  # pyright: ignore
    (lambda net, x, acc: Network(name=5), "name: expected a text"),  # pyright: ignore
]


@pytest.mark.parametrize("method", ["threshold", "glue", "shift"])
def test_tensors_of_another_network_are_refused(method: str) -> None:
    other = Network(TensorType(i32, (2, 3)), TensorType(UNIPOLAR2, (2, 3)))
    sums, levels = other.inputs
    net = Network(TensorType(i32, (2, 3)), TensorType(UNIPOLAR2, (2, 3)))
    says = "expected a tensor of the network, got one of another network"
    arguments: dict[str, tuple[Any, ...]] = {
        "threshold": ([[1]] * 3, "unipolar<1>"),
        "glue": (np.sign, "signed<2>"),
        "shift": (0, 0, "unipolar<1>"),
    }
    calls: list[tuple[str, Callable[[], Any]]] = [
        ("acc", lambda: getattr(net, method)(sums, *arguments[method])),
        ("x", lambda: net.conv2d(levels, [[[[1]]]], "bipolar<1>")),
        ("x", lambda: net.matmul(levels, [[1]] * 3, "bipolar<1>")),
        ("x", lambda: net.max_pool2d(levels, 2)),
        ("x", lambda: net.quantize(sums, "unipolar<2>", 1)),
        ("x", lambda: net.dequantize(sums, 1)),
        ("lhs", lambda: net.add(sums, net.inputs[0])),
        ("rhs", lambda: net.add(net.inputs[0], other.add(sums, sums))),
        ("result 1", lambda: net.finish(net.inputs[0], sums)),
    ]
    for name, call in calls:
        with pytest.raises(ValueError, match=f"^{name}: {says}"):
            call()
    net.finish(net.inputs[0])  # what was refused has left nothing behind


@pytest.mark.parametrize(("mistake", "says"), MISTAKES)
def test_mistakes_are_named(mistake: Callable[..., Any], says: str) -> None:
    net = Network(TensorType(UNIPOLAR2, (1, 4, 4, 2)))
    acc = net.conv2d(net.inputs[0], np.ones((3, 1, 1, 2), np.int8), "bipolar<1>")
    with pytest.raises((ValueError, VerifyException), match=says):
        net.finish(mistake(net, net.inputs[0], acc))


def test_a_network_is_finished_once() -> None:
    net = Network(TensorType(i32, (3,)))
    net.finish(net.inputs[0])
    for again in (lambda: net.finish(net.inputs[0]), lambda: net.constant([1])):
        with pytest.raises(ValueError, match="the network is finished"):
            again()
