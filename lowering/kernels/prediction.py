"""What the cost model expects of a kernel, for records and tables beside what was measured."""

from __future__ import annotations

from lowering.kernels.contraction import Contraction
from lowering.kernels.kernel_plan import KernelPlan
from lowering.strategies import get_strategy
from lowering.targets import Target


def predicted_cycles(problem: Contraction, choice: KernelPlan, target: Target) -> float:
    """Cycles of a call by the cost model; infinite where it takes the kernel for impossible."""
    strategy, schedule = get_strategy(choice.strategy), choice.schedule
    given = {name: strategy.ops.knob(schedule, name) for name in strategy.ops.knobs}
    return strategy.cycles(problem.on(target), *schedule.tile, given)
