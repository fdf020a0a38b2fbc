"""Operations of f32 against numpy in float64, within bounds that each case states."""

from collections.abc import Callable, Mapping
from functools import partial

import numpy as np
import pytest
from xdsl.dialects.builtin import StringAttr, TensorType, f32, i32
from xdsl.ir import Attribute, SSAValue

from lowbit_dialect import reference
from lowbit_dialect.network import Network
from lowbit_dialect.ops.activations import PReluOp, UnaryOp
from lowbit_dialect.ops.base import floats
from lowbit_dialect.ops.binary import BinaryOp
from lowbit_dialect.ops.contraction import conv_clauses
from lowbit_dialect.ops.float_contraction import FloatConv2DOp, FloatMatmulOp
from lowbit_dialect.ops.floats import AffineOp, BatchNormOp, ClipOp, FloatOp, RoundOp
from lowbit_dialect.ops.move import PadOp, SliceOp, TransposeOp
from lowbit_dialect.ops.pool import AvgPool2DOp, MaxPool2DOp
from lowbit_dialect.ops.reduce import ReduceOp
from lowbit_dialect.ops.resize import ResizeOp
from runtime import compile
from tests.differential.check import TARGETS
from tests.differential.graph import Graph, Numbers, Value, module_of, tensor

RNG = np.random.default_rng(15)
SPECIAL = (
    np.nan,
    np.inf,
    -np.inf,
    0.0,
    -0.0,
    0.5,
    -0.5,
    1.5,
    2.5,
    -2.5,
    1e-10,
    -1e-10,
    3e38,
    2.0**24,
)


def numbers(*shape: int, scale: float = 3.0) -> Numbers:
    return (scale * RNG.standard_normal(shape)).astype(np.float32)


def argument(graph: Graph, values: Numbers) -> Value:
    return graph.argument(tensor(f32, values.shape), values)


def function_of(kind: type[FloatOp], clauses: Mapping[str, Attribute], x: SSAValue) -> FloatOp:
    return kind.build_op([x], [x.type], **clauses)


def exact_functions() -> Graph:
    """Functions whose every step the reference takes, too: equal bit for bit, but for NaN's."""
    graph, results = Graph(), []
    special = np.resize(np.array(SPECIAL, np.float32), (3, 4, 19))
    per_channel = floats(np.linspace(0.25, 3, 19).tolist())
    for values in (numbers(3, 4, 19), special):
        x = argument(graph, values)
        for kind, clauses in (
            (AffineOp, {"scale": per_channel, "offset": floats([-0.75])}),
            (BatchNormOp, {"mean": floats([0.5]), "variance": per_channel, "gamma": per_channel}),
            (ClipOp, {"low": floats([0.0])}),
            (ClipOp, {"low": floats([-1.0]), "high": per_channel}),
            (PReluOp, {"slope": floats([0.1])}),
            *((RoundOp, {"to": StringAttr(to)}) for to in ("half_even", "half_up")),
            *((RoundOp, {"to": StringAttr(to)}) for to in ("half_away", "floor")),
        ):
            results.append(graph.apply(partial(function_of, kind, clauses), x))
    return graph.returns(*results)


def exact_movements() -> Graph:
    """Functions of two numbers, extremes, and elements that are moved."""
    graph, results = Graph(), []
    a, b = argument(graph, numbers(3, 4, 19)), argument(graph, numbers(4, 1))
    for function in ("add", "sub", "mul", "div", "max", "min"):
        make = partial(BinaryOp.get, function=function)
        results += [graph.apply(make, a, b), graph.apply(make, b, a)]
    for make in (
        lambda v: TransposeOp.get(v, [2, 0, 1]),
        lambda v: SliceOp.get(v, [1, 0, 2], [2, 2, 8], [1, 2, 2]),
        lambda v: PadOp.get(v, [0, 1, 2], [1, 0, 3]),
        lambda v: PadOp.get(v, [2, 0, 0], [0, 1, 0], 0.5),
        lambda v: ResizeOp.get(v, 1, 7, "linear", "align_corners"),
        lambda v: ResizeOp.get(v, 2, 30, "linear"),
        lambda v: ResizeOp.get(v, 0, 2, "nearest", "asymmetric"),
        lambda v: ReduceOp.get(v, "max", [1]),
        lambda v: ReduceOp.get(v, "min", [0, 2]),
        lambda v: ReduceOp.get(v, "argmax", [2]),
        lambda v: ReduceOp.get(v, "argmax", [0]),
    ):
        results.append(graph.apply(make, a))
    image = argument(graph, numbers(1, 6, 7, 19))
    results.append(graph.apply(lambda v: MaxPool2DOp.get(v, (3, 2), (2, 1), (1, 1, 1, 0)), image))
    return graph.returns(*results)


def sums() -> Graph:
    """Sums of products, of windows and along dimensions: an ulp for each summand of 1."""
    graph, results = Graph(), []

    def conv(shape, window, oc, groups=1, **clauses) -> None:
        x = argument(graph, numbers(*shape, scale=1))
        w = argument(graph, numbers(*window, shape[3] // groups, oc, scale=1))
        found = conv_clauses(groups=groups, **clauses)
        del found["layout"]
        results.append(graph.apply(partial(FloatConv2DOp.get, **found), x, w))

    conv((1, 9, 30, 3), (3, 3), 16, strides=(2, 2), padding=(1, 1, 1, 1))
    conv((2, 5, 4, 6), (3, 2), 21, padding=(1, 0, 2, 1), dilation=(2, 1))
    conv((1, 6, 5, 24), (3, 3), 24, groups=24, padding=(1, 1, 1, 1))
    conv((1, 6, 5, 12), (1, 1), 20, groups=4)
    for m, k, n in ((1, 40, 130), (13, 33, 1)):
        x, w = argument(graph, numbers(m, k, scale=1)), argument(graph, numbers(k, n, scale=1))
        results.append(graph.apply(FloatMatmulOp.get, x, w))
    a = argument(graph, numbers(3, 4, 19, scale=1))
    for function, axes in (("sum", [2]), ("mean", [0, 1]), ("mean", [1, 2]), ("sum", [0])):
        results.append(graph.apply(partial(ReduceOp.get, function=function, axes=axes), a))
    image = argument(graph, numbers(1, 6, 7, 19, scale=1))
    nchw = argument(graph, numbers(1, 3, 6, 7, scale=1))
    results += [
        graph.apply(lambda v: AvgPool2DOp.get(v, (3, 2), (2, 1), (1, 1, 1, 0)), image),
        graph.apply(AvgPool2DOp.get, image),
        graph.apply(lambda v: AvgPool2DOp.get(v, (3, 3), (1, 1), (1, 1, 1, 1), "nchw"), nchw),
        graph.apply(
            lambda v: AvgPool2DOp.get(v, (2, 2), (1, 1), (1, 1, 0, 0), count_padding=True), image
        ),
    ]
    return graph.returns(*results)


def math_functions() -> Graph:
    """exp, sigmoid and tanh, from one end of f32 to the other."""
    graph, results = Graph(), []
    ends = np.array([-200, -104, -88, -87, 88.7, 89, 200, *SPECIAL], np.float32)
    values = np.concatenate([np.linspace(-95, 95, 4001), np.linspace(-1.5, 1.5, 2001), ends])
    x = argument(graph, values.astype(np.float32))
    for name in ("exp", "sigmoid", "tanh"):
        clauses = {"function": StringAttr(name)}
        results.append(graph.apply(partial(function_of, UnaryOp, clauses), x))
    return graph.returns(*results)


def close(found: Numbers, expected: Numbers, ulps: float, tiny: float) -> Numbers:
    """Where numbers are equal, both NaN, or within so many ulp of the expected one, plus `tiny`."""
    if expected.dtype != np.float32:
        return found == expected
    with np.errstate(invalid="ignore"):
        error = np.abs(found.astype(np.float64) - expected)
        near = error <= ulps * np.spacing(np.abs(expected)) + tiny
    return near | (found == expected) | (np.isnan(found) & np.isnan(expected))


CASES: dict[str, tuple[Callable[[], Graph], float, float]] = {
    "functions": (exact_functions, 0, 0),
    "movements": (exact_movements, 0, 0),
    "sums": (sums, 0, 2e-5),
    "exp, sigmoid, tanh": (math_functions, 4, 2.0**-126),
}
"""Graph, ulps of the result, and an absolute error."""


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("name", CASES)
def test_against_numpy(name: str, target: str) -> None:
    make, ulps, tiny = CASES[name]
    graph = make()
    module = module_of(graph)
    results = compile(module, target)(*(value.numbers for value in graph.inputs))
    for found, value in zip(results, graph.results, strict=True):
        assert found.dtype == (np.int32 if value.type.element_type == i32 else np.float32)
        agrees = close(np.asarray(found), value.numbers, ulps, tiny)
        assert agrees.all(), (found[~agrees][:5], value.numbers[~agrees][:5])


def test_network_of_floats() -> None:
    """A float stem and head written with `Network`, against numpy in float64."""
    net = Network(TensorType(f32, (1, 8, 8, 3)))
    filters, classes = numbers(20, 3, 3, 3, scale=0.2), numbers(20, 7, scale=0.2)
    x = net.float_conv2d(net.inputs[0], filters, strides=2, padding=1)
    x = net.prelu(net.batch_norm(x, 0.1, 2.0), 0.25)
    x = net.binary(x, net.unary(x, "sigmoid"), "mul")
    pooled = net.reshape(net.reduce(x, "mean", (1, 2)), (1, 20))
    logits = net.binary(net.float_matmul(pooled, classes), np.float32(0.5), "add")
    scores = net.softmax(logits)
    module = net.finish(scores, net.reduce(scores, "argmax"))
    image = numbers(1, 8, 8, 3)
    found, best = compile(module)(image)

    y = reference.float_conv2d(image, filters.transpose(1, 2, 3, 0), 2, 1).astype(np.float64)
    y = (y - np.float32(0.1)) / np.sqrt(2.0 + 1e-5)
    y = np.where(y > 0, y, 0.25 * y)
    y = (y / (1 + np.exp(-y))).mean((1, 2)) @ classes + 0.5
    y = np.exp(y) / np.exp(y).sum()
    np.testing.assert_allclose(found, y, rtol=1e-5)
    assert best.tolist() == [[int(np.argmax(y))]]


def test_sums_do_not_depend_on_threads() -> None:
    graph = sums()
    run = compile(module_of(graph))
    inputs = [value.numbers for value in graph.inputs]
    for one, four in zip(run(*inputs), run(*inputs, num_threads=4), strict=True):
        assert np.array_equal(one, four)


@pytest.mark.parametrize(("element", "dtype"), [("i8", np.int8), ("i32", np.int32)])
def test_pad_of_integers(element: str, dtype: type) -> None:
    """Rows of integers get integers around them."""
    net = Network((element, (3, 5)))
    padded = compile(net.finish(net.pad(net.inputs[0], [1, 0], [2, 3])), use_cache=False)
    x = RNG.integers(-100, 100, (3, 5)).astype(dtype)
    np.testing.assert_array_equal(padded(x), np.pad(x, [(1, 2), (0, 3)]))
