"""`lowbit-thresholds-to-shift`: many equally spaced thresholds become a shift and a clip."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp
from xdsl.passes import ModulePass
from xdsl.pattern_rewriter import (
    PatternRewriter,
    RewritePattern,
    op_type_rewrite_pattern,
)

from lowbit_dialect.constants import constant_tensor, constant_values
from lowbit_dialect.ops.base import code_of
from lowbit_dialect.ops.glue import FusedGlueOp
from lowbit_dialect.reference.glue import MAX_SHIFT
from lowbit_dialect.sums.ranges import SumRange, SumRanges
from lowering.support.rewriting import rewrite

INT32 = np.iinfo(np.int32)
FAR = np.int64(1) << 40
"""Beyond every sum and offset."""


def offsets_and_shifts(
    thresholds: NDArray[np.int64], sums: SumRange
) -> tuple[NDArray[np.int64], NDArray[np.int64]] | None:
    """The offset and the shift of each channel that give the levels of the thresholds.

    (acc + offset) >> shift reaches k from acc = k 2^shift - offset on. That must lie behind the
    last sum below the k-th threshold, and at or ahead of the first one that reaches it.

    Args:
        thresholds: (C, T) ascending, one for every level above the lowest.
        sums: a range for each channel.

    Returns:
        Both (C,), for every sum; or None where a channel has no such numbers.
    """
    low, high = sums.low[:, None], sums.high[:, None]
    step = np.maximum(sums.step[:, None], 1)
    first = low - (low - thresholds) // step * step
    is_always, is_never = thresholds <= low, thresholds > high
    below = np.where(is_always, -FAR, np.where(is_never, high, first - step))
    reached = np.where(is_always, low, np.where(is_never, FAR, first))
    levels = np.arange(1, thresholds.shape[1] + 1)
    offset, shift = np.zeros(len(thresholds), np.int64), np.full(len(thresholds), -1)
    for bits in range(MAX_SHIFT + 1):
        starts = levels << bits
        if starts[-1] > INT32.max:
            break  # below that, a sum that saturates has the level of the true one
        least = np.maximum((starts - reached).max(axis=1), INT32.min)
        most = np.minimum((starts - below - 1).min(axis=1), INT32.max)
        found = (shift < 0) & (least <= most)
        shift[found], offset[found] = bits, np.clip(0, least, most)[found]
    return None if (shift < 0).any() else (offset, shift)


@dataclass
class ThresholdsToShift(RewritePattern):
    """Thresholds a power of two apart become an offset, a shift and a clip.

    %t = arith.constant dense<[[-8, 0, 8, ..]]>
    %q = lowbit.fused_glue %acc, %t form threshold      (of 5 bits and more)
    ->
    %q = lowbit.fused_glue %acc, %o, %s form shift      o = 16, s = 3

    Only where the levels are the same for every sum that %acc can be.
    """

    least_bits: int
    ranges: SumRanges = field(default_factory=SumRanges)

    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: FusedGlueOp, rewriter: PatternRewriter) -> None:
        bits = code_of(op.result.type, "result").width
        if not op.can_bisect or bits < self.least_bits:
            return
        thresholds, *flips = (constant_values(value) for value in op.parameters)
        if thresholds is None or any(flip is None or flip.any() for flip in flips):
            return
        sums = self.ranges.of(op.acc).along(op.channel_dim, len(thresholds))
        found = offsets_and_shifts(thresholds.astype(np.int64), sums)
        if found is None:
            return
        offset, shift = map(constant_tensor, found)
        axis = op.axis.value.data
        glue = FusedGlueOp.shift(op.acc, offset, shift, op.result.type, axis)
        rewriter.replace(op, [offset, shift, glue])


@dataclass(frozen=True)
class ThresholdsToShiftPass(ModulePass):
    """Replace thresholds of `least_bits` bits and more that are equally spaced.

    Fewer thresholds are compared faster than sums are shifted and clipped.
    """

    name = "lowbit-thresholds-to-shift"
    least_bits: int = 5

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        """Apply the pattern until nothing changes."""
        rewrite(op, [ThresholdsToShift(self.least_bits)])
