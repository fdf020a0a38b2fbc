"""ResNet18 in plain numpy: what its integers are, written from the definition of each layer."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from examples.networks.resnet18 import Layer, ResNet18

RANGES = {"unipolar<8>": (0, 255), "signed<8>": (-128, 127)}


def conv(x: NDArray, layer: Layer, rows: NDArray, cols: NDArray) -> NDArray[np.int64]:
    """Sums at output positions (rows[i], cols[i]) of all images: (N, positions, OC)."""
    _, height, width, _ = x.shape
    total = np.zeros((len(x), len(rows), len(layer.weights)))
    for kh in range(layer.weights.shape[1]):
        for kw in range(layer.weights.shape[2]):
            r = rows * layer.stride + kh - layer.padding
            c = cols * layer.stride + kw - layer.padding
            inside = (r >= 0) & (r < height) & (c >= 0) & (c < width)
            there = x[:, r.clip(0, height - 1), c.clip(0, width - 1)] * inside[:, None]
            total += there.astype(np.float64) @ layer.weights[:, kh, kw].T.astype(np.float64)
    assert np.abs(total).max() < 2**31
    return total.astype(np.int64)


def glue(acc: NDArray[np.int64], form: str, code: str, parameters: Mapping) -> NDArray[np.int64]:
    """Levels of sums, channels last; 8-bit levels become values."""
    if form == "threshold":
        sums = acc
        if "flip" in parameters:
            sums = np.where(parameters["flip"] == 1, -acc, acc)
        return np.sum([sums >= steps for steps in parameters["thresholds"].T], axis=0)
    least, most = RANGES[code] if code in RANGES else (0, (1 << int(code[9])) - 1)
    moved, shift = acc + parameters["offset"], parameters["shift"]
    if form == "shift":
        return np.clip((moved >> shift) + least, least, most)
    product = moved * parameters["multiplier"] * 2  # the high word, ties up; then ties away from 0
    high = (product + (1 << 31)) >> 32
    magnitude = (np.abs(high) + ((1 << shift) >> 1)) >> shift
    return np.clip(np.sign(high) * magnitude + least, least, most)


def whole(x: NDArray, layer: Layer) -> NDArray[np.int64]:
    """The output of a convolution and its glue."""
    kernel = layer.weights.shape[1]
    size = [(extent + 2 * layer.padding - kernel) // layer.stride + 1 for extent in x.shape[1:3]]
    rows, cols = (index.reshape(-1) for index in np.indices(size))
    values = _glued(conv(x, layer, rows, cols), layer)
    return values.reshape(len(x), *size, -1)


def _glued(acc: NDArray[np.int64], layer: Layer) -> NDArray[np.int64]:
    return glue(acc, layer.glue.form, layer.glue.code, layer.glue.parameters)


def pooled(x: NDArray) -> NDArray:
    """3x3 maxima of stride 2 and padding 1."""
    framed = np.pad(x, [(0, 0), (1, 1), (1, 1), (0, 0)], constant_values=-(1 << 20))
    size = [(extent - 1) // 2 + 1 for extent in x.shape[1:3]]
    return np.max(
        [
            framed[:, i : i + 2 * size[0] - 1 : 2, j : j + 2 * size[1] - 1 : 2]
            for i in range(3)
            for j in range(3)
        ],
        axis=0,
    )


def layer_inputs(network: ResNet18) -> dict[str, tuple[Layer, str]]:
    """Each convolution but the stem, and the name of the output that it reads."""
    found = {}
    for block in network.blocks:
        found[block.first.name] = (block.first, f"{block.name}.entry")
        found[block.second.name] = (block.second, block.first.name)
        if block.shortcut is not None:
            found[block.shortcut.name] = (block.shortcut, f"{block.name}.entry")
    return found


def average(x: NDArray) -> NDArray[np.int64]:
    """Means of images, ties to even."""
    return np.rint(x.sum(axis=(1, 2)) / (x.shape[1] * x.shape[2])).astype(np.int64)


def forward(network: ResNet18, images: NDArray) -> dict[str, NDArray]:
    """Every output by its name."""
    outputs = {"stem": whole(images.astype(np.int64), network.stem)}
    x = pooled(outputs["stem"])
    for block in network.blocks:
        entry = block.entry
        levels = outputs[f"{block.name}.entry"] = glue(x, entry.form, entry.code, entry.parameters)
        first = outputs[block.first.name] = whole(levels, block.first)
        branch = outputs[block.second.name] = whole(first, block.second)
        if block.shortcut is not None:
            x = outputs[block.shortcut.name] = whole(levels, block.shortcut)
        x = outputs[block.name] = np.clip(x + branch, 0, 255)
    outputs["pooled"] = average(x)
    outputs["logits"] = outputs["pooled"] @ network.classifier
    return outputs
