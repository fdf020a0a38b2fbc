"""Which kernel a contraction becomes: a strategy and a schedule, and who says so."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from lowbit_dialect.schedule import ScheduleAttr
from lowering.kernels.contraction import Contraction
from lowering.kernels.resolve_strategy import resolve_strategy
from lowering.strategies import AUTO
from lowering.targets import Target


@dataclass(frozen=True)
class KernelPlan:
    """The name of a strategy, and a schedule for it."""

    strategy: str
    schedule: ScheduleAttr


KernelSelector = Callable[[Contraction], KernelPlan]
"""Answers what a contraction shall become."""


def model_plan(problem: Contraction, target: Target, strategy: str = AUTO) -> KernelPlan:
    """What the cost model takes, within a strategy or whichever is the fastest.

    Raises:
        ValueError: there is no such strategy, or none for the codes.
    """
    contraction = problem.on(target)
    resolved = resolve_strategy(strategy, contraction)
    return KernelPlan(resolved.name, resolved.default_schedule(contraction))
