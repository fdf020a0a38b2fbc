"""How long each stage of a compiled function takes, and what it is."""

from __future__ import annotations

import ctypes
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from xdsl.dialects.builtin import MemRefType, ModuleOp
from xdsl.dialects.func import FuncOp

from lowbit_dialect.layouts.packed import memory_bytes
from lowbit_dialect.ops.compute import ComputeOp
from lowbit_dialect.ops.kernel import KernelOp
from lowbit_dialect.schedule import ScheduleAttr
from lowering.kernels.contraction import Contraction
from lowering.kernels.kernel_plan import KernelPlan
from lowering.kernels.prediction import predicted_cycles
from lowering.pipeline import Step
from lowering.stages.bufferize import BufferizePass
from lowering.strategies import strategy_of
from lowering.targets import get_target
from runtime.executable import Executable
from runtime.measure.samples import lower_quartile

LEAST_RUNS = 3
"""Runs that are timed even if they take longer than is wanted."""


@dataclass(frozen=True)
class StageTime:
    """A stage, as its symbol is called, how many parts it has, and the time of a run of them."""

    name: str
    parts: int
    seconds: float

    @property
    def operation(self) -> str:
        """The operation that it computes, without the name of the dialect."""
        return self.name.split("_", 2)[-1]


@dataclass(frozen=True)
class StageFacts:
    """What a stage computes.

    Attributes:
        moved: bytes of its operands and results.
        macs: full-width products of a kernel, taps in the padding among them; otherwise 0.
        strategy: of a kernel, or nothing.
        bound: cycles of a kernel by the cost model, or 0.
    """

    moved: int
    macs: int = 0
    strategy: str = ""
    bound: float = 0.0


@dataclass
class StageCollector:
    """A hook for `compile` that notes the facts of each stage, by its symbol."""

    target: str
    facts: dict[str, StageFacts] = field(default_factory=dict)

    def __call__(self, step: Step, module: ModuleOp) -> None:
        """Look at the module where every stage is a function of one operation."""
        if step.run.name != BufferizePass.name:
            return
        for function in module.walk():
            if isinstance(function, FuncOp):
                computes = [op for op in function.body.walk() if isinstance(op, ComputeOp)]
                for compute in computes:
                    self.facts[function.sym_name.data] = self._facts(compute)

    def _facts(self, compute: ComputeOp) -> StageFacts:
        values = (*compute.ins, *compute.outs)
        moved = sum(memory_bytes(v.type) for v in values if isinstance(v.type, MemRefType))
        kernel = next((op for op in compute.body.walk() if isinstance(op, KernelOp)), None)
        if kernel is None:
            return StageFacts(moved)
        target, g = get_target(self.target), kernel.geometry
        macs = g.batch * g.rows.out * g.cols.out * g.oc * g.taps
        strategy, schedule = strategy_of(kernel).name, kernel.properties["schedule"]
        assert isinstance(schedule, ScheduleAttr), "it is planned"
        contraction = Contraction.of_kernel(kernel, target).apart()
        bound = predicted_cycles(contraction, KernelPlan(strategy, schedule), target)
        return StageFacts(moved, macs, strategy, bound)


def time_stages(
    executable: Executable, inputs: Sequence[NDArray], seconds: float
) -> list[StageTime]:
    """Time the stages of a function on one thread, in the order in which they run.

    Args:
        executable: a function of tensors; one without stages gives an empty list.
        inputs: an array for each input, as `Executable.run` takes them.
        seconds: how long to repeat the run. Each time is a lower quartile, less that of a call of
            the stage without any part, which the call from Python and the clock take.
    """
    stages = executable.entry_points()
    outputs = [spec.new_storage() for spec in executable.signature.results]
    workspace = np.zeros(executable.signature.workspace, np.uint8)
    arrays = [*inputs, *outputs, workspace]
    buffers = [array.__array_interface__["data"][0] for array in arrays]
    types = [ctypes.c_void_p] * len(buffers) + [ctypes.c_ssize_t] * 2
    functions = [ctypes.CFUNCTYPE(None, *types)(address) for _, _, address in stages]
    samples: list[list[float]] = [[] for _ in stages]
    empty: list[list[float]] = [[] for _ in stages]
    end = time.perf_counter() + seconds
    runs = 0
    while runs < LEAST_RUNS or time.perf_counter() < end:
        for (_, parts, _), function, times, calls in zip(
            stages, functions, samples, empty, strict=True
        ):
            start = time.perf_counter()
            function(*buffers, 0, 0)
            called = time.perf_counter()
            function(*buffers, 0, parts)
            times.append(time.perf_counter() - called)
            calls.append(called - start)
        runs += 1
    return [
        StageTime(name, parts, max(1e-9, lower_quartile(times) - lower_quartile(calls)))
        for (name, parts, _), times, calls in zip(stages, samples, empty, strict=True)
    ]
