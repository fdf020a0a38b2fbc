"""`lowbit-float-to-thresholds`: floats between a contraction and a quantiser become integers."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp, TensorType, i32
from xdsl.passes import ModulePass
from xdsl.pattern_rewriter import (
    PatternRewriter,
    RewritePattern,
    op_type_rewrite_pattern,
)

from lowbit_dialect.constants import constant_tensor
from lowbit_dialect.ops.base import static_shape
from lowbit_dialect.ops.elementwise import QuantizeOp
from lowbit_dialect.ops.glue import FusedGlueOp
from lowbit_dialect.step_function import StepFunction
from lowbit_dialect.sums.ranges import SumRange, SumRanges
from lowering.support.rewriting import rewrite
from lowering.tensors.chain import Chain

INT32 = np.iinfo(np.int32)


def bisect(chain: Chain, sums: SumRange) -> StepFunction | None:
    """The thresholds of a chain over all sums that can be reached, or None where it gives a NaN.

    For each level and channel the sums are halved until the first one is found that reaches the
    level, or the last one where the chain falls.
    """
    ends = np.stack([sums.low, sums.high])
    if chain.has_nan(ends):
        return None
    first, last = chain.levels(ends)
    falls = last < first
    levels = np.arange(1, 1 << chain.code.width)[:, None]
    steps = np.maximum(sums.step, 1)
    counts = (sums.high - sums.low) // steps + 1
    # The number of sums, from the end of the low levels, that do not reach the level.
    low = np.zeros((len(levels), len(counts)), np.int64)
    high = np.broadcast_to(counts, low.shape).copy()
    while (low < high).any():
        middle = (low + high) // 2
        at = np.minimum(middle, counts - 1)
        sum_ = np.where(falls, sums.high - at * steps, sums.low + at * steps)
        reached = chain.levels(sum_) >= levels
        is_open = low < high
        high = np.where(is_open & reached, middle, high)
        low = np.where(is_open & ~reached, middle + 1, low)
    thresholds = np.where(falls, -sums.high, sums.low) + low * steps
    return StepFunction(thresholds.T, falls)


@dataclass
class ChainToThresholds(RewritePattern):
    """A chain of float operations from a sum to a quantiser becomes thresholds.

    %f = lowbit.dequantize %acc scale [0.02]
    %g = lowbit.batch_norm %f mean [..] variance [..] gamma [..] beta [..]
    %h = lowbit.clip %g low [0.0]
    %q = lowbit.quantize %h scale [0.5]
    ->
    %t = arith.constant dense<..> : tensor<Cx3xi32>
    %q = lowbit.fused_glue %acc, %t form threshold

    They give what the chain gives for every sum that %acc can be, in the f32 arithmetic that the
    operations define. A chain that may give a NaN stays, and so does one that tells apart channels
    of two dimensions, or whose thresholds i32 does not hold.
    """

    ranges: SumRanges = field(default_factory=SumRanges)

    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: QuantizeOp, rewriter: PatternRewriter) -> None:
        shape = static_shape(op.result.type, None, "result")
        chain = Chain.ending_in(op)
        if chain is None or chain.source.type != TensorType(i32, shape):
            return
        known = self.ranges.of(chain.source)
        if len(known.low) > 1:
            # Where the chain treats all channels alike, the sums say which dimension they are.
            chain = Chain.ending_in(op, known.axis)
            assert chain is not None
        steps = bisect(chain, known.along(chain.dim, shape[chain.dim]))
        if steps is None or not _fits(steps.thresholds):
            return
        thresholds = constant_tensor(steps.thresholds)
        flip = constant_tensor(steps.flip) if steps.flip.any() else None
        axis = chain.dim if chain.dim < len(shape) - 1 else -1
        glue = FusedGlueOp.threshold(chain.source, thresholds, op.result.type, flip, axis)
        rewriter.replace(op, [thresholds, *([flip] if flip is not None else []), glue])


def _fits(thresholds: NDArray[np.int64]) -> bool:
    return bool(INT32.min <= thresholds.min() and thresholds.max() <= INT32.max)


@dataclass(frozen=True)
class FloatToThresholdsPass(ModulePass):
    """Replace chains of float operations by glue where that gives the same integers."""

    name = "lowbit-float-to-thresholds"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        """Apply the pattern until nothing changes."""
        rewrite(op, [ChainToThresholds()])
