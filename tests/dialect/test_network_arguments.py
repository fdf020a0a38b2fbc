"""Arguments of the layers of f32: axes, offsets, pads and words, and what is said of others."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from xdsl.dialects.builtin import TensorType, f32
from xdsl.utils.exceptions import VerifyException

from lowbit_dialect.network import Network

MISTAKES: list[tuple[Callable[..., Any], str]] = [
    (lambda net, x: net.reduce(x, "sum", None), "axes: expected a list of integers"),
    (lambda net, x: net.reduce(x, None), "function: expected a text, got None"),
    (lambda net, x: net.unary(x, ["exp"]), "function: expected a text"),
    (lambda net, x: net.binary(1.0, 2.0, None), "function: expected a text"),
    (lambda net, x: net.round(x, 5), "to: expected a text"),
    (lambda net, x: net.resize(x, 2, None), "mode: expected a text"),
    (lambda net, x: net.concat(5), "inputs: expected a list of tensors"),
    (lambda net, x: net.softmax(x, None), "axis: expected an integer"),
    (lambda net, x: net.transpose(x, 0), "permutation: expected a list of integers"),
    (lambda net, x: net.reshape(x, 32), "shape: expected a list of integers"),
    (lambda net, x: net.slice(x, 0, 1), "offsets: expected a list of integers"),
    (lambda net, x: net.slice(x, [0.5] * 4, [1] * 4), r"offsets\[0\]: expected an integer"),
    (lambda net, x: net.slice(x, [0] * 4, [1] * 4, [1, 1]), "strides needs 4 integers"),
    (lambda net, x: net.pad(x, [0.5] * 4, [0] * 4), r"low\[0\]: expected an integer"),
    (lambda net, x: net.pad(x, [0] * 4, [0] * 4, None), "value: expected a number"),
    (lambda net, x: net.pad(x, [0] * 4, [0] * 4, 1e300), "value: 1e.300 does not fit in f32"),
    (lambda net, x: net.resize(x, 2, axes=(1, 9)), r"axes\[1\]: 9 is not one of the 4 dim"),
    (lambda net, x: net.resize(x, (0, 2)), "positive extents"),
    (lambda net, x: net.resize(x, None), "size: expected an integer or two"),
]


@pytest.mark.parametrize(("mistake", "says"), MISTAKES)
def test_mistakes_are_named(mistake: Callable[..., Any], says: str) -> None:
    net = Network(("f32", (1, 4, 4, 2)))
    with pytest.raises((ValueError, VerifyException), match=says):
        net.finish(mistake(net, net.inputs[0]))


def test_axes_are_integers_of_any_type() -> None:
    net = Network(("f32", (2, 3)))
    assert net.reduce(net.inputs[0], "sum", np.int64(1)).type == TensorType(f32, (2, 1))  # pyright: ignore
    assert net.softmax(net.inputs[0], np.int8(0)).type == TensorType(f32, (2, 3))  # pyright: ignore
