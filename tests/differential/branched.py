"""Random networks with residuals, concatenations, pools and branches, whose thresholds matter.

Thresholds are at quantiles of the sums, so that each level has at least a twentieth of the
activations of every layer. So a fault in any layer reaches the result.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from lowbit_dialect.codes import parse_code
from lowbit_dialect.ops.concat import ConcatOp
from lowbit_dialect.ops.pool import AvgPool2DOp
from tests.differential.graph import Graph, Numbers, Value

LEAST_SHARE = 0.05
"""Of the activations of a layer, for each level."""

Move = tuple[int, int, int]
"""A threshold: layer, channel, number."""


@dataclass
class Branched:
    """A network of a seed while it is built; with `steps`, with thresholds that are given."""

    seed: int
    blocks: int
    steps: Sequence[Numbers] = ()
    graph: Graph = field(default_factory=Graph)
    used: list[Numbers] = field(default_factory=list)
    """The thresholds of each layer."""
    sums: list[Numbers] = field(default_factory=list)
    """The accumulators of each layer."""

    def build(self) -> Branched:
        """Build the network, whose results are the last activations and their last sums."""
        rng = self.rng = np.random.default_rng(self.seed)
        self.code = parse_code(str(rng.choice(["unipolar<1>", "unipolar<2>", "signed<2>"])))
        size, channels = int(rng.integers(6, 12)), int(rng.choice([8, 20, 32, 33]))
        x = self.graph.values(
            self.code, rng.choice(self.code.values, (1, size, size + 1, channels)), constant=False
        )
        kinds = [self.residual, self.branch, self.pooled]
        for k in range(self.blocks):
            x = kinds[(k + self.seed) % 3](x)
        self.graph.returns(x, self.conv(x, 5, 1))
        return self

    def conv(self, x: Value, channels: int, kernel: int, stride: int = 1) -> Value:
        """Sums of a convolution with random weights."""
        code = parse_code(str(self.rng.choice(["bipolar<1>", "signed<2>", "unipolar<2>"])))
        shape = (channels, kernel, kernel, x.numbers.shape[3])
        weights = self.graph.values(code, self.rng.choice(code.values, shape), constant=True)
        return self.graph.conv2d(x, weights, (stride, stride), [kernel // 2] * 4)

    def act(self, acc: Value) -> Value:
        """Levels, of which each has a fair share in every channel, some channels falling."""
        layer, count = len(self.used), (1 << self.code.width) - 1
        channels = acc.numbers.shape[-1]
        flip = self.rng.random(channels) < 0.3
        sums = np.where(flip, -acc.numbers, acc.numbers).astype(np.int64)
        if layer < len(self.steps):
            steps = self.steps[layer]
        else:
            shares = np.arange(1, count + 1) / (count + 1)
            steps = np.quantile(sums.reshape(-1, channels), shares, axis=0, method="nearest").T
        self.used.append(steps)
        self.sums.append(sums)
        thresholds = self.graph.integers(steps, constant=True)
        flips = self.graph.integers(flip, constant=True)
        return self.graph.threshold(acc, thresholds, self.code, flips)

    def residual(self, x: Value) -> Value:
        """Two ways to the same sums."""
        channels, stride = int(self.rng.choice([16, 20, 32])), 1 + int(self.rng.random() < 0.3)
        y = self.act(self.conv(x, channels, 3, stride))
        return self.act(
            self.graph.add(self.conv(y, channels, 3), self.conv(x, channels, 1, stride))
        )

    def branch(self, x: Value) -> Value:
        """Three ways, one behind the other along channels; x itself is one."""
        wide, narrow = (int(c) for c in self.rng.choice([8, 12, 16, 32], 2))
        ways = [self.act(self.conv(x, wide, 3)), self.act(self.conv(x, narrow, 1)), x]
        order = self.rng.permutation(len(ways))
        return self.graph.apply(lambda *ssa: ConcatOp.get(list(ssa), 3), *(ways[k] for k in order))

    def pooled(self, x: Value) -> Value:
        """A layer, and the greatest or the average of its windows."""
        y = self.act(self.conv(x, int(self.rng.choice([16, 24])), 3))
        if self.rng.random() < 0.5:
            return self.graph.max_pool2d(y, (2, 2), (1, 1))
        average = self.graph.apply(
            lambda ssa: AvgPool2DOp.get(ssa, (2, 2), (1, 1), (0, 0, 0, 0), "nhwc", "half_even"), y
        )
        return self.act(self.conv(average, 16, 1))

    @property
    def least_share(self) -> float:
        """Of the activations of a layer, what the rarest level has."""
        return min(
            float((reached == level).mean())
            for reached in self.levels
            for level in range(1 << self.code.width)
        )

    @property
    def levels(self) -> Iterator[Numbers]:
        """The levels of each layer."""
        for sums, steps in zip(self.sums, self.used, strict=True):
            yield (sums[..., None] >= steps).sum(-1)

    def moved(self, move: Move) -> Branched:
        """The network with one threshold moved up by one."""
        layer, channel, number = move
        steps = [array.copy() for array in self.used]
        steps[layer][channel, number] += 1
        steps[layer][channel, number:] = np.maximum(
            steps[layer][channel, number:], steps[layer][channel, number]
        )
        return Branched(self.seed, self.blocks, steps).build()


def branched(seed: int, blocks: int) -> Branched:
    """The first network from a seed on whose levels are all frequent."""
    while True:
        found = Branched(seed, blocks).build()
        if found.least_share >= LEAST_SHARE:
            return found
        seed += 1000
