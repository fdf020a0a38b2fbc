"""The part of `lowbit-plan-kernels` for epilogues: lanes of the sums, packing, thresholds."""

from __future__ import annotations

from dataclasses import dataclass

from xdsl.dialects.builtin import UnitAttr
from xdsl.ir import Operation
from xdsl.pattern_rewriter import PatternRewriter, RewritePattern, op_type_rewrite_pattern

from lowbit_dialect.codes import AffineCode
from lowbit_dialect.epilogue_schedule import DEFAULT, EpilogueScheduleAttr
from lowbit_dialect.layouts.packed import packed_layout
from lowbit_dialect.ops.base import code_of
from lowbit_dialect.ops.glue import FusedGlueOp
from lowbit_dialect.ops.kernel import KernelOp
from lowbit_dialect.ops.pack import BitpackOp
from lowbit_dialect.schedule import ScheduleAttr
from lowering.loops.epilogue.channel_table import block_lanes_of
from lowering.loops.epilogue.comparisons import (
    Comparisons,
    SumVectors,
    max_lanes,
    plane_words,
    sum_range,
)
from lowering.loops.epilogue.narrow_scale import NarrowScale
from lowering.targets import Target
from lowering.targets.costs import MaskCosts

MIN_CLIPPED_COMPARISONS = 3
"""Thresholds from which on clipping to i8 pays."""


@dataclass(frozen=True)
class ScheduleEpilogue(RewritePattern):
    """Sums are compared in the narrowest lanes that decide all comparisons alike.

    Where masks become words by sums, several words are packed together. Glue of form scale has
    products of 32 bits where these give every sum the same level.

    %y = lowbit.bitserial_conv %x, %w schedule .. epilogue { .. fused_glue .. bitpack .. }
    ->
    %y = lowbit.bitserial_conv %x, %w schedule ..
        epilogue_schedule #lowbit.epilogue_schedule<sum_bits = 8, words = 4> epilogue { .. }

    What is the default of all fields is left out.
    """

    target: Target

    def match_and_rewrite(self, op: Operation, rewriter: PatternRewriter) -> None:
        """Rewrite one kernel, of whatever strategy."""
        if not isinstance(op, KernelOp) or op.glue is None:
            return
        schedule = op.properties.get("schedule")
        if not isinstance(schedule, ScheduleAttr) or "epilogue_schedule" in op.properties:
            return
        words = _words_together(op, schedule.pixels.data, self.target)
        is_narrow = NarrowScale.of(op.glue, sum_range(op)) is not None
        plan = EpilogueScheduleAttr.get(
            _sum_bits(op, self.target), words, 32 if is_narrow else DEFAULT.product_bits.data
        )
        if plan != DEFAULT:
            op.properties["epilogue_schedule"] = plan
            rewriter.notify_op_modified(op)


def _sum_bits(op: KernelOp, target: Target) -> int:
    """Bits of the lanes that sums are compared in."""
    comparisons = Comparisons.of(op)
    if comparisons is None:
        return DEFAULT.sum_bits.data
    vectors, most = SumVectors.of(op, target.vector_bits), max_lanes(op)
    for bits in (8, 16):
        if vectors.why_not(bits, most) is not None:
            continue
        narrowing = comparisons.narrowing(bits, vectors.bits)
        pays = bits > 8 or len(comparisons.comparands) >= MIN_CLIPPED_COMPARISONS
        if narrowing is not None and (pays or not narrowing.clips):
            return bits
    return DEFAULT.sum_bits.data


def _words_together(op: KernelOp, pixels: int, target: Target) -> int:
    """How many words of masks are packed together: as a register holds, for a tile's pixels."""
    word_bits = plane_words(op)
    if word_bits is None or not target.packs_masks_together:
        return DEFAULT.words.data
    most = target.lanes(min(block_lanes_of(op), word_bits))
    return min(most, 1 << pixels.bit_length() - 1)


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
