"""Random networks with branches, from the text of every level, on every class of this machine."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from xdsl.dialects.builtin import ModuleOp

from lowering.pipeline import LEVELS, Step, lower
from runtime import compile
from tests.differential.branched import LEAST_SHARE, Branched, branched
from tests.differential.check import TARGETS, assert_same, call
from tests.differential.graph import Graph, module_of
from tests.sweep import swept


def check(graph: Graph, module: ModuleOp | str, target: str, where: str) -> None:
    """A module gives what the graph says."""
    found = call(compile(module, target, use_cache=False), graph, num_threads=2)
    for k, (result, value) in enumerate(zip(found, graph.results, strict=True)):
        assert_same(result, value, f"{where} on {target}, result {k}")


def check_levels(network: Branched, target: str, levels: Sequence[str]) -> None:
    """The text of each level is read again, and run."""
    seen: list[str] = []

    def after(step: Step, module: ModuleOp) -> None:
        if step.is_last and step.level in levels:
            seen.append(step.level)
            check(network.graph, str(module), target, f"seed {network.seed}, {step.level}")

    lower(module_of(network.graph), target, after=after)
    assert seen == list(levels)


def sensitive(network: Branched) -> Branched:
    """The network with a threshold of any layer moved by one, for which results change."""
    rng = np.random.default_rng(network.seed)
    for layer in rng.permutation(len(network.used)):
        channels, count = network.used[layer].shape
        for _ in range(10):
            moved = network.moved(
                (int(layer), int(rng.integers(channels)), int(rng.integers(count)))
            )
            pairs = zip(moved.graph.results, network.graph.results, strict=True)
            if any((new.numbers != old.numbers).any() for new, old in pairs):
                return moved
    raise AssertionError(f"seed {network.seed}: no threshold matters")


ALL = tuple(LEVELS)
CASES = [
    (0, 2, TARGETS[0], ALL[::2]),
    (1, 2, TARGETS[1], ALL[1::2]),
    *swept(*((2 + seed, 3 + seed % 6, target, ALL) for seed in range(24) for target in TARGETS)),
]


@pytest.mark.parametrize(("seed", "blocks", "target", "levels"), CASES)
def test_from_the_text_of_levels(
    seed: int, blocks: int, target: str, levels: tuple[str, ...]
) -> None:
    network = branched(seed, blocks)
    assert network.least_share >= LEAST_SHARE
    check_levels(network, target, levels)
    moved = sensitive(network)
    check(moved.graph, module_of(moved.graph), target, f"seed {seed}, a threshold moved")


def test_networks_have_all_that_branches() -> None:
    ops = {op.name for seed in range(4) for op in branched(seed, 3).graph.function.walk()}
    wanted = ("conv2d", "fused_glue", "add", "concat", "max_pool2d", "avg_pool2d")
    assert {f"lowbit.{name}" for name in wanted} <= ops
