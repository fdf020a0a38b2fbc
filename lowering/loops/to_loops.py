"""`lowbit-to-loops`: from kernels to loops over the buffers of a runtime, in one pass.

func.func @main(%x: tensor<..>) -> tensor<..> { .. }
->
func.func @main_0_bitpack(%x: memref<Nxi8>, %y, %workspace, %low, %high) { scf.for .. }
func.func @main(%x: memref<Nxi8>, %y: memref<Mxi8>, %workspace: memref<Wxi8>)
    attributes {lowbit.inputs = [tensor<..>], lowbit.outputs = [..], lowbit.stages = {..}}

It runs the passes from `lowbit-split-stages` to `lowbit-outline-stages`.
"""

from __future__ import annotations

from dataclasses import dataclass

from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp
from xdsl.passes import ModulePass

from lowering.loops.lower_compute import LowerComputePass
from lowering.loops.lower_contractions import LowerContractionsPass
from lowering.loops.lower_copies import LowerCopiesPass
from lowering.loops.lower_corrections import LowerCorrectionsPass
from lowering.loops.lower_packing import LowerPackingPass
from lowering.loops.lower_pointwise import LowerPointwisePass
from lowering.loops.lower_pools import LowerPoolsPass
from lowering.stages.bufferize import BufferizePass
from lowering.stages.outline_stages import OutlineStagesPass
from lowering.stages.plan_memory import PlanMemoryPass
from lowering.stages.share_stages import ShareStagesPass
from lowering.stages.split_stages import SplitStagesPass

FAMILIES: tuple[type[LowerComputePass], ...] = (
    LowerContractionsPass,
    LowerPackingPass,
    LowerPoolsPass,
    LowerPointwisePass,
    LowerCorrectionsPass,
    LowerCopiesPass,
    LowerComputePass,
)
"""The passes that lower `lowbit.compute`, the last of them for all that is left."""


def to_stages(target: str) -> tuple[ModulePass, ...]:
    """The passes from kernels to stages."""
    return SplitStagesPass(), BufferizePass(target), PlanMemoryPass()


def stages_to_loops(target: str) -> tuple[ModulePass, ...]:
    """The passes from stages to loops around register tiles."""
    return (*(family(target) for family in FAMILIES), ShareStagesPass(), OutlineStagesPass())


@dataclass(frozen=True)
class ToLoopsPass(ModulePass):
    """Lower every function of tensors to loops over buffers."""

    name = "lowbit-to-loops"
    target: str = "host"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        """Run the passes in order."""
        for step in (*to_stages(self.target), *stages_to_loops(self.target)):
            step.apply(ctx, op)
