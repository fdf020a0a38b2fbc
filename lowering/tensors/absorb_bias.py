"""`lowbit-absorb-bias`: numbers that are added to sums move into the constants of the glue."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp, TensorType, i32
from xdsl.ir import SSAValue
from xdsl.passes import ModulePass
from xdsl.pattern_rewriter import (
    PatternRewriter,
    RewritePattern,
    op_type_rewrite_pattern,
)

from lowbit_dialect.constants import constant_tensor, constant_values
from lowbit_dialect.ops.elementwise import AddOp
from lowbit_dialect.ops.glue import FusedGlueOp
from lowbit_dialect.sums.ranges import SumRanges
from lowering.support.rewriting import rewrite

INT32_MAX = 2**31 - 1


@dataclass
class AbsorbBias(RewritePattern):
    """A constant for each channel that is added ahead of glue moves into its parameters.

    %y = lowbit.add %x, %b      (%b a constant, equal in all places but for the channel)
    %q = lowbit.fused_glue %y, %t form threshold
    ->
    %q = lowbit.fused_glue %x, %u form threshold      u = t - b

    The sums stay where adding the constant could saturate.
    """

    ranges: SumRanges = field(default_factory=SumRanges)

    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: FusedGlueOp, rewriter: PatternRewriter) -> None:
        added = op.acc.owner
        if not isinstance(added, AddOp):
            return
        for sums, constant in ((added.lhs, added.rhs), (added.rhs, added.lhs)):
            bias = _of_channels(constant, op.channel_dim)
            if bias is None or sums.type != TensorType(i32, op.result.type.get_shape()):
                continue
            bound = self.ranges.of(sums).bound
            if bound >= INT32_MAX or bound + int(np.abs(bias).max()) >= INT32_MAX:
                continue
            parameters = [constant_values(value) for value in op.parameters]
            moved = op.glue_form.absorbed(parameters, bias)
            if moved is None:
                continue
            first = constant_tensor(moved)
            glue = FusedGlueOp.create(
                operands=[sums, first.result, *op.parameters[1:]],
                result_types=[op.result.type],
                properties=op.properties,
                attributes=op.attributes,
            )
            rewriter.replace(op, [first, glue])
            return


def _of_channels(value: SSAValue, dim: int) -> NDArray[np.int64] | None:
    """The number of each channel of a constant, where it has one."""
    values = constant_values(value)
    if values is None:
        return None
    rows = np.moveaxis(values, dim, -1).reshape(-1, values.shape[dim]).astype(np.int64)
    return rows[0] if (rows == rows[0]).all() else None


@dataclass(frozen=True)
class AbsorbBiasPass(ModulePass):
    """Move constants of channels from additions into glue."""

    name = "lowbit-absorb-bias"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        """Apply the pattern until nothing changes."""
        rewrite(op, [AbsorbBias()])
