"""The trained network as integers only: what is stored, and what it means in plain numpy.

Nothing here knows how the network was trained or how it will be compiled, so both sides can be
compared with it.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

PIXEL = "unipolar<5>"
"""Code of the input: pixels 0..16, exact."""
ACTIVATION = "unipolar<2>"
"""Code of hidden activations: 0..3."""
WEIGHT = "bipolar<1>"
"""Code of weights: -1 and +1."""


@dataclass(frozen=True)
class ConvBlock:
    """3x3 convolution (stride 1, padding 1), threshold glue, optionally a 2x2 max pool.

    `weights` (OC, KH, KW, IC) int8 in {-1, +1}; `thresholds` (OC, 3) int32, ascending; `flip`
    (OC,) bool. With s = -1 where `flip`, else +1, and the exact accumulator acc:
    level = #{k : thresholds[c, k] <= s * acc}.
    """

    weights: NDArray[np.int8]
    thresholds: NDArray[np.int32]
    flip: NDArray[np.bool_]
    pool: bool


@dataclass(frozen=True)
class IntegerNet:
    """Conv blocks, then a convolution over all that remains of the image, giving 10 logits.

    `head_weights` (10, KH, KW, IC) int8 in {-1, +1}, no padding; `head_bias` (10,) int32. The
    integer logits are acc + head_bias; times `head_scale` they are the float logits, so the
    argmax needs no float.
    """

    blocks: tuple[ConvBlock, ...]
    head_weights: NDArray[np.int8]
    head_bias: NDArray[np.int32]
    head_scale: float

    def packed_weight_bytes(self) -> int:
        """Bytes of all weights at one bit each."""
        sizes = [block.weights.size for block in self.blocks] + [self.head_weights.size]
        return sum(sizes) // 8


def convolve(x: NDArray, weights: NDArray, padding: int) -> NDArray[np.int32]:
    """Exact NHWC convolution of stride 1; padding contributes 0. Returns (N, OH, OW, OC)."""
    x = np.pad(x.astype(np.int32), ((0, 0), (padding, padding), (padding, padding), (0, 0)))
    windows = np.lib.stride_tricks.sliding_window_view(x, weights.shape[1:3], axis=(1, 2))
    # windows is (N, OH, OW, IC, KH, KW)
    return np.tensordot(windows, weights.astype(np.int32), axes=([4, 5, 3], [1, 2, 3]))


def apply_thresholds(
    acc: NDArray[np.int32], thresholds: NDArray[np.int32], flip: NDArray[np.bool_]
) -> NDArray[np.uint8]:
    """Levels (.., C) of accumulators (.., C): how many thresholds lie at or below s * acc."""
    signed = np.where(flip, -acc, acc)
    return (thresholds <= signed[..., None]).sum(axis=-1).astype(np.uint8)


def max_pool(x: NDArray) -> NDArray:
    """2x2 max pool of stride 2 on NHWC."""
    n, h, w, c = x.shape
    return x.reshape(n, h // 2, 2, w // 2, 2, c).max(axis=(2, 4))


def forward(net: IntegerNet, images: NDArray[np.uint8]) -> NDArray[np.int32]:
    """Integer logits (N, 10) int32 of images (N, 8, 8, 1)."""
    x: NDArray = images
    for block in net.blocks:
        acc = convolve(x, block.weights, padding=1)
        x = apply_thresholds(acc, block.thresholds, block.flip)
        if block.pool:
            x = max_pool(x)
    return convolve(x, net.head_weights, padding=0)[:, 0, 0, :] + net.head_bias
