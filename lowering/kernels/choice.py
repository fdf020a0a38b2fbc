"""Which kernel a contraction becomes: a strategy and a schedule, and who says so."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from lowbit_dialect.schedule import ScheduleAttr
from lowering.kernels.default_schedule import default_schedule
from lowering.kernels.problem import Problem
from lowering.kernels.strategy import resolve_strategy
from lowering.targets import Target


@dataclass(frozen=True)
class Choice:
    """A strategy and a schedule for it."""

    strategy: str
    schedule: ScheduleAttr


Chooser = Callable[[Problem], Choice]
"""Answers what a contraction shall become."""


def model_choice(problem: Problem, target: Target, strategy: str = "auto") -> Choice:
    """What the cost model takes, within a strategy or whichever is the fastest.

    Raises:
        ValueError: there is no such strategy, or none for the codes.
    """
    x, w, geometry = problem.x_code, problem.w_code, problem.geometry
    resolved = resolve_strategy(strategy, x, w, geometry, target)
    return Choice(resolved, default_schedule(geometry, x, w, target, resolved))
