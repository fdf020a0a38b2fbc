"""`lowbit-plan-kernels`: what kernels leave open is decided by the costs of a target."""

from __future__ import annotations

from dataclasses import dataclass

from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp
from xdsl.ir import Operation
from xdsl.passes import ModulePass
from xdsl.pattern_rewriter import (
    PatternRewriter,
    RewritePattern,
)

from lowbit_dialect.ops.kernel import KernelOp
from lowering.kernels.contraction import Contraction
from lowering.kernels.plan_epilogue import CountThresholds, ScheduleEpilogue
from lowering.strategies import strategy_of
from lowering.support.rewriting import rewrite
from lowering.targets import Target, get_target


@dataclass(frozen=True)
class ScheduleKernel(RewritePattern):
    """A kernel without a schedule gets the one with the least predicted cycles.

    %y = lowbit.bitserial_conv %x, %w
    ->
    %y = lowbit.bitserial_conv %x, %w schedule #lowbit.schedule<..>
    """

    target: Target

    def match_and_rewrite(self, op: Operation, rewriter: PatternRewriter) -> None:
        """Rewrite one kernel, of whatever strategy."""
        if not isinstance(op, KernelOp) or "schedule" in op.properties:
            return
        strategy = strategy_of(op)
        contraction = Contraction(*op.codes, op.geometry).on(self.target)
        schedule = strategy.default_schedule(contraction, strategy.of_layouts(op))
        op.properties["schedule"] = schedule
        rewriter.notify_op_modified(op)


@dataclass(frozen=True)
class PlanKernelsPass(ModulePass):
    """Decide for a target what kernels leave open: schedules, epilogue schedules, and how the
    epilogues find levels.

    Raises:
        ValueError: there is no such target.
    """

    name = "lowbit-plan-kernels"
    target: str = "host"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        """Rewrite every kernel and every glue of form threshold."""
        target = get_target(self.target)
        patterns = [
            ScheduleKernel(target),
            ScheduleEpilogue(target),
            CountThresholds(target.costs.masks),
        ]
        rewrite(op, patterns, recursively=False)
