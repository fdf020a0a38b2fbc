"""Time `sparse` beside the strategies of lowbit, for weights of which some blocks are zero.

    pip install -e examples/sparse_strategy
    taskset -c 0 python examples/sparse_strategy/measure.py

A block that is zero, or not, is 64 input channels by 64 output channels at a tap, as a network has
them whose weights were pruned in blocks. Every result is compared with numpy's before it is timed;
the kernels are timed in turn, and a row shows the least microseconds of each.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable

import numpy as np

from lowbit import compile
from lowbit.codes import parse_code
from lowbit.targets import get_target
from lowbit_dialect.geometry import ConvGeometry, Window
from lowering.kernels.contraction import Contraction
from lowering.strategies import all_strategies
from runtime.measure.layer import Layer
from runtime.measure.samples import time_calls
from runtime.measure.workloads import Workload

BLOCK = 64
DENSITIES = (1.0, 0.5, 0.25, 0.1)
X_CODE, W_CODE = "unipolar<2>", "signed<2>"


def pruned_layer(channels: int, size: int, density: float) -> Layer:
    """A 3x3 convolution with ternary weights, of which only a share of the blocks is not zero."""
    window, rng = Window(size, 3, 1, 1, 1), np.random.default_rng(1)
    workload = Workload("pruned", ConvGeometry(1, window, window, channels, channels))
    layer = Layer.of(workload, parse_code(X_CODE), parse_code(W_CODE))
    blocks = rng.random((channels // BLOCK, 3, 3, channels // BLOCK)) < density
    is_kept = blocks.repeat(BLOCK, axis=0).repeat(BLOCK, axis=3)
    layer.w = rng.integers(-1, 2, layer.w.shape) * is_kept
    layer.sums = layer.sums_of(layer.x)
    return layer


def kernels(layer: Layer) -> dict[str, Callable[[], object]]:
    """A call for each strategy that takes the layer, its result checked."""
    target, found = get_target("host"), {}
    c = Contraction(layer.x_code, layer.w_code, layer.workload.geometry).on(target)
    for strategy in all_strategies():
        if strategy.why_not(c) is None:
            module = layer.module("i32", strategy.name, target)
            run = compile(module, strategy=strategy.name, use_cache=False)
            words = layer.words(layer.x, strategy.name, target)
            np.testing.assert_array_equal(run(words), layer.sums)
            found[strategy.name] = lambda run=run, words=words: run(words)
    return found


def least_times(calls: dict[str, Callable[[], object]], seconds: float) -> dict[str, float]:
    """Microseconds of each call, the least of several turns."""
    times = dict.fromkeys(calls, float("inf"))
    for turn in range(6):
        for name in list(calls) if turn % 2 else reversed(list(calls)):
            samples = time_calls(calls[name], seconds / 6, count_cycles=False)
            times[name] = min(times[name], *samples.nanoseconds)
    return {name: time / 1000 for name, time in times.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=_AsWritten)
    parser.add_argument("--channels", type=int, default=256)
    parser.add_argument("--size", type=int, default=14)
    parser.add_argument("--seconds", type=float, default=1.0, help="for each kernel")
    args = parser.parse_args()
    print(f"3x3, {args.channels} channels, {args.size}x{args.size}, {X_CODE} by {W_CODE}")
    for density in DENSITIES:
        times = least_times(kernels(pruned_layer(args.channels, args.size, density)), args.seconds)
        best = min(time for name, time in times.items() if name != "sparse")
        row = "  ".join(f"{name} {time:.1f}" for name, time in times.items())
        print(f"{density:4.0%} of blocks: {row} us;  {best / times['sparse']:.2f}x the best other")


class _AsWritten(argparse.RawDescriptionHelpFormatter):
    """Keeps the line breaks of the description."""


if __name__ == "__main__":
    main()
