"""Build `two_layers.mlir`, the small network of the documentation, with the Python API.

A float image is quantised, goes through a 3x3 convolution with 1-bit weights, thresholds, a max
pool and a 1x1 convolution, and leaves as floats. Weights and thresholds are random.

    python docs/examples/two_layers.py > docs/examples/two_layers.mlir
"""

from __future__ import annotations

import numpy as np
from xdsl.dialects.builtin import ModuleOp

from lowbit import Network


def build_module(seed: int = 0) -> ModuleOp:
    """The network, its weights and thresholds drawn with this seed."""
    rng = np.random.default_rng(seed)
    net = Network(("f32", (1, 8, 8, 16)))
    (image,) = net.inputs
    x = net.quantize(image, "unipolar<2>", [0.25])
    weights = rng.choice([-1, 1], (32, 3, 3, 16))
    y = net.conv2d(x, weights, "bipolar<1>", padding=1)
    thresholds = np.sort(rng.integers(-60, 60, (32, 3)), axis=1)
    q = net.threshold(y, thresholds, "unipolar<2>")
    pooled = net.max_pool2d(q, (2, 2))
    weights = rng.choice([-1, 1], (8, 1, 1, 32))
    z = net.conv2d(pooled, weights, "bipolar<1>")
    logits = net.dequantize(z, [0.125])
    values = {"image": image, "x": x, "y": y, "q": q, "pooled": pooled, "z": z, "logits": logits}
    for name, value in values.items():
        value.name_hint = name
    return net.finish(logits)


if __name__ == "__main__":
    print(build_module())
