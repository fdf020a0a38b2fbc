"""Kernels without their glue: epilogues that store the low bits of sums as they are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray
from typing_extensions import override
from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp, StringAttr
from xdsl.passes import ModulePass
from xdsl.utils.exceptions import VerifyException

from lowbit_dialect.ops.base import code_of
from lowbit_dialect.ops.glue import FusedGlueOp
from lowbit_dialect.ops.glue_forms import FORMS, GlueForm
from lowbit_dialect.ops.kernel import KernelOp
from lowering.loops.contraction.accumulator_tile import AccumulatorTile
from lowering.loops.epilogue.channel_table import ChannelTable
from lowering.loops.epilogue.glue_levels import GLUE_LEVELS
from lowering.loops.epilogue.levels import ClippedLevels

LOW_BITS = "low_bits"
"""The form of glue whose level is made of the low bits of the sum."""


class LowBitsForm(GlueForm):
    """Takes no parameters."""

    ROLES = ()

    @override
    def verify_parameters(self, op: FusedGlueOp, channels: int) -> None:
        if op.parameters:
            raise VerifyException(f"form {LOW_BITS} takes no parameters")

    @override
    def evaluate(self, op: FusedGlueOp, acc: NDArray, parameters: Sequence[NDArray]) -> NDArray:
        code = code_of(op.result.type, "result")
        return np.sort(code.values)[acc & ((1 << code.width) - 1)]

    @override
    def absorbed(self, parameters: Sequence[NDArray | None], added: NDArray) -> NDArray | None:
        return None


class LowBitsLevels(ClippedLevels):
    """Sums as they are; bytes and planes are cut out of them."""

    FILLS = ()

    @classmethod
    @override
    def of(cls, glue: FusedGlueOp, site: AccumulatorTile, tables: list[ChannelTable]) -> Self:
        self = cls(glue, site.emit)
        self.levels = [list(pixel) for pixel in site.sums]
        return self


@dataclass(frozen=True)
class BareEpiloguesPass(ModulePass):
    """Replace the glue of every kernel: what is stored is as large as before, and wrong."""

    name = "bench-bare-epilogues"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        """Rewrite the kernels of a module at the level of kernels."""
        FORMS.setdefault(LOW_BITS, LowBitsForm())
        GLUE_LEVELS.setdefault(LOW_BITS, LowBitsLevels)
        for kernel in [inner for inner in op.walk() if isinstance(inner, KernelOp)]:
            glue = kernel.glue
            if glue is None:
                continue
            kernel.properties.pop("epilogue_schedule", None)
            bare = FusedGlueOp.build_op(
                [glue.acc], [glue.result.type], form=StringAttr(LOW_BITS), axis=glue.axis
            )
            block = glue.parent
            assert block is not None, "it is in the epilogue"
            block.insert_op_before(bare, glue)
            glue.result.replace_all_uses_with(bare.result)
            glue.detach()
            glue.erase()
