"""Compiled functions against the numbers that their graph was built with."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product

import numpy as np
from hypothesis import strategies as st
from xdsl.dialects.builtin import ModuleOp

from lowbit_dialect.codes import Code
from lowbit_dialect.geometry import ConvGeometry
from lowbit_dialect.interpreters import interpret
from lowbit_dialect.layouts.packed_array import PackedArray
from lowbit_dialect.ops.contraction import Conv2DOp, MatmulOp
from lowering.kernels.contraction import Contraction
from lowering.kernels.kernel_plan import KernelPlan, model_plan
from lowering.kernels.select_kernel import select_kernels
from lowering.pipeline import lower
from lowering.strategies import BUILT_IN, get_strategy, strategy_names
from lowering.targets import get_target
from runtime import compile
from runtime.executable import Executable
from tests.backend.harness import RUN
from tests.differential.graph import Graph, Numbers, Value, module_of


def installed_strategies() -> tuple[str, ...]:
    """The strategies of installed packages."""
    return tuple(name for name in strategy_names() if name not in BUILT_IN)


TARGETS = tuple(RUN)
"""The host and its weaker classes."""
STRATEGIES = ("bitserial", "dot", "lut", *installed_strategies())
"""Each is checked, whichever the target prefers: by cases of its own, or drawn for a case. Those of
installed packages are among them."""

strategies = st.sampled_from(STRATEGIES)


def turn(*places: int) -> str:
    """A target for a case: neighbouring places in lists of cases get different ones."""
    return TARGETS[sum(places) % len(TARGETS)]


def takes(strategy: str, x: Code, w: Code, geometry: ConvGeometry, target: str) -> bool:
    """Whether a strategy can take a contraction on a target."""
    contraction = Contraction(x, w, geometry).on(get_target(target))
    return get_strategy(strategy).why_not(contraction) is None


def prefer(module: ModuleOp, target: str, strategy: str) -> None:
    """Select kernels of a strategy where it takes the contraction, others where it does not.

    A module whose contractions differ can so be compiled with every strategy.
    """

    def choose(problem: Contraction) -> KernelPlan:
        is_possible = strategy == "auto" or takes(
            strategy, *problem.codes, problem.geometry, target
        )
        return model_plan(problem, get_target(target), strategy if is_possible else "auto")

    select_kernels(module, get_target(target), choose)


def assert_same(found: Numbers | PackedArray, value: Value, where: str) -> None:
    """Equal numbers, and for packed results equal words: gaps must be zero."""
    expected = value.result
    if isinstance(expected, PackedArray):
        assert isinstance(found, PackedArray), where
        assert found.type == value.type, where
        found, expected = found.words, expected.words
    assert not isinstance(found, PackedArray), where
    assert found.shape == expected.shape, where
    if found.dtype.kind == "f":
        assert found.dtype == np.float32, where
        found, expected = found.view(np.uint32), expected.astype(np.float32).view(np.uint32)
    wrong = np.argwhere(found != expected)
    if len(wrong):
        at = tuple(wrong[0])
        raise AssertionError(
            f"{where}: {len(wrong)} of {found.size} differ, first at {list(map(int, at))}:"
            f" got {found[at]}, expected {expected[at]}"
        )


def call(executable: Executable, graph: Graph, num_threads: int = 1, out=None):
    """The results of a compiled graph, as a tuple."""
    results = executable(*(v.result for v in graph.inputs), num_threads=num_threads, out=out)
    return results if isinstance(results, tuple) else (results,)


def check_interpreted(graph: Graph, module: ModuleOp, where: str) -> None:
    """The interpreter gives the graph's numbers."""
    results = interpret(module, graph.name, *(v.result for v in graph.inputs))
    for found, value in zip(results, graph.results, strict=True):
        assert_same(found, value, where)


def check(
    graph: Graph,
    targets: Sequence[str] = TARGETS,
    num_threads: int = 1,
    strategies: Sequence[str] = STRATEGIES,
) -> None:
    """Compile for targets and strategies, call twice (the workspace is used again), and compare."""
    module = module_of(graph)
    check_interpreted(graph, module, "interpreted tensors")
    has_contraction = any(isinstance(op, Conv2DOp | MatmulOp) for op in module.walk())
    for target, strategy in product(targets, strategies if has_contraction else ("auto",)):
        selected, where = module.clone(), f"{target} {strategy}"
        prefer(selected, target, strategy)
        kernels = selected.clone()
        lower(kernels, target, "kernels")
        kernels.verify()
        check_interpreted(graph, kernels, f"interpreted kernels for {where}")
        executable = compile(selected, target, use_cache=False)
        for threads in {1, num_threads}:
            results = call(executable, graph, threads)
            for i, (found, value) in enumerate(zip(results, graph.results, strict=True)):
                assert_same(found, value, f"{where}, {threads} threads, result {i}")
