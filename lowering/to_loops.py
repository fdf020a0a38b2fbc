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

from xdsl.passes import ModulePass

from lowering.loops.lower_compute import LowerComputePass
from lowering.loops.lower_contractions import LowerContractionsPass
from lowering.loops.lower_copies import LowerCopiesPass
from lowering.loops.lower_corrections import LowerCorrectionsPass
from lowering.loops.lower_floats import LowerFloatsPass
from lowering.loops.lower_packing import LowerPackingPass
from lowering.loops.lower_pointwise import LowerPointwisePass
from lowering.loops.lower_pools import LowerPoolsPass
from lowering.memory.lower_affine import LowerAffinePass
from lowering.memory.lower_linalg import LowerLinalgPass
from lowering.memory.lower_memref_copies import LowerMemrefCopiesPass
from lowering.stages.bufferize import BufferizePass
from lowering.stages.outline_stages import OutlineStagesPass
from lowering.stages.plan_memory import PlanMemoryPass
from lowering.stages.share_stages import ShareStagesPass
from lowering.stages.split_stages import SplitStagesPass
from lowering.support.composite import CompositePass
from lowering.support.pass_options import Options

TO_STAGES: tuple[type[ModulePass], ...] = (
    SplitStagesPass,
    BufferizePass,
    PlanMemoryPass,
)
"""The passes from kernels to stages."""

STAGES_TO_LOOPS: tuple[type[ModulePass], ...] = (
    LowerLinalgPass,
    LowerAffinePass,
    LowerMemrefCopiesPass,
    ShareStagesPass,
    LowerContractionsPass,
    LowerPackingPass,
    LowerPoolsPass,
    LowerPointwisePass,
    LowerFloatsPass,
    LowerCorrectionsPass,
    LowerCopiesPass,
    LowerComputePass,
    ShareStagesPass,
    OutlineStagesPass,
)
"""The passes from stages to loops around register tiles. The first three lower the operations of
other dialects, those after them `lowbit.compute` of a family of operations each, `LowerComputePass`
all that is left."""


@dataclass(frozen=True)
class ToLoopsPass(CompositePass):
    """Lower every function of tensors to loops over buffers."""

    name = "lowbit-to-loops"
    target: str = "host"

    def passes(self) -> tuple[ModulePass, ...]:
        """The passes of the levels stages and loops, without those that lower register tiles."""
        options = Options(self.target)
        return tuple(options.build(kind) for kind in (*TO_STAGES, *STAGES_TO_LOOPS))
