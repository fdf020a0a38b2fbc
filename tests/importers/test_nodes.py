"""Nodes one by one against ONNX's executor: in integers, where elements move, and in floats."""

import warnings
from collections.abc import Callable, Sequence

import numpy as np
import pytest
from numpy.typing import NDArray
from xdsl.dialects.builtin import ModuleOp

from lowbit_dialect.interpreters import interpret
from lowbit_dialect.interpreters.values import to_values
from lowering.importers.import_onnx import import_model
from lowering.importers.lower_model import LoweredModel, Model
from lowering.importers.model_file import ModelError
from runtime import compile
from tests.importers.networks import Net, executed

SHAPE = (2, 4, 6, 6)
X = np.random.default_rng(5).normal(size=SHAPE).astype(np.float32)

Build = Callable[[Net, str], str]


def _ints(net: Net, *numbers: int) -> str:
    return net.constant(list(numbers), np.int64)


def _weights(net: Net, *shape: int) -> str:
    return net.constant(np.random.default_rng(7).normal(size=shape))


def _joined(net: Net, x: str) -> str:
    parts = [net.quant(x, scale, 3) for scale in (0.5, 0.3)]
    return net.node("Concat", *parts, axis=1)


def _unequal(net: Net, x: str) -> str:
    return net.node("Add", net.quant(x, 0.5, 3), net.quant(x, 0.3, 3))


def _split(net: Net, x: str) -> str:
    net.node("Split", x, axis=1)
    node = net.nodes[-1]
    node.output.append("second")
    return net.node("Concat", "second", node.output[0], axis=1)


def _upsampled(net: Net, x: str, rows: float = 2) -> str:
    scales = net.constant([1, 1, rows, 3])
    modes = {"nearest_mode": "floor", "coordinate_transformation_mode": "asymmetric"}
    return net.node("Resize", x, "", scales, **modes)


MOVES: dict[str, Build] = {
    "Transpose": lambda net, x: net.node("Transpose", x, perm=[0, 2, 3, 1]),
    "Slice": lambda net, x: net.node(
        "Slice", x, *(_ints(net, *n) for n in ((1, 0), (4, 99), (1, -1), (2, 3)))
    ),
    "Split": _split,
    "Pad": lambda net, x: net.node("Pad", x, _ints(net, 0, 0, 1, 0, 0, 0, 2, 1)),
    "DepthToSpace DCR": lambda net, x: net.node("DepthToSpace", x, blocksize=2),
    "DepthToSpace CRD": lambda net, x: net.node("DepthToSpace", x, blocksize=2, mode="CRD"),
    "SpaceToDepth": lambda net, x: net.node("SpaceToDepth", x, blocksize=3),
    "Resize": _upsampled,
    "Squeeze": lambda net, x: net.node(
        "Squeeze", net.node("Unsqueeze", x, _ints(net, 2)), _ints(net, 2)
    ),
}

FLOATS: dict[str, Build] = {
    "Conv": lambda net, x: net.node(
        "Conv", x, _weights(net, 6, 2, 3, 3), _weights(net, 6), group=2, pads=[1, 0, 1, 2]
    ),
    "MatMul": lambda net, x: net.node("MatMul", x, _weights(net, 6, 5)),
    "Gemm": lambda net, x: net.node(
        "Gemm", net.node("Flatten", x), _weights(net, 5, 144), _weights(net, 5),
        transB=1, alpha=0.5, beta=2.0,
    ),
    "MaxPool": lambda net, x: net.node("MaxPool", x, kernel_shape=[3, 2], strides=[2, 1]),
    "AveragePool": lambda net, x: net.node(
        "AveragePool", x, kernel_shape=[3, 3], pads=[1, 1, 1, 1]
    ),
    "AveragePool beyond its padding": lambda net, x: net.node(
        "AveragePool", x, kernel_shape=[3, 3], strides=[3, 2], pads=[1, 0, 1, 0], ceil_mode=1,
        count_include_pad=1,
    ),
    "GlobalAveragePool": lambda net, x: net.node("GlobalAveragePool", x),
    "ReduceMean": lambda net, x: net.node("ReduceMean", x, axes=[1, 3], keepdims=0),
    "Softmax": lambda net, x: net.node("Softmax", x, axis=1),
    "Sigmoid": lambda net, x: net.node("Sigmoid", x),
    "Tanh": lambda net, x: net.node("Tanh", x),
    "LeakyRelu": lambda net, x: net.node("LeakyRelu", x, alpha=0.25),
    "PRelu": lambda net, x: net.node("PRelu", x, net.constant(np.full((4, 1, 1), 0.5))),
    "HardSigmoid": lambda net, x: net.node("HardSigmoid", x),
    "Mul": lambda net, x: net.node("Mul", x, net.node("Sigmoid", x)),
    "Div": lambda net, x: net.node("Div", net.constant(2.0), net.node("Exp", x)),
    "Concat": _joined,
    "Add": _unequal,
}  # fmt: skip


def lowered(build: Build, *, quantised: bool) -> tuple[LoweredModel, NDArray]:
    """A model of one node, and what the executor computes."""
    net = Net(SHAPE)
    x = net.quant("x", 0.4, 3) if quantised else "x"
    y = build(net, x)
    model = net.model(y)
    expected = executed(model, X)[y]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return Model("net", import_model(model), ("x",), (y,)).lowered(), expected


def computed(module: ModuleOp, arrays: Sequence[NDArray]) -> NDArray:
    return np.asarray(to_values(interpret(module, "main", *arrays)[0]))


@pytest.mark.parametrize("name", MOVES)
def test_elements_move_as_integers(name: str) -> None:
    for quantised in (True, False):
        found, expected = lowered(MOVES[name], quantised=quantised)
        assert np.array_equal(computed(found.module, [X]), expected)
        if quantised:  # the last operation alone makes floats
            names = [op.name for op in found.module.walk() if op.name.startswith("lowbit")]
            assert names.index("lowbit.dequantize") == len(names) - 1


@pytest.mark.parametrize("name", FLOATS)
def test_floats(name: str) -> None:
    found, expected = lowered(FLOATS[name], quantised=False)
    assert np.allclose(computed(found.module, [X]), expected, 1e-5, 1e-6)


def test_floats_are_reported() -> None:
    found, _ = lowered(FLOATS["Add"], quantised=False)
    whys = [record.why_float for record in found.converted.records if record.why_float]
    assert whys == ["the scales of the branches have the ratio 0.6"]


def test_compiled() -> None:
    """Some of the nodes in one network."""
    net = Net(SHAPE)
    x = "x"
    for name in ("Conv", "LeakyRelu", "MaxPool"):
        x = FLOATS[name](net, x)
    x = net.node("Softmax", net.node("GlobalAveragePool", net.quant(x, 0.3, 4)), axis=1)
    model = net.model(x)
    found = Model("net", import_model(model), ("x",), (x,)).lowered()
    assert np.allclose(compile(found.module)(X), executed(model, X)[x], 1e-5, 1e-6)


@pytest.mark.parametrize(
    ("build", "says"),
    [
        (lambda net, x: net.node("Slice", x, *(_ints(net, n) for n in (5, 0, 2, -1))), "negative"),
        (lambda net, x: net.node("Pad", x, _ints(net, *[0] * 8), mode="edge"), "by 0 alone"),
        (lambda net, x: net.node("Log", x), "operator 'Log' is supported on constants only"),
        (lambda net, x: net.node("LeakyRelu", x, alpha=-1.0), "a slope is negative"),
        (lambda net, x: _upsampled(net, x, 2.1), "resizing to multiples"),
    ],
)
def test_what_is_not_supported(build: Build, says: str) -> None:
    net = Net(SHAPE)
    y = build(net, "x")
    model = Model("net", import_model(net.model(y)), ("x",), (y,))
    with pytest.raises(ModelError, match=f"net: node '.*' .*{says}"):
        model.lowered()
