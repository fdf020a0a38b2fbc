"""`lowbit-remove-quantize-pairs`: values that are quantised to what they were stay as they are."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp
from xdsl.passes import ModulePass
from xdsl.pattern_rewriter import (
    PatternRewriter,
    RewritePattern,
    op_type_rewrite_pattern,
)

from lowbit_dialect.codes import Code
from lowbit_dialect.ops.base import static_shape
from lowbit_dialect.ops.elementwise import DequantizeOp, QuantizeOp
from lowering.support.rewriting import rewrite
from lowering.tensors.chain import channel_dim


class RemoveQuantizePair(RewritePattern):
    """Quantising with the scale that values were dequantised with gives the values again.

    %f = lowbit.dequantize %x scale [0.5]
    %q = lowbit.quantize %f scale [0.5]      (of the type of %x)
    ->
    uses of %q become uses of %x

    Whether it does is seen by computing every value of the code, for every scale.
    """

    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: QuantizeOp, rewriter: PatternRewriter) -> None:
        source = op.x.owner
        if not isinstance(source, DequantizeOp) or source.x.type != op.result.type:
            return
        code = op.result.type.element_type
        assert isinstance(code, Code)
        shape = static_shape(op.result.type, None, "result")
        dim = channel_dim([source, op], len(shape))
        if dim is None:
            return
        values = np.repeat(code.values[:, None], shape[dim], axis=1)
        if np.array_equal(op.of_channels(source.of_channels(values)), values):
            rewriter.replace(op, [], [source.x])


@dataclass(frozen=True)
class RemoveQuantizePairsPass(ModulePass):
    """Remove pairs of dequantize and quantize that change no value."""

    name = "lowbit-remove-quantize-pairs"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        """Apply the pattern until nothing changes."""
        rewrite(op, [RemoveQuantizePair()])
