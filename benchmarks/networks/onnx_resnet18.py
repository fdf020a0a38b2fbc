"""torchvision's ResNet18 as an ONNX model, in f32 or with quantisers of 8 bits around each layer.

Weights are random. Batch norms are folded into the convolutions, as inference engines fold them.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.peers.onnx_models import model, node
from examples.networks.resnet18 import CLASSES, STAGES

ACTIVATION_SCALE = 1 / 32
"""What a step of u8 activations stands for, which deviate from 0 by about 1."""


class _Graph:
    """Nodes and constants while they are written."""

    def __init__(self, is_int8: bool):
        self.nodes: list[Any] = []
        self.constants: dict[str, NDArray | np.generic] = {}
        self.is_int8 = is_int8
        self._rng = np.random.default_rng(0)

    def add(self, op: str, inputs: list[str], **attributes: Any) -> str:
        """Append a node; its output has the name that is returned."""
        name = f"{op.lower()}_{len(self.nodes)}"
        self.nodes.append(node(op, inputs, name, **attributes))
        return name

    def constant(self, values: NDArray | np.generic) -> str:
        """Add a constant."""
        name = f"c{len(self.constants)}"
        self.constants[name] = values
        return name

    def quantized(self, x: str, is_signed: bool = False) -> str:
        """A tensor through 8 bits, where the model has these."""
        if not self.is_int8:
            return x
        zero = self.constant(np.uint8(128 if is_signed else 0))
        scale = self.constant(np.float32(ACTIVATION_SCALE))
        return self.add(
            "DequantizeLinear", [self.add("QuantizeLinear", [x, scale, zero]), scale, zero]
        )

    def weights(self, shape: tuple[int, ...], axis: int = 0) -> str:
        """Random weights that keep the deviation of activations."""
        fan_in = int(np.prod(shape)) // shape[axis]
        values = self._rng.standard_normal(shape).astype(np.float32) * np.sqrt(2 / fan_in)
        if not self.is_int8:
            return self.constant(values.astype(np.float32))
        scales = np.full(shape[axis], np.abs(values).max() / 127, np.float32)
        levels = np.rint(values / scales[0]).astype(np.int8)
        zeros = self.constant(np.zeros(shape[axis], np.int8))
        names = [self.constant(levels), self.constant(scales), zeros]
        return self.add("DequantizeLinear", names, axis=axis)

    def conv(self, x: str, channels: tuple[int, int], kernel: int, stride: int) -> str:
        """A convolution with a bias."""
        ic, oc = channels
        bias = self.constant(self._rng.standard_normal(oc).astype(np.float32) / 8)
        return self.add(
            "Conv",
            [x, self.weights((oc, ic, kernel, kernel)), bias],
            kernel_shape=[kernel] * 2,
            strides=[stride] * 2,
            pads=[kernel // 2] * 4,
        )

    def block(self, x: str, channels: tuple[int, int], stride: int) -> str:
        """A basic block."""
        oc = channels[1]
        first = self.quantized(self.add("Relu", [self.conv(x, channels, 3, stride)]))
        branch = self.quantized(self.conv(first, (oc, oc), 3, 1), is_signed=True)
        if stride > 1:
            x = self.quantized(self.conv(x, channels, 1, stride), is_signed=True)
        return self.quantized(self.add("Relu", [self.add("Add", [branch, x])]))


def onnx_resnet18(size: int, is_int8: bool) -> bytes:
    """The model: f32 images (1, 3, size, size) `x` to f32 logits (1, 1000) `y`."""
    graph = _Graph(is_int8)
    x = graph.quantized("x")
    x = graph.quantized(graph.add("Relu", [graph.conv(x, (3, STAGES[0]), 7, 2)]))
    x = graph.add("MaxPool", [x], kernel_shape=[3, 3], strides=[2, 2], pads=[1] * 4)
    ic = STAGES[0]
    for stage, oc in enumerate(STAGES):
        for number in range(2):
            x = graph.block(x, (ic, oc), 2 if stage and not number else 1)
            ic = oc
    x = graph.quantized(graph.add("GlobalAveragePool", [x]))
    x = graph.add("Flatten", [x])
    logits = graph.add("MatMul", [x, graph.weights((ic, CLASSES), axis=1)])
    graph.nodes.append(node("Identity", [logits], "y"))
    shapes = ("float32", (1, 3, size, size)), ("float32", (1, CLASSES))
    return model(graph.nodes, *shapes, graph.constants)
