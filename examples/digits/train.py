"""Train the digits network, fold it to integers, check the integers, and write the module.

    pip install -e '.[train]'
    python -m examples.digits.train

Weights are +-1 and hidden activations 0..3 (quantisation-aware training with brevitas); batch norm
and the activation quantiser become three integer thresholds per channel. A float32 network of the
same shape is trained beside it for comparison. Seeded, one thread, a few minutes.
"""

# torch and brevitas are the extra `train`, which type checking does without.
# pyright: reportMissingImports=false

import argparse
import time
import zlib
from collections.abc import Callable
from pathlib import Path

import brevitas.nn as qnn
import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812 - the name torch users expect
from brevitas.inject.enum import ScalingImplType
from brevitas.quant import SignedBinaryWeightPerTensorConst, Uint8ActPerTensorFloat
from numpy.typing import NDArray
from torch import Tensor, nn

from examples.digits import data
from examples.digits.integer_net import (
    ACTIVATION,
    ConvBlock,
    IntegerNet,
    apply_thresholds,
    forward,
)
from examples.digits.module import FILE, Measured, build_module, read_net
from lowbit import parse_module
from lowbit.codes import parse_code

CHANNELS = ((1, 32, False), (32, 32, True), (32, 64, False), (64, 64, True))
"""Input channels, output channels and whether a 2x2 max pool follows, a row per 3x3 block."""
MAX_PIXEL = 16
ACTIVATION_BITS = parse_code(ACTIVATION).width
MAX_LEVEL = 2**ACTIVATION_BITS - 1
SEED = 0


def binary_conv(c_in: int, c_out: int, kernel: int, padding: int) -> qnn.QuantConv2d:
    """Convolution whose weights are exactly +-1: the batch norm behind it has all the scale."""
    return qnn.QuantConv2d(
        c_in,
        c_out,
        kernel,
        padding=padding,
        bias=False,
        weight_quant=SignedBinaryWeightPerTensorConst,
        weight_scaling_init=1.0,
    )


def float_conv(c_in: int, c_out: int, kernel: int, padding: int) -> nn.Module:
    return nn.Conv2d(c_in, c_out, kernel, padding=padding, bias=False)


def level_quantizer() -> nn.Module:
    """clip(round_half_even(x), 0, 3); brevitas states the scale by the largest value."""
    return qnn.QuantIdentity(
        act_quant=Uint8ActPerTensorFloat,
        bit_width=ACTIVATION_BITS,
        scaling_impl_type=ScalingImplType.CONST,
        scaling_init=float(MAX_LEVEL),
    )


class Net(nn.Module):
    """Conv, batch norm, activation (, pool) four times, then a conv over the remaining 2x2."""

    def __init__(self, low_bit: bool) -> None:
        super().__init__()
        conv: Callable[[int, int, int, int], nn.Module] = binary_conv if low_bit else float_conv
        self.convs = nn.ModuleList(conv(i, o, 3, 1) for i, o, _ in CHANNELS)
        norms = [nn.BatchNorm2d(o) for _, o, _ in CHANNELS]
        # Slopes of either sign, as trained networks have them. Weights come in both signs alike,
        # so it costs nothing, and the export meets reversed thresholds.
        for norm in norms:
            norm.weight.data *= torch.randn_like(norm.weight).sign()
        self.norms = nn.ModuleList(norms)
        self.acts = nn.ModuleList(level_quantizer() if low_bit else nn.ReLU() for _ in CHANNELS)
        self.head = conv(CHANNELS[-1][1], 10, 2, 0)
        self.bias = nn.Parameter(torch.zeros(10))
        self.low_bit = low_bit
        # Integer logits reach hundreds; start where their softmax still has a gradient.
        self.log_scale = nn.Parameter(torch.tensor(-4.0 if low_bit else 0.0))

    def forward(self, x: Tensor) -> Tensor:
        for conv, norm, act, (_, _, pool) in zip(
            self.convs, self.norms, self.acts, CHANNELS, strict=True
        ):
            x = act(norm(conv(x)))
            if pool:
                x = F.max_pool2d(x, 2)
        bias = self.bias
        if self.low_bit:  # an integer bias, straight-through: in units of the accumulator
            bias = self.bias / self.log_scale.exp()
            bias = bias + (bias.round() - bias).detach()
        return (self.head(x)[:, :, 0, 0] + bias) * self.log_scale.exp()


def augment(x: Tensor, generator: torch.Generator) -> Tensor:
    """Rotate, scale and shift each image a little; pixels stay integers 0..16."""
    n = len(x)
    u = torch.rand(n, 4, generator=generator) * 2 - 1
    angle, zoom = u[:, 0] * 0.2, 1 + u[:, 1] * 0.1
    cos, sin = torch.cos(angle) * zoom, torch.sin(angle) * zoom
    shift = u[:, 2:] * 0.2
    rows = torch.stack([torch.stack([cos, -sin], 1), torch.stack([sin, cos], 1)], 1)
    grid = F.affine_grid(torch.cat([rows, shift[:, :, None]], 2), list(x.shape), False)
    return F.grid_sample(x, grid, align_corners=False).round().clamp(0, MAX_PIXEL)


def fit(low_bit: bool, images: Tensor, labels: Tensor, epochs: int, seed: int) -> Net:
    """Train on the given images; the last epoch's weights are kept, no test image is looked at."""
    torch.manual_seed(seed)
    generator = torch.Generator().manual_seed(seed)
    net = Net(low_bit).train()
    optimizer = torch.optim.Adam(net.parameters(), lr=0.005)
    batch = 64
    steps = epochs * (len(images) // batch)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 0.01, total_steps=steps)
    start = time.perf_counter()
    for epoch in range(epochs):
        total = 0.0
        for index in torch.randperm(len(images), generator=generator).split(batch):
            if len(index) < batch:
                continue
            x = augment(images[index], generator)
            loss = F.cross_entropy(net(x), labels[index], label_smoothing=0.05)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
            total += loss.item()
        if (epoch + 1) % 10 == 0:
            seconds = time.perf_counter() - start
            mean = total / (len(images) // batch)
            print(f"  epoch {epoch + 1:3d}/{epochs}  loss {mean:.4f}  {seconds:5.1f} s", flush=True)
    return net.eval()


def float_levels(norm: nn.BatchNorm2d, act: nn.Module, acc: NDArray[np.int64]) -> NDArray[np.int64]:
    """Levels (N, C) that the float batch norm and quantiser give to accumulators (N, C)."""
    with torch.no_grad():
        x = torch.from_numpy(acc.astype(np.float32))[:, :, None, None]
        y = act(norm(x))
    return np.asarray(y)[:, :, 0, 0].astype(np.int64)


def fold(norm: nn.BatchNorm2d, act: nn.Module, limit: int) -> tuple[NDArray, NDArray]:
    """Thresholds (C, 3) int32 and flip (C,) bool of batch norm and quantiser, |acc| <= limit.

    Bisects the float chain itself, so that its float32 rounding is kept; the chain is monotone,
    and the check behind proves the result on every value. A threshold that no accumulator
    reaches is limit + 1, one that all reach is -limit.
    """
    flip = norm.weight.detach().numpy() < 0
    sign = np.where(flip, -1, 1)
    thresholds = np.empty((len(flip), MAX_LEVEL), np.int32)
    for k in range(MAX_LEVEL):
        low, high = np.full(len(flip), -limit), np.full(len(flip), limit + 1)
        while np.any(low < high):  # smallest t with level(sign * t) > k
            middle = (low + high) // 2
            above = float_levels(norm, act, (sign * middle)[None])[0] > k
            live = low < high
            high = np.where(live & above, middle, high)
            low = np.where(live & ~above, middle + 1, low)
        thresholds[:, k] = low
    every = np.repeat(np.arange(-limit, limit + 1)[:, None], len(flip), axis=1)
    expected = float_levels(norm, act, every)
    assert np.all(np.diff(thresholds, axis=1) >= 0), "thresholds must ascend"
    assert np.array_equal(apply_thresholds(every.astype(np.int32), thresholds, flip), expected), (
        "thresholds differ from the float batch norm and quantiser"
    )
    return thresholds, flip


def sign_weights(conv: nn.Module) -> NDArray[np.int8]:
    """Weights as (OC, KH, KW, IC) int8 in {-1, +1}."""
    assert isinstance(conv, qnn.QuantConv2d)
    w = conv.quant_weight().value.detach().numpy().transpose(0, 2, 3, 1)
    assert np.all(np.abs(w) == 1)
    return np.ascontiguousarray(w.astype(np.int8))


def export(net: Net) -> IntegerNet:
    """The trained low-bit network as integers, every threshold checked exhaustively."""
    blocks = []
    largest_input = MAX_PIXEL
    layers = zip(net.convs, net.norms, net.acts, CHANNELS, strict=True)
    for conv, norm, act, (_, _, pool) in layers:
        assert isinstance(norm, nn.BatchNorm2d)
        weights = sign_weights(conv)
        limit = largest_input * weights[0].size  # |acc| <= taps * the largest input
        thresholds, flip = fold(norm, act, limit)
        blocks.append(ConvBlock(weights, thresholds, flip, pool))
        largest_input = MAX_LEVEL
    scale = net.log_scale.detach().exp()
    bias = (net.bias.detach() / scale).round().numpy().astype(np.int32)
    return IntegerNet(tuple(blocks), sign_weights(net.head), bias, float(scale))


def accuracy(logits: NDArray, labels: NDArray) -> float:
    return float(np.mean(logits.argmax(axis=1) == labels))


def predict(net: Net, images: Tensor) -> NDArray[np.float32]:
    with torch.no_grad():
        return np.asarray(net(images))


def main() -> None:
    parser = argparse.ArgumentParser(description="Train and export the digits network.")
    parser.add_argument("--out", type=Path, default=FILE, help="module to write")
    parser.add_argument("--epochs", type=int, default=60)
    parser.add_argument("--seed", type=int, default=SEED)
    args = parser.parse_args()
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)

    digits = data.load()
    nchw = torch.from_numpy(digits.images.astype(np.float32)).permute(0, 3, 1, 2)
    labels = torch.from_numpy(digits.labels)
    train, test = digits.train_index, digits.test_index
    test_labels = digits.labels[test]

    print("float32 network")
    float_net = fit(False, nchw[train], labels[train], args.epochs, args.seed)
    float_accuracy = accuracy(predict(float_net, nchw[test]), test_labels)
    print("low-bit network (weights 1 bit, activations 2 bits)")
    low_bit_net = fit(True, nchw[train], labels[train], args.epochs, args.seed)
    integer_net = export(low_bit_net)
    logits = forward(integer_net, digits.images)
    integer_accuracy = accuracy(logits[test], test_labels)
    # The integers are the trained network itself, not an approximation: all 1797 images agree.
    quant_logits = np.rint(predict(low_bit_net, nchw) / integer_net.head_scale).astype(np.int32)
    assert np.array_equal(quant_logits, logits)

    checksum = zlib.crc32(logits.astype("<i4").tobytes())
    module = build_module(integer_net, Measured(float_accuracy, integer_accuracy, checksum))
    args.out.write_text(str(module) + "\n")
    written = read_net(parse_module(args.out.read_text()))
    assert np.array_equal(forward(written, digits.images), logits)
    wrong = int(np.sum(logits[test].argmax(axis=1) != test_labels))
    print(f"float32 accuracy  {float_accuracy:.4f}")
    print(f"integer accuracy  {integer_accuracy:.4f}  ({wrong} of {len(test_labels)} wrong)")
    print(f"packed weights    {integer_net.packed_weight_bytes()} bytes")
    print(f"wrote {args.out}")


if __name__ == "__main__":
    main()
