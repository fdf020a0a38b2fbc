"""Cost facts steer level 2 and nothing below it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields, is_dataclass, replace
from typing import Any

import pytest
from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp

from lowbit_dialect.codes import parse_code
from lowbit_dialect.geometry import ConvGeometry, Window
from lowering import targets
from lowering.pipeline import LEVELS
from lowering.strategies import BUILT_IN
from lowering.targets import TARGETS, Target, get_target
from runtime.bench.measure import Layer
from runtime.bench.workloads import Workload

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
        for step in LEVELS[level](target):
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


@pytest.mark.parametrize("target", MACHINES)
@pytest.mark.parametrize("strategy", BUILT_IN)
def test_below_level_2_costs_change_nothing(strategy: str, target: str, machine: Any) -> None:
    workload, x, w = CODES[strategy]
    layer = Layer.of(workload, parse_code(x), parse_code(w))
    module = layer.module("packed", strategy, get_target(target))
    for step in LEVELS["kernels"](target, strategy, "none"):
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
        for step in LEVELS["kernels"](target.name, "lut", "none"):
            step.apply(Context(), module)
        texts.add(str(module))
    assert len(texts) > 1
