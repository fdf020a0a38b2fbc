"""ResNet18 as one function: u8 images in, logits out, packed bits from layer to layer.

    python -m examples.networks.resnet18 --pair A2W1 --size 224 -o resnet18.mlir

The topology is torchvision's, for images of any size. The stem and the classifier have weights of 8
bits, all other layers have weights of the pair. Each branch of a block is quantised to 8 bits on
one scale. The sum of both saturates at 0, which is the ReLU, and at 255. It is kept in 8 bits for
the next shortcut, and quantised to activations of the pair in front of the next convolution.
Weights are random and seeded; the glue is calibrated on a batch of random images.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from xdsl.dialects.builtin import ModuleOp
from xdsl.ir import SSAValue

from examples.networks.calibration import (
    Glue,
    convolve,
    max_pool,
    random_weights,
    shift_levels,
    threshold_levels,
    to_eight_bits,
)
from lowbit_dialect.network import Network

PAIRS = tuple(f"A{a}W{w}" for a in (1, 2, 4) for w in (1, 2, 4))
STAGES = (64, 128, 256, 512)
"""Channels of the four stages, of two blocks each."""

CLASSES = 1000
IMAGE, SUM, BRANCH = "unipolar<8>", "unipolar<8>", "signed<8>"
WEIGHTS = {1: "bipolar<1>", 2: "signed<2>", 4: "signed<4>", 8: "signed<8>"}


@dataclass(frozen=True)
class Layer:
    """A convolution and its glue; weights are (OC, KH, KW, C)."""

    name: str
    weights: NDArray[np.int64]
    code: str
    stride: int
    padding: int
    glue: Glue

    def apply(self, x: NDArray) -> NDArray[np.int64]:
        """What the layer computes, by numpy."""
        return self.glue.apply(convolve(x, self.weights, self.stride, self.padding))


@dataclass(frozen=True)
class Block:
    """A basic block: `entry` gives what `first` and `shortcut` read of the sum before."""

    name: str
    entry: Glue
    first: Layer
    second: Layer
    shortcut: Layer | None


@dataclass(frozen=True)
class ResNet18:
    """The parameters of a network; `classifier` is (C, 1000)."""

    size: int
    stem: Layer
    blocks: tuple[Block, ...]
    classifier: NDArray[np.int64]

    def layers(self) -> Iterator[Layer]:
        """The convolutions in order."""
        yield self.stem
        for block in self.blocks:
            yield from (block.first, block.second)
            if block.shortcut is not None:
                yield block.shortcut


class _Calibration:
    """Makes a network layer by layer, while a batch passes through it."""

    def __init__(self, pair: str, form: str, seed: int):
        if pair not in PAIRS:
            raise ValueError(f"unknown pair {pair!r}: expected one of {', '.join(PAIRS)}")
        if form not in ("threshold", "shift"):
            raise ValueError(f"unknown glue {form!r}: expected threshold or shift")
        self.x_code, self.w_code = f"unipolar<{pair[1]}>", WEIGHTS[int(pair[3])]
        self.form, self.rng = form, np.random.default_rng(seed)

    def levels(self, acc: NDArray, flips: bool = True) -> Glue:
        """Glue that gives activations of the pair."""
        if self.form == "shift":
            return shift_levels(acc, self.x_code)
        return threshold_levels(self.rng, acc, self.x_code, flips)

    def eight_bits(self, acc: NDArray, code: str, mean: float) -> Glue:
        """Glue that gives 8 bits."""
        form = "shift" if self.form == "shift" else "scale"
        return to_eight_bits(self.rng, acc, code, form, mean)

    def conv(
        self, x: NDArray, code: str, oc: int, kernel: int, stride: int
    ) -> tuple[NDArray, NDArray[np.int64]]:
        """Random weights, and their sums."""
        weights = random_weights(self.rng, code, (oc, kernel, kernel, x.shape[-1]))
        return weights, convolve(x, weights, stride, kernel // 2)

    def block(
        self, x: NDArray[np.int64], name: str, oc: int, stride: int
    ) -> tuple[Block, NDArray[np.int64]]:
        """A block behind the sum x, and the sum that it gives."""
        entry = self.levels(x, flips=False)
        levels = entry.apply(x)
        weights, acc = self.conv(levels, self.w_code, oc, 3, stride)
        first = Layer(f"{name}.conv1", weights, self.w_code, stride, 1, self.levels(acc))
        weights, acc = self.conv(first.glue.apply(acc), self.w_code, oc, 3, 1)
        glue = self.eight_bits(acc, BRANCH, 0.0)
        second = Layer(f"{name}.conv2", weights, self.w_code, 1, 1, glue)
        branch, shortcut = glue.apply(acc), None
        if stride > 1:
            weights, acc = self.conv(levels, self.w_code, oc, 1, stride)
            glue = self.eight_bits(acc, BRANCH, 2.0)
            shortcut = Layer(f"{name}.downsample", weights, self.w_code, stride, 0, glue)
            x = glue.apply(acc)
        return Block(name, entry, first, second, shortcut), np.clip(x + branch, 0, 255)


def random_network(
    pair: str,
    size: int = 224,
    form: str = "threshold",
    seed: int = 0,
    batch: int = 2,
    channels: Sequence[int] = STAGES,
) -> ResNet18:
    """A network of random weights, its glue calibrated on a batch.

    Args:
        pair: bits of activations and weights, as A2W1.
        size: rows and columns of an image.
        form: of the glue: threshold (8 bits by a scale of each channel), or shift.
        seed: of weights, scales and images.
        batch: how many images to calibrate on.
        channels: of the stem and of each stage after it.

    Raises:
        ValueError: an argument is not allowed.
    """
    if size < 1 or batch < 1:
        raise ValueError(f"size and batch must be at least 1, got {size} and {batch}")
    make = _Calibration(pair, form, seed)
    x: NDArray = make.rng.integers(0, 256, (batch, size, size, 3))
    weights, acc = make.conv(x, WEIGHTS[8], channels[0], 7, 2)
    stem = Layer("stem", weights, WEIGHTS[8], 2, 3, make.eight_bits(acc, SUM, 2.0))
    x = max_pool(stem.glue.apply(acc), 3, 2, 1)
    blocks = []
    for stage, oc in enumerate(channels):
        for number in range(2):
            stride = 2 if stage and not number else 1
            block, x = make.block(x, f"layer{stage + 1}.{number}", oc, stride)
            blocks.append(block)
    classifier = random_weights(make.rng, WEIGHTS[8], (channels[-1], CLASSES))
    return ResNet18(size, stem, tuple(blocks), classifier)


def forward(network: ResNet18, images: NDArray) -> NDArray[np.int64]:
    """The logits of images, by numpy."""
    x = max_pool(network.stem.apply(images), 3, 2, 1)
    for block in network.blocks:
        levels = block.entry.apply(x)
        shortcut = x if block.shortcut is None else block.shortcut.apply(levels)
        x = np.clip(block.second.apply(block.first.apply(levels)) + shortcut, 0, 255)
    mean = np.rint(x.sum(axis=(1, 2)) / (x.shape[1] * x.shape[2]))
    return mean.astype(np.int64) @ network.classifier


class _Writer:
    """Writes a network as IR; `outputs` are what glue and sums give, by name."""

    def __init__(self, net: Network):
        self.net = net
        self.outputs: dict[str, SSAValue] = {}

    def glue(self, acc: SSAValue, glue: Glue) -> SSAValue:
        """Append glue."""
        return getattr(self.net, glue.form)(acc, code=glue.code, **glue.parameters)

    def layer(self, x: SSAValue, layer: Layer) -> SSAValue:
        """Append a convolution and its glue."""
        acc = self.net.conv2d(
            x, layer.weights, layer.code, strides=layer.stride, padding=layer.padding
        )
        self.outputs[layer.name] = self.glue(acc, layer.glue)
        return self.outputs[layer.name]

    def block(self, x: SSAValue, block: Block) -> SSAValue:
        """Append a block."""
        levels = self.outputs[f"{block.name}.entry"] = self.glue(x, block.entry)
        branch = self.layer(self.layer(levels, block.first), block.second)
        shortcut = x if block.shortcut is None else self.layer(levels, block.shortcut)
        self.outputs[block.name] = self.net.add(branch, shortcut, SUM)
        return self.outputs[block.name]


def build_module(network: ResNet18, batch: int = 1, scale: float | None = None) -> ModuleOp:
    """The network as @main: images (batch, size, size, 3) of u8 to logits (batch, 1000).

    Args:
        network: its parameters.
        batch: images of a call.
        scale: what the logits are multiplied with, to f32; i32 where not given.
    """
    write, logits = _write(network, batch)
    return write.net.finish(logits if scale is None else write.net.dequantize(logits, scale))


def build_probe(network: ResNet18) -> tuple[ModuleOp, list[str]]:
    """The network for one image with the output of every layer as a result, and their names."""
    write, logits = _write(network, 1)
    outputs = {**write.outputs, "logits": logits}
    return write.net.finish(*outputs.values()), list(outputs)


def _write(network: ResNet18, batch: int) -> tuple[_Writer, SSAValue]:
    """The network up to its logits."""
    net = Network((IMAGE, (batch, network.size, network.size, 3)))
    write = _Writer(net)
    x = net.max_pool2d(write.layer(net.inputs[0], network.stem), 3, 2, 1)
    for block in network.blocks:
        x = write.block(x, block)
    write.outputs["pooled"] = net.avg_pool2d(x)
    logits = net.matmul(net.flatten(write.outputs["pooled"]), network.classifier, WEIGHTS[8])
    return write, logits


def main() -> int:
    parser = argparse.ArgumentParser(description="Write a ResNet18 of low bits as IR.")
    parser.add_argument("--pair", choices=PAIRS, default="A1W1")
    parser.add_argument("--size", type=int, default=224, help="rows and columns of an image")
    parser.add_argument("--glue", choices=("threshold", "shift"), default="threshold")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("-o", "--output", type=Path, required=True, metavar="FILE.mlir")
    args = parser.parse_args()
    try:
        network = random_network(args.pair, args.size, args.glue, args.seed)
        args.output.write_text(f"{build_module(network)}\n")
    except (ValueError, OSError) as error:
        sys.exit(f"error: {error}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
