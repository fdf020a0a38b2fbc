"""Random networks as quantisers export them, whose scales are made for their own activations."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from tests.importers.networks import Net

MODES = ("ROUND", "CEIL", "FLOOR", "UP", "DOWN", "HALF_UP", "HALF_DOWN")


def rounded(x: NDArray, mode: str) -> NDArray:
    """Integers, by the names of QONNX."""
    away = np.sign(x) * np.floor(np.abs(x) + 0.5)
    toward = np.sign(x) * np.ceil(np.abs(x) - 0.5)
    up = np.sign(x) * np.ceil(np.abs(x))
    functions = {"ROUND": np.rint(x), "CEIL": np.ceil(x), "FLOOR": np.floor(x), "UP": up}
    functions |= {"DOWN": np.fix(x), "HALF_UP": away, "HALF_DOWN": toward}
    return functions[mode]


class RandomNetwork:
    """A network, its input `x`, and its output; `quantizers` are the names of its quantisers."""

    def __init__(self, seed: int):
        self.rng = np.random.default_rng(seed)
        size = int(self.rng.integers(4, 8))
        self.channels = int(self.rng.integers(1, 5))
        self.shape = (2, self.channels, size, size)
        self.x = self.rng.normal(size=self.shape).astype(np.float32)
        self.net = Net(["n", *self.shape[1:]])
        self.is_qcdq = bool(self.rng.integers(0, 3) == 0)
        self.values: dict[str, NDArray] = {"x": self.x.astype(np.float64)}
        y = self.quant("x", *self.scale_for("x", 4), 4)
        for _ in range(self.rng.integers(1, 4)):
            y = self.block(y)
        self.output = self.head(y)
        self.model = self.net.model(self.output)

    def flip(self) -> bool:
        """Either, evenly."""
        return bool(self.rng.integers(0, 2))

    def keep(self, name: str, values: NDArray) -> str:
        """Note what a tensor is."""
        self.values[name] = values
        return name

    def scale_for(self, name: str, bits: int) -> tuple[np.float32, int]:
        """A scale with which a tensor takes every level, and whether these are signed."""
        low, high = self.values[name].min(), self.values[name].max()
        signed = int(low < 0)
        levels = (1 << (bits - signed)) - (0 if signed else 1)
        reach = max(abs(low), abs(high)) or 1.0
        return np.float32(reach / max(levels, 1) * self.rng.uniform(0.6, 1.1)), signed

    def quant(self, x: str, scale: Any, signed: int, bits: int, zero: int = 0) -> str:
        """A quantiser of activations, as a `Quant` node or as QuantizeLinear and so on."""
        v, net = self.values[x], self.net
        low = -(1 << (bits - 1)) if signed else 0
        high = low + (1 << bits) - 1
        if self.is_qcdq and bits > 1:
            numbers = np.clip(np.rint(v / scale) + zero, low, high)
            dtype = np.int8 if signed else np.uint8
            s, z = net.constant(scale), net.constant(zero, dtype)
            y = net.node("QuantizeLinear", x, s, z)
            if bits < 8:
                y = net.node("Clip", y, net.constant(low, dtype), net.constant(high, dtype))
            y = net.node("DequantizeLinear", y, s, z)
            return self.keep(y, (numbers - zero) * scale)
        mode, narrow = str(self.rng.choice(MODES)), int(bits > 1 and self.flip())
        if signed and bits == 1:
            numbers = np.where(v / scale >= 0, 1.0, -1.0)
            return self.keep(net.quant(x, scale, 1), numbers * scale)
        low, high = (low + narrow, high) if signed else (low, high - narrow)
        numbers = rounded(np.clip(v / scale + zero, low, high), mode)
        y = net.quant(x, scale, bits, zero, signed=signed, narrow=narrow, mode=mode)
        return self.keep(y, (numbers - zero) * scale)

    def weights(self, shape: tuple[int, ...], axis: int) -> str:
        """Quantised weights, with a scale for each output channel or one."""
        rng, net = self.rng, self.net
        w = rng.normal(size=shape).astype(np.float32)
        per_channel = [shape[axis] if d == axis else 1 for d in range(len(shape))]
        scale = rng.uniform(0.2, 0.9, per_channel if self.flip() else ()).astype(np.float32)
        bits = int(rng.integers(1, 5))
        name = net.constant(w)
        if bits == 1:
            y = net.node("BipolarQuant", name, net.constant(scale), domain="onnx.brevitas")
            return self.keep(y, np.where(w >= 0, 1.0, -1.0) * scale)
        top = (1 << (bits - 1)) - 1
        y = net.quant(name, scale, bits, narrow=1)
        return self.keep(y, np.clip(np.rint(w / scale), -top, top) * scale)

    def conv(self, x: str, out: int, groups: int, kernel: int, stride: int, pad: int) -> str:
        """A convolution, maybe with a bias."""
        channels = self.values[x].shape[1]
        w = self.weights((out, channels // groups, kernel, kernel), 0)
        inputs, bias = [x, w], np.zeros(out, np.float32)
        if self.flip():
            bias = self.rng.normal(size=out).astype(np.float32)
            inputs.append(self.net.constant(bias))
        y = self.net.node("Conv", *inputs, group=groups, strides=[stride] * 2, pads=[pad] * 4)
        v = _conv(self.values[x], self.values[w], stride, pad, groups)
        return self.keep(y, v + bias[:, None, None])

    def norm(self, x: str) -> str:
        """A batch norm, with slopes of either sign."""
        count = self.values[x].shape[1]
        rng, v = self.rng, self.values[x]
        gamma, beta = rng.normal(size=(2, count)).astype(np.float32)
        mean = rng.normal(size=count).astype(np.float32)
        variance = rng.uniform(0.3, 2, count).astype(np.float32)
        names = [self.net.constant(a) for a in (gamma, beta, mean, variance)]
        y = self.net.node("BatchNormalization", x, *names)
        slope = gamma / np.sqrt(variance + 1e-5)
        return self.keep(y, (v - mean[:, None, None]) * slope[:, None, None] + beta[:, None, None])

    def block(self, x: str) -> str:
        """A convolution with what comes behind it."""
        rng = self.rng
        channels, size = self.values[x].shape[1:3]
        kind = rng.integers(0, 4)
        kernel = int(rng.integers(1, 4))
        pad = int(rng.integers(0, kernel))
        stride = int(rng.integers(1, 3))
        out, groups = int(rng.integers(1, 5)), 1
        if kind == 0 and size + 2 * pad >= kernel:  # depthwise
            out, groups = channels * int(rng.integers(1, 3)), channels
        if kind in (1, 2):  # of the same image, for a residual or a concatenation
            kernel, pad, stride = 3, 1, 1
        out = channels if kind == 1 else out
        if size + 2 * pad < kernel:
            kernel, pad = 1, 0
        y = self.conv(x, out, groups, kernel, stride, pad)
        if self.flip():
            y = self.norm(y)
        if kind not in (1, 2) and self.values[y].shape[2] > 2 and rng.integers(0, 3) == 0:
            y = self.max_pool(y)
        if self.flip():
            y = self.keep(self.net.node("Relu", y), np.maximum(self.values[y], 0))
        bits = int(rng.integers(1, 6))
        scale, signed = self.scale_for(y, bits)
        zero = int(rng.integers(0, 3)) if self.flip() and not signed and bits > 1 else 0
        y = self.quant(y, scale, signed, bits, zero)
        if kind in (1, 2):
            again = self.quant(x, scale, int(self.values[x].min() < 0), max(bits, 2))
            a, b = self.values[y], self.values[again]
            if kind == 1:
                y = self.keep(self.net.node("Add", y, again), a + b)
            else:
                joined = np.concatenate([a, b], 1)
                y = self.keep(self.net.node("Concat", y, again, axis=1), joined)
            y = self.quant(y, *self.scale_for(y, 4), 4)
        if self.flip() and self.values[y].shape[2] > 2:
            y = self.pool(y)
        return y

    def pool(self, x: str) -> str:
        """The largest number or the average of windows of 2x2."""
        if self.flip():
            return self.max_pool(x)
        windows = np.lib.stride_tricks.sliding_window_view(self.values[x], (2, 2), (2, 3))
        windows = windows[:, :, ::2, ::2]
        sizes: dict[str, Any] = {"kernel_shape": [2, 2], "strides": [2, 2]}
        y = self.keep(self.net.node("AveragePool", x, **sizes), windows.mean((-1, -2)))
        return self.quant(y, *self.scale_for(y, 4), 4)

    def max_pool(self, x: str) -> str:
        """The largest number of windows of 2x2."""
        windows = np.lib.stride_tricks.sliding_window_view(self.values[x], (2, 2), (2, 3))
        sizes: dict[str, Any] = {"kernel_shape": [2, 2], "strides": [2, 2]}
        largest = windows[:, :, ::2, ::2].max((-1, -2))
        return self.keep(self.net.node("MaxPool", x, **sizes), largest)

    def head(self, x: str) -> str:
        """A matrix product of everything."""
        net, v = self.net, self.values[x]
        flat = self.keep(net.node("Flatten", x), v.reshape(len(v), -1))
        w = self.weights((5, self.values[flat].shape[1]), 0)
        if self.flip():
            return net.node("Gemm", flat, w, net.constant(self.rng.normal(size=5)), transB=1)
        return net.node("MatMul", flat, net.node("Transpose", w, perm=[1, 0]))


def _conv(x: NDArray, w: NDArray, stride: int, pad: int, groups: int) -> NDArray:
    """A convolution of floats."""
    padded = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)))
    view = np.lib.stride_tricks.sliding_window_view(padded, w.shape[2:], (2, 3))
    view = view[:, :, ::stride, ::stride]
    parts = zip(np.split(view, groups, 1), np.split(w, groups), strict=True)
    return np.concatenate([np.einsum("ncyxhw,ochw->noyx", a, b) for a, b in parts], 1)
