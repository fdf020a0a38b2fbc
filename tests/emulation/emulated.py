"""Many compiled functions in one program, run at once on an emulated processor and compared.

A batch costs one link and one start, whatever it holds; only compiling takes time by the function.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import seed as seeded
from hypothesis import strategies as st
from numpy.typing import NDArray
from xdsl.dialects.builtin import ModuleOp, StringAttr

from lowbit_dialect.schedule import ScheduleAttr
from lowering.kernels.kernel_plan import KernelPlan
from lowering.kernels.select_kernel import select_kernels
from lowering.targets import Target, get_target
from runtime.remote.machine import Machine, QemuMachine
from runtime.remote.program import Job, Program, Report, Unit
from runtime.signature import Signature
from tests.differential.check import prefer
from tests.differential.graph import Graph, Numbers
from tests.sweep import SCALE, some, swept
from tests.tools import needed

T = TypeVar("T")

AARCH64 = ("cortex-a53", "cortex-a72", "neoverse-n1")
ARMV7 = ("cortex-a7", "cortex-a9")
TARGETS = (*AARCH64, *ARMV7)
HALF = ("cortex-a72", "cortex-a7")
"""Targets with the instructions of another one; the tiles and the order may differ."""
PLACES = ("end", "start", "+1")
"""Where the buffers lie: against a page that nobody may touch, and off every alignment."""
TIME_LIMIT = 240.0

FAMILIES = ("cortex-a53", "cortex-a9")
"""A target of each instruction set family; the others only add dot products, or other tiles."""


def on(*families: str) -> pytest.MarkDecorator:
    """The targets of a test: these families in `make test`, all targets in `make test-all`."""
    return pytest.mark.parametrize(
        "target", [*families, *swept(*(t for t in TARGETS if t not in families))]
    )


each_target, aarch64_first, armv7_first = on(*FAMILIES), on(FAMILIES[0]), on(FAMILIES[1])


def emulated(target: str) -> Machine:
    """The processor of a target."""
    return needed(lambda: QemuMachine(get_target(target)))


def linked(units: Sequence[Unit], target: str, *, is_static: bool = True) -> Program:
    """A program for a target."""
    return needed(lambda: Program(units, get_target(target), is_static=is_static))


def drawn(strategy: st.SearchStrategy, count: int, seed: int = 0) -> list:
    """So many examples of what hypothesis draws, or as many more as `LOWBIT_EXAMPLES` says."""
    found = []

    @seeded(seed)
    @settings(
        max_examples=max(1, round(count * SCALE)),
        database=None,
        phases=[Phase.generate],
        deadline=None,
        suppress_health_check=[
            *(HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much)
        ],
    )
    @given(strategy)
    def collect(value) -> None:
        found.append(value)

    collect()
    return found


@dataclass(frozen=True, eq=False)
class Call:
    """Arguments of a function as it reads them, its results, and what to say where they differ."""

    function: str
    inputs: list[NDArray]
    expected: list[NDArray]
    where: str


def same_bits(output: NDArray, expected: NDArray) -> NDArray:
    """Where two arrays have the same bytes, so that a NaN is itself and 0.0 not -0.0."""
    return _bits(output) == _bits(expected)


@dataclass(eq=False)
class Batch:
    """Functions for one target, and calls of them at places, which may depend on the function."""

    target: str
    places: Sequence[str] | Callable[[Signature], Sequence[str]] = PLACES
    compile: Callable[[ModuleOp, Target, str], Unit] = Unit.of
    """From a module of tensors, for a target with a strategy, to its object."""
    agree: Callable[[NDArray, NDArray], NDArray] = same_bits
    """Where a result is the one expected."""
    _graphs: dict[str, list[tuple[str, Graph, str]]] = field(default_factory=dict)
    _more: dict[str, list[tuple[list[Numbers], list[Numbers], str]]] = field(default_factory=dict)
    _schedules: dict[str, ScheduleAttr] = field(default_factory=dict)

    def add(
        self,
        graph: Graph,
        where: object,
        strategy: str = "auto",
        schedule: ScheduleAttr | None = None,
    ) -> str:
        """Compile a graph, and call it with its own numbers; the name that `call` wants.

        The kernels of the graph get the schedule that is given.
        """
        functions = self._graphs.setdefault(strategy, [])
        name = f"{strategy}_{len(functions)}"
        functions.append((name, graph, f"{where}, {strategy} {schedule or ''}".strip()))
        self._more[name] = []
        if schedule is not None:
            self._schedules[name] = schedule
        return name

    def call(
        self, name: str, inputs: Iterable[Numbers], results: Iterable[Numbers], where: object
    ) -> None:
        """Call a function with other numbers, too."""
        self._more[name].append((list(inputs), list(results), str(where)))

    def run(self, *, is_static: bool = True) -> int:
        """Run all calls at all places, and compare; how many there were."""
        with emulated(self.target) as machine:
            target = get_target(self.target)
            units = [
                self.compile(self._module(functions, strategy), target, strategy)
                for strategy, functions in self._graphs.items()
            ]
            program = linked(units, self.target, is_static=is_static)
            calls = self._calls(program)
            program.put(machine)
            placed = [
                (call, Job(call.function, call.inputs, place, 2))
                for call in calls
                for place in self._places(program.signatures[call.function])
            ]
            jobs = [job for _, job in placed]
            reports = program.run(machine, jobs, TIME_LIMIT)
        wrong = []
        for (call, job), report in zip(placed, reports, strict=True):
            wrong += [
                f"{call.where}, at {job.place}: {text}" for text in faults(call, report, self.agree)
            ]
        assert not wrong, f"{self.target}: {len(wrong)} of {len(jobs)} jobs:\n" + "\n".join(
            wrong[:20]
        )
        return len(jobs)

    def _places(self, signature: Signature) -> Sequence[str]:
        return self.places(signature) if callable(self.places) else self.places

    def _module(self, functions: list[tuple[str, Graph, str]], strategy: str) -> ModuleOp:
        clones = []
        for name, graph, _ in functions:
            clone = graph.function.clone()
            clone.properties["sym_name"] = StringAttr(name)
            if (schedule := self._schedules.get(name)) is not None:
                alone, choice = ModuleOp([clone]), KernelPlan(strategy, schedule)
                select_kernels(alone, get_target(self.target), lambda _, choice=choice: choice)
                clone.detach()
            clones.append(clone)
        module = ModuleOp(clones)
        prefer(module, self.target, strategy)
        module.verify()
        return module

    def _calls(self, program: Program) -> list[Call]:
        calls = []
        for name, graph, where in (f for functions in self._graphs.values() for f in functions):
            signature = program.signatures[name]
            own = [v.result for v in graph.inputs], [v.result for v in graph.results], ""
            for inputs, results, what in (own, *self._more[name]):
                expected = [
                    spec.to_storage(value, "result")
                    for spec, value in zip(signature.results, results, strict=True)
                ]
                storages = signature.to_storages(inputs)
                calls.append(Call(name, storages, expected, f"{where} {what}".strip()))
        return calls


def faults(
    call: Call, report: Report, agree: Callable[[NDArray, NDArray], NDArray] = same_bits
) -> list[str]:
    """What is wrong with the report of a call, a line each."""
    found = list(report.faults)
    for i, (output, expected) in enumerate(zip(report.outputs, call.expected, strict=True)):
        differ = np.argwhere(~agree(output, expected))
        if len(differ):
            at = tuple(differ[0])
            found.append(
                f"result {i}: {len(differ)} of {output.size} differ, first at"
                f" {list(map(int, at))}: got {output[at]}, expected {expected[at]}"
            )
    return found


def _bits(array: NDArray) -> NDArray:
    return array.view(f"u{array.itemsize}")


def share(target: str, cases: Sequence[T]) -> list[tuple[int, T]]:
    """Places and cases of a target: a third of them, another third for the next target.

    All of them where `LOWBIT_EXAMPLES` is above 1, but half for targets that share their
    instructions.
    """
    first = TARGETS.index(target) // 2
    return list(enumerate(cases))[first % 2 :: 2] if target in HALF else some(cases, first, 3)
