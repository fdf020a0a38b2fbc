"""What the cost model expects of a kernel, for records and tables beside what was measured."""

from __future__ import annotations

from lowering.kernels.choice import Choice
from lowering.kernels.cost_model import Contraction, predict_cycles
from lowering.kernels.problem import Problem
from lowering.targets import Target


def predicted_cycles(problem: Problem, choice: Choice, target: Target) -> float:
    """Cycles of a call by the cost model; infinite where it takes the kernel for impossible."""
    x, w = problem.x_code, problem.w_code
    tile = choice.schedule.pixels.data, choice.schedule.vectors.data
    return predict_cycles(Contraction(problem.geometry, x, w, target), choice.strategy, *tile)
