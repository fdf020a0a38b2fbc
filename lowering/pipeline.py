"""The whole way down, level by level.

    tensors -> kernels -> stages -> loops -> simd -> llvm

Each level is IR that prints and parses; `lower` stops at any of them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp
from xdsl.passes import ModulePass
from xdsl.transforms.dead_code_elimination import DeadCodeElimination

from lowbit_dialect.dominance import verify_dominance
from lowbit_dialect.extensions import note_shipped
from lowering.kernels.fold_constants import FoldConstantsPass
from lowering.kernels.fuse_epilogue import FuseEpiloguePass
from lowering.kernels.plan_kernels import PlanKernelsPass
from lowering.kernels.propagate_layout import PropagateLayoutPass
from lowering.kernels.select_kernel import SelectKernelPass
from lowering.llvm.lowbit_to_llvm import LowbitToLLVMPass
from lowering.llvm.scf_to_cf import ScfToCfPass
from lowering.loops.to_loops import stages_to_loops, to_stages
from lowering.record_sources import SHIPPED_RECORDS
from lowering.simd.simd_lower import SimdLowerPass
from lowering.strategies import check_strategy
from lowering.targets import get_target
from lowering.tensors.absorb_bias import AbsorbBiasPass
from lowering.tensors.float_to_thresholds import FloatToThresholdsPass
from lowering.tensors.fold_tensors import FoldTensorsPass
from lowering.tensors.remove_quantize_pairs import RemoveQuantizePairsPass
from lowering.tensors.thresholds_to_shift import ThresholdsToShiftPass
from lowering.tiles.lower_tile import LowerTilePass

LEVELS: dict[str, Callable[..., tuple[ModulePass, ...]]] = {
    "tensors": lambda *_: (
        FoldTensorsPass(),
        RemoveQuantizePairsPass(),
        FloatToThresholdsPass(),
        AbsorbBiasPass(),
        ThresholdsToShiftPass(),
    ),
    "kernels": lambda target, *how: (
        SelectKernelPass(target, *how),
        PropagateLayoutPass(),
        FoldConstantsPass(),
        FuseEpiloguePass(),
        PlanKernelsPass(target),
        DeadCodeElimination(),
    ),
    "stages": lambda target, *_: to_stages(target),
    "loops": lambda target, *_: (*stages_to_loops(target), LowerTilePass(target)),
    "simd": lambda target, *_: (SimdLowerPass(target),),
    "llvm": lambda target, *_: (ScfToCfPass(), LowbitToLLVMPass(target)),
}
"""The passes that reach each level, for a target and, where given, a strategy and records."""
note_shipped(LEVELS)


def passes(
    target: str = "host",
    until: str = "llvm",
    strategy: str = "auto",
    records: str = SHIPPED_RECORDS,
) -> tuple[ModulePass, ...]:
    """The passes from tensors to level `until`.

    Raises:
        ValueError: there is no such level, target or strategy.
    """
    get_target(target)
    check_strategy(strategy)
    if until not in LEVELS:
        raise ValueError(f"unknown level {until!r}: expected one of {', '.join(LEVELS)}")
    names = list(LEVELS)
    return tuple(
        step
        for name in names[: names.index(until) + 1]
        for step in LEVELS[name](target, strategy, records)
    )


def lower(
    module: ModuleOp,
    target: str = "host",
    until: str = "llvm",
    strategy: str = "auto",
    records: str = SHIPPED_RECORDS,
) -> None:
    """Lower a module in place, from tensors to level `until`.

    Raises:
        ValueError: there is no such level, target or strategy, or the records cannot be read.
        VerifyException: an operand does not dominate its use.
        PassFailedException: something in the module has no lowering; the message says what.
    """
    steps, context = passes(target, until, strategy, records), Context()
    verify_dominance(module)
    for step in steps:
        step.apply(context, module)


@dataclass(frozen=True)
class PipelinePass(ModulePass):
    """All passes from tensors to a level, as one."""

    name = "lowbit-pipeline"

    target: str = "host"
    until: str = "llvm"
    strategy: str = "auto"
    records: str = SHIPPED_RECORDS

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        """Apply them in order."""
        lower(op, self.target, self.until, self.strategy, self.records)
