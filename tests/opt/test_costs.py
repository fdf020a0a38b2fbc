"""Cost facts steer level 2 and nothing below it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields, is_dataclass, replace
from itertools import product
from typing import Any

import pytest
from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp

from lowbit_dialect.codes import parse_code
from lowbit_dialect.geometry import ConvGeometry, Window
from lowering import targets
from lowering.kernels.contraction import Contraction
from lowering.kernels.kernel_plan import model_plan
from lowering.kernels.prediction import predicted_cycles
from lowering.pipeline import LEVELS, passes_of
from lowering.strategies import BUILT_IN
from lowering.targets import TARGETS, Target, get_target
from runtime.measure.layer import Layer
from runtime.measure.workloads import Workload
from tests.sweep import thinned

ROWS, COLS = Window(6, 3, 1, 1, 1), Window(9, 3, 1, 1, 1)
CONV = Workload("conv", ConvGeometry(1, ROWS, COLS, 150, 20))
GEMM = Workload("gemm", ConvGeometry.of_matmul(3, 300, 40), is_matmul=True)
CODES = {
    "bitserial": (CONV, "unipolar<2>", "signed<2>"),
    "dot": (GEMM, "unipolar<8>", "signed<2>"),
    "lut": (CONV, "unipolar<2>", "bipolar<1>"),
    "product_lut": (CONV, "codebook<2, [-3, 0, 1, 5]>", "codebook<2, [-7, 0, 1, 9]>"),
}
MACHINES = ("znver5", "x86-64-v3", "x86-64", "cortex-a53", "neoverse-n1", "cortex-a9")


def changed(value: Any, times: float) -> Any:
    """Every number in cost facts another one; a field of a new kind fails here."""
    if is_dataclass(value) and not isinstance(value, type):
        new = {f.name: changed(getattr(value, f.name), times) for f in fields(value)}
        return replace(value, **new)
    if isinstance(value, bool):
        return not value
    assert isinstance(value, int | float), f"a cost fact of type {type(value).__name__}"
    if isinstance(value, float):
        return value * times + 0.3
    scaled = max(1, int(value * times))
    return scaled if scaled != value else value + 1


def numbers(value: Any) -> Iterator[Any]:
    if is_dataclass(value) and not isinstance(value, type):
        for field in fields(value):
            yield from numbers(getattr(value, field.name))
    else:
        yield value


def with_costs(target: Target, times: float) -> Target:
    return replace(target, costs=changed(target.costs, times))


def lowered(module: ModuleOp, target: str) -> dict[str, str]:
    """The text of a module of kernels at every level below."""
    module, found = module.clone(), {}
    for level in list(LEVELS)[2:]:
        for step in passes_of(level, target):
            step.apply(Context(), module)
        found[level] = str(module)
    return found


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Puts another target in the place of a known one."""

    def put(target: Target) -> None:
        monkeypatch.setitem(TARGETS, target.name, target)
        targets._target.cache_clear()

    yield put
    monkeypatch.undo()
    targets._target.cache_clear()


def test_every_fact_is_changed() -> None:
    for name in TARGETS:
        costs = get_target(name).costs
        for times in (8, 0.1):
            pairs = list(zip(numbers(costs), numbers(changed(costs, times)), strict=True))
            assert len(pairs) > 20
            assert all(old != new for old, new in pairs)


@pytest.mark.parametrize(("strategy", "target"), thinned(product(BUILT_IN, MACHINES), 5))
def test_below_level_2_costs_change_nothing(strategy: str, target: str, machine: Any) -> None:
    workload, x, w = CODES[strategy]
    layer = Layer.of(workload, parse_code(x), parse_code(w))
    module = layer.module("packed", strategy, get_target(target))
    for step in passes_of("kernels", target, strategy, "none"):
        step.apply(Context(), module)
    before, real = lowered(module, target), get_target(target)
    for times in (8, 0.1):
        machine(with_costs(real, times))
        assert get_target(target).costs != real.costs
        assert lowered(module, target) == before


def test_level_2_chooses_by_costs(machine: Any) -> None:
    """The other way round: what the test above changes does steer the choice."""
    real, texts = get_target("x86-64-v3"), set[str]()
    for target in (real, with_costs(real, 8), with_costs(real, 0.1)):
        machine(target)
        layer = Layer.of(CONV, parse_code("unipolar<2>"), parse_code("bipolar<1>"))
        module = layer.module("packed", "lut", target)
        for step in passes_of("kernels", target.name, "lut", "none"):
            step.apply(Context(), module)
        texts.add(str(module))
    assert len(texts) > 1


def test_dot_products_have_the_rate_of_the_processor() -> None:
    """A Zen 4 starts half as many vectors of 512 bits as a Zen 5; narrower ones at full rate."""
    rates = {name: get_target(name).costs.dot.rate for name in ("znver4", "znver5")}
    assert rates == {"znver4": 1, "znver5": 2}
    narrow = targets.restrict(get_target("znver4"), "avx2").costs
    assert narrow.dot == targets.restrict(get_target("znver5"), "avx2").costs.dot
    wide = get_target("znver4").costs.throughput
    assert (narrow.throughput.vector, narrow.throughput.loads) == (2 * wide.vector, 2 * wide.loads)


def test_a_processor_of_slow_dot_products_counts_bits() -> None:
    """ResNet18's C3, 4 bits by 1: 55 MAC a cycle by popcounts on a Zen 4, 46 by dot products."""
    rows = Window(56, 1, 2, 0, 0)
    geometry = ConvGeometry(1, rows, rows, 64, 128)
    problem = Contraction(parse_code("unipolar<4>"), parse_code("bipolar<1>"), geometry)
    target = get_target("znver4")
    counted, dot = (model_plan(problem, target, strategy) for strategy in ("bitserial", "dot"))
    assert predicted_cycles(problem, counted, target) < predicted_cycles(problem, dot, target)
    assert model_plan(problem, target) == counted
