"""What the cost model says of a kernel, to stand beside what was measured."""

from __future__ import annotations

from math import isfinite

from lowering.kernels.contraction import Contraction
from lowering.kernels.kernel_plan import KernelPlan
from lowering.kernels.prediction import predicted_cycles
from lowering.targets import Target


def predicted_mac_per_cycle(
    problem: Contraction, choice: KernelPlan, target: Target
) -> float | None:
    """Multiply-accumulates a cycle, or None where the model gives the kernel no finite time."""
    cycles = predicted_cycles(problem, choice, target)
    return problem.geometry.macs / cycles if isfinite(cycles) and cycles > 0 else None
