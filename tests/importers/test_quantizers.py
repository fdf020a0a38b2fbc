"""Quantisers and integer operators one by one: their corner cases against the executor of QONNX."""

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from lowbit_dialect.interpreters import interpret
from lowbit_dialect.interpreters.values import to_values
from lowering.importers.import_onnx import import_model
from lowering.importers.lower_model import Model
from tests.importers.networks import QONNX, Net, executed

# Quarters: ties of every quantiser here, which float32 has exactly.
X = (np.arange(-64, 64).reshape(2, 4, 4, 4) / 8).astype(np.float32)

Build = Callable[[Net], str]


def check(build: Build, x: NDArray = X, dtype: int = 1) -> None:
    """The model gives what the executor gives, in integers but for the last scale."""
    net = Net(x.shape, dtype)
    y = build(net)
    model = net.model(y, opset=21, dtype=dtype)
    expected = executed(model, x)[y]
    lowered = Model("net", import_model(model), ("x",), (y,)).lowered()
    found = np.asarray(to_values(interpret(lowered.module, "main", x)[0]))
    assert np.array_equal(found, expected)
    assert not any(record.why_float for record in lowered.converted.records)


MODES = ("ROUND", "CEIL", "FLOOR", "UP", "DOWN", "HALF_UP", "HALF_DOWN")


@pytest.mark.parametrize("mode", MODES)
def test_quant(mode: str) -> None:
    for signed, narrow, bits, zero in (
        (1, 0, 3, 0), (1, 1, 3, 1), (0, 0, 2, 1), (0, 1, 4, 3), (1, 1, 8, 0), (1, 0, 1, 0),
    ):  # fmt: skip
        kinds = {"signed": signed, "narrow": narrow, "mode": mode}
        check(lambda net, k=kinds, b=bits, z=zero: net.quant("x", 0.25, b, z, **k))


def test_quant_of_channels_and_of_negative_scales() -> None:
    scales = np.array([0.25, 0.5, 1.0, 2.0]).reshape(4, 1, 1)
    check(lambda net: net.quant("x", scales, 3))
    check(lambda net: net.quant("x", -0.5, 3, signed=0))


def test_unsigned_narrow_of_one_bit_is_zero() -> None:
    check(lambda net: net.quant("x", 1.0, 1, signed=0, narrow=1))


def test_bipolar_quant_of_both_zeros() -> None:
    x = np.array([[0.0, -0.0, 1e-45, -1e-45, -3.0, 3.0]], np.float32)
    check(lambda net: net.node("BipolarQuant", "x", net.constant(0.5), domain=QONNX), x)


@pytest.mark.parametrize("mode", ["ROUND", "FLOOR", "CEIL"])
def test_trunc(mode: str) -> None:
    def first(net: Net) -> str:
        numbers = [net.constant(n) for n in (0.25, 0.0, 6.0, 4.0)]
        q = net.quant("x", 0.25, 6)
        return net.node("Trunc", q, *numbers, domain=QONNX, rounding_mode=mode)

    check(first)


def test_multi_threshold() -> None:
    rng = np.random.default_rng(0)
    rows = np.round(rng.normal(size=(4, 7)) * 8) / 8
    given = {"domain": QONNX, "out_dtype": "INT4", "out_scale": 0.5, "out_bias": -1.5}
    check(lambda net: net.node("MultiThreshold", "x", net.constant(rows), **given))
    bipolar = {"domain": QONNX, "out_dtype": "BIPOLAR", "out_scale": 2.0, "out_bias": -1.0}
    check(lambda net: net.node("MultiThreshold", "x", net.constant([[0.25]]), **bipolar))
    last = given | {"data_layout": "NHWC"}
    check(lambda net: net.node("MultiThreshold", "x", net.constant(rows), **last))


def _linear(net: Net, dtype: type, scale: float, zero: int, x: str = "x") -> tuple[str, str, str]:
    s, z = net.constant(scale), net.constant(zero, dtype)
    return net.node("QuantizeLinear", x, s, z), s, z


@pytest.mark.parametrize(("dtype", "zero"), [(np.uint8, 7), (np.int8, -3), (np.int8, 0)])
def test_quantize_linear(dtype: type, zero: int) -> None:
    """A zero point that is odd leaves ties as they are: it is added behind the rounding."""

    def build(net: Net) -> str:
        q, s, z = _linear(net, dtype, 0.25, zero)
        return net.node("DequantizeLinear", q, s, z)

    check(build)


def test_integerised_idioms() -> None:
    """Floor of products, and clips, as Quantlab and NEMO write them."""

    def build(net: Net) -> str:
        q = net.quant("x", 1.0, 4)
        y = net.node("Floor", net.node("Div", net.node("Mul", q, net.constant(37.0)),
                                       net.constant(16.0)))  # fmt: skip
        return net.node("Clip", y, net.constant(0.0), net.constant(7.0))

    check(build)


def _qlinear(net: Net, kind: str) -> str:
    rng = np.random.default_rng(1)
    q, s, z = _linear(net, np.uint8, 0.125, 9)
    is_conv = kind == "QLinearConv"
    shape, channels = ((3, 4, 3, 3), 3) if is_conv else ((4, 5), 1)
    w = net.constant(rng.integers(-8, 8, shape), np.int8)
    scale = net.constant(np.full(channels, 0.5) if is_conv else 0.5)
    inputs = [q, s, z, w, scale, net.constant(np.zeros(channels) if is_conv else 0, np.int8)]
    s2, z2 = net.constant(2.0), net.constant(100, np.uint8)
    more: dict = {}
    inputs += [s2, z2]
    if is_conv:
        inputs.append(net.constant(rng.integers(-99, 99, 3), np.int32))
        more = {"pads": [1, 1, 1, 1]}
    return net.node("DequantizeLinear", net.node(kind, *inputs, **more), s2, z2)


@pytest.mark.parametrize("kind", ["QLinearConv", "QLinearMatMul"])
def test_qlinear(kind: str) -> None:
    check(lambda net: _qlinear(net, kind))


def test_integers_at_the_ends() -> None:
    """An input and an output of uint8."""

    def build(net: Net) -> str:
        y = net.node("DequantizeLinear", "x", net.constant(0.5), net.constant(3, np.uint8))
        y = net.node("Relu", y)
        return net.node("QuantizeLinear", y, net.constant(2.0), net.constant(5, np.uint8))

    check(build, np.arange(0, 256, 2).astype(np.uint8).reshape(2, 4, 4, 4), 2)


@pytest.mark.parametrize("kind", ["Conv", "MaxPool", "BatchNormalization"])
def test_channels_last(kind: str) -> None:
    """Activations (N, H, W, C), the weights as they are: as between two transposes."""
    results = []
    for last in (True, False):
        net = Net(X.shape)
        q = net.quant("x", 0.5, 4)
        q = q if last else net.node("Transpose", q, perm=[0, 3, 1, 2])
        domain = "qonnx.custom_op.channels_last" if last else ""
        inputs: list[str] = []
        sizes: dict = {}
        if kind == "Conv":
            w = net.constant(np.random.default_rng(2).normal(size=(3, 4, 3, 3)))
            inputs, sizes = [net.quant(w, 0.5, 3)], {"pads": [1, 1, 1, 1]}
        elif kind == "MaxPool":
            sizes = {"kernel_shape": [2, 2], "strides": [2, 2]}
        else:
            numbers = (
                [1.0, -2.0, 0.5, 4.0],
                [0.0, 1.0, 2.0, 3.0],
                [1.0] * 4,
                [1.0, 4.0, 9.0, 16.0],
            )
            inputs = [net.constant(n) for n in numbers]
        y = net.node(kind, q, *inputs, domain=domain, **sizes)
        y = y if last else net.node("Transpose", y, perm=[0, 2, 3, 1])
        y = net.quant(y, 0.75, 4)
        lowered = Model("net", import_model(net.model(y)), ("x",), (y,)).lowered()
        results.append(np.asarray(to_values(interpret(lowered.module, "main", X)[0])))
        if not last:
            assert np.array_equal(results[1], executed(net.model(y), X)[y])
    assert np.array_equal(*results)
