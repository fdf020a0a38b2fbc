"""`lowbit-plan-kernels`: what kernels leave open is decided by the costs of a target."""

from __future__ import annotations

from dataclasses import dataclass

from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp, UnitAttr
from xdsl.ir import Operation
from xdsl.passes import ModulePass
from xdsl.pattern_rewriter import (
    GreedyRewritePatternApplier,
    PatternRewriter,
    PatternRewriteWalker,
    RewritePattern,
    op_type_rewrite_pattern,
)

from lowbit_dialect.codes import AffineCode
from lowbit_dialect.layout import packed_layout
from lowbit_dialect.ops.base import code_of
from lowbit_dialect.ops.glue import FusedGlueOp
from lowbit_dialect.ops.kernel import KernelOp
from lowbit_dialect.ops.pack import BitpackOp
from lowering.kernels.contraction import Contraction
from lowering.strategies import strategy_of
from lowering.targets import Target, get_target
from lowering.targets.costs import MaskCosts


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
        contraction = Contraction(op.geometry, *op.codes, self.target)
        schedule = strategy.default_schedule(contraction, strategy.of_layouts(op))
        op.properties["schedule"] = schedule
        rewriter.notify_op_modified(op)


@dataclass(frozen=True)
class CountThresholds(RewritePattern):
    """Thresholds are compared all where that is faster than bisection.

    %q = lowbit.fused_glue %y, %t form threshold
    ->
    %q = lowbit.fused_glue %y, %t form threshold counted
    """

    costs: MaskCosts

    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: FusedGlueOp, rewriter: PatternRewriter) -> None:
        if op.counted is not None or not op.can_bisect:
            return
        if not self._is_bisection_faster(op):
            op.properties["counted"] = UnitAttr()
            rewriter.notify_op_modified(op)

    def _is_bisection_faster(self, op: FusedGlueOp) -> bool:
        """Whether comparisons and selections are fewer, what follows them counted."""
        costs, width = self.costs, code_of(op.result.type, "result").width
        count = (1 << width) - 1
        after = (0, width * (1 + costs.compare)) if becomes_planes(op) else (costs.count * width, 0)
        bisection = width * costs.compare + (count - width) * costs.select + after[0]
        return bisection <= count * (costs.compare + costs.count) + after[1]


def becomes_planes(op: FusedGlueOp) -> bool:
    """Whether the levels are stored as bit planes, each of which is a mask."""
    code = code_of(op.result.type, "result")
    is_ascending = list(code.patterns_by_level) == list(range(1 << code.width))
    if not isinstance(op.parent_op(), KernelOp) or not (
        isinstance(code, AffineCode) or is_ascending
    ):
        return False
    users = [use.operation for use in op.result.uses]
    layouts = [packed_layout(user.results[0].type) for user in users if isinstance(user, BitpackOp)]
    return any(layout is not None and not layout.bytes.data for layout in layouts)


@dataclass(frozen=True)
class PlanKernelsPass(ModulePass):
    """Decide for a target what kernels leave open: schedules, and how thresholds are found.

    Raises:
        ValueError: there is no such target.
    """

    name = "lowbit-plan-kernels"
    target: str = "host"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        """Rewrite every kernel and every glue of form threshold."""
        target = get_target(self.target)
        patterns = [ScheduleKernel(target), CountThresholds(target.costs.masks)]
        PatternRewriteWalker(
            GreedyRewritePatternApplier(patterns), apply_recursively=False
        ).rewrite_module(op)
