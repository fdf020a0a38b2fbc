"""xDSL's `convert-scf-to-cf` in a single walk: its patterns, without its search for work to do.

Each loop, branch and switch is met once, outer ones first; what they are replaced by has none.
"""

from __future__ import annotations

from dataclasses import dataclass

from xdsl.context import Context
from xdsl.dialects import scf
from xdsl.dialects.builtin import ModuleOp
from xdsl.transforms.convert_scf_to_cf import (
    ConvertScfToCf,
    ForLowering,
    IfLowering,
    SwitchLowering,
)

from lowering.support.single_walk import rewrite_each


@dataclass(frozen=True)
class ScfToCfPass(ConvertScfToCf):
    """Lower `scf.for`, `scf.if` and `scf.index_switch` to branches between blocks.

        scf.for %i = %low to %high step %s { body }
    ->
        cf.br ^head(%low : index)
      ^head(%i: index):
        %more = arith.cmpi slt, %i, %high : index
        cf.cond_br %more, ^body, ^end
    """

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        """Lower all of a module."""
        rewrite_each(
            op,
            {
                scf.ForOp: ForLowering(),
                scf.IfOp: IfLowering(),
                scf.IndexSwitchOp: SwitchLowering(),
            },
        )
