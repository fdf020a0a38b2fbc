"""`lowbit-fold-constants`: weights are packed, and corrections computed, at compile time."""

from __future__ import annotations

from dataclasses import dataclass

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

from lowbit_dialect.constants import constant_tensor
from lowbit_dialect.geometry import WEIGHT_LAYOUTS
from lowbit_dialect.layouts.packed import packed_layout
from lowbit_dialect.ops.correction import CorrectionOp
from lowbit_dialect.ops.pack import BitpackOp, ConstantOp, UnpackOp
from lowbit_dialect.ops.reshape import ReshapeOp
from lowering.support.rewriting import rewrite


class FoldLayoutOfConstant(RewritePattern):
    """A constant is laid out at compile time.

    %c = lowbit.constant "0x.."
    %p = lowbit.bitpack %c        (or lowbit.unpack)
    ->
    %p = lowbit.constant "0x.."   in the new layout
    """

    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: BitpackOp | UnpackOp, rewriter: PatternRewriter) -> None:
        source = op.x.owner
        if isinstance(source, ConstantOp):
            rewriter.replace(op, ConstantOp.from_patterns(source.patterns, op.result.type))


class FoldReshapeOfConstant(RewritePattern):
    """A constant is reshaped at compile time.

    %c = lowbit.constant "0x.."
    %r = lowbit.reshape %c
    ->
    %r = lowbit.constant "0x.."   of the other shape
    """

    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: ReshapeOp, rewriter: PatternRewriter) -> None:
        source, type_ = op.x.owner, op.result.type
        if isinstance(source, ConstantOp) and packed_layout(source.result.type) is None:
            patterns = source.patterns.reshape(type_.get_shape())
            rewriter.replace(op, ConstantOp.from_patterns(patterns, type_))


class FoldCorrection(RewritePattern):
    """The correction of constant weights is a constant.

    %w = lowbit.constant ..
    %c = lowbit.correction %w x_code ..
    ->
    %c = arith.constant dense<..>
    """

    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: CorrectionOp, rewriter: PatternRewriter) -> None:
        source = op.w.owner
        if not isinstance(source, ConstantOp):
            return
        values = op.kernel_sums.correction(oc_kh_kw_ic(source.patterns, op), op.geometry)
        rewriter.replace(op, constant_tensor(values))


def oc_kh_kw_ic(patterns: NDArray[np.uint8], op: CorrectionOp) -> NDArray[np.uint8]:
    """Weight patterns with dimensions (oc, kh, kw, ic / groups), whatever the op's layout."""
    if patterns.ndim == 2:
        return patterns.T[:, None, None, :]
    return patterns.transpose(WEIGHT_LAYOUTS[op.layout.data])


@dataclass(frozen=True)
class FoldConstantsPass(ModulePass):
    """Fold bitpack, unpack, reshape and correction of constants; drop what is then unused."""

    name = "lowbit-fold-constants"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        """Apply the patterns until nothing changes."""
        rewrite(op, [FoldLayoutOfConstant(), FoldReshapeOfConstant(), FoldCorrection()])
