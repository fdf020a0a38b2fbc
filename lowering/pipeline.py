"""The whole way down, level by level, as a list of passes.

    tensors -> kernels -> stages -> loops -> simd -> llvm

Each level is IR that prints and parses. `LEVELS` lists the passes; `walk` runs them, or others, and
tells a hook of each. Compiling, the command line, analysis, benchmarks, docs and tests all use it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
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
from lowering.record_sources import SHIPPED_RECORDS
from lowering.simd.simd_lower import SimdLowerPass
from lowering.strategies import check_strategy
from lowering.support.composite import CompositePass, flattened
from lowering.support.pass_options import Options
from lowering.targets import get_target
from lowering.tensors.absorb_bias import AbsorbBiasPass
from lowering.tensors.float_to_thresholds import FloatToThresholdsPass
from lowering.tensors.fold_tensors import FoldTensorsPass
from lowering.tensors.remove_quantize_pairs import RemoveQuantizePairsPass
from lowering.tensors.thresholds_to_shift import ThresholdsToShiftPass
from lowering.tiles.lower_tile import LowerTilePass
from lowering.to_loops import STAGES_TO_LOOPS, TO_STAGES

LEVELS: dict[str, tuple[type[ModulePass], ...]] = {
    "tensors": (
        FoldTensorsPass,
        RemoveQuantizePairsPass,
        FloatToThresholdsPass,
        AbsorbBiasPass,
        ThresholdsToShiftPass,
    ),
    "kernels": (
        SelectKernelPass,
        PropagateLayoutPass,
        FoldConstantsPass,
        FuseEpiloguePass,
        PlanKernelsPass,
        DeadCodeElimination,
    ),
    "stages": TO_STAGES,
    "loops": (*STAGES_TO_LOOPS, LowerTilePass),
    "simd": (SimdLowerPass,),
    "llvm": (ScfToCfPass, LowbitToLLVMPass),
}
"""The passes that reach each level, in order. To add a pass is to add its class to a tuple here; of
its options `target`, `strategy` and `records` are taken from the walk (`Options`)."""
note_shipped(LEVELS)


@dataclass(frozen=True)
class Step:
    """A pass of a pipeline, and the level that it is a part of the way to.

    A pass that is in no level counts to that of the pass before it. `is_last` tells that the next
    pass, if there is one, belongs to another level.
    """

    level: str
    run: ModulePass
    is_last: bool


Hook = Callable[[Step, ModuleOp], None]
"""Is told of a step when it has run, with the module as it is then."""


def passes_of(
    level: str, target: str = "host", strategy: str = "auto", records: str = SHIPPED_RECORDS
) -> tuple[ModulePass, ...]:
    """The passes from the level before it to a level.

    Raises:
        ValueError: there is no such level.
    """
    options = Options(target, strategy, records)
    return tuple(options.build(kind) for kind in LEVELS[check_level(level)])


def passes(
    target: str = "host",
    until: str = "llvm",
    strategy: str = "auto",
    records: str = SHIPPED_RECORDS,
) -> tuple[ModulePass, ...]:
    """The passes from tensors to `until`, a level or the name of a pass.

    Raises:
        ValueError: there is no such level, pass, target or strategy.
    """
    get_target(target)
    check_strategy(strategy)
    options = Options(target, strategy, records)
    found = [options.build(kind) for kinds in LEVELS.values() for kind in kinds]
    return cut(found, until)


def check_level(level: str) -> str:
    """The level.

    Raises:
        ValueError: there is none of the name.
    """
    if level not in LEVELS:
        raise ValueError(f"unknown level {level!r}: expected one of {', '.join(LEVELS)}")
    return level


def steps(pipeline: Iterable[ModulePass]) -> list[Step]:
    """Passes with the levels that they belong to; composite ones are taken apart."""
    levels = list(LEVELS)
    level_of = {kind.name: levels.index(level) for level in levels for kind in LEVELS[level]}
    found, numbers = list(flattened(pipeline)), [0]
    for step in found:
        # A pass such as dce may be anywhere: no step goes back to an earlier level.
        numbers.append(max(numbers[-1], level_of.get(step.name, 0)))
    following = [*numbers[2:], -1]
    return [
        Step(levels[number], step, number != after)
        for step, number, after in zip(found, numbers[1:], following, strict=False)
    ]


def cut(pipeline: Sequence[ModulePass], until: str) -> tuple[ModulePass, ...]:
    """A pipeline up to a level, or to the last pass of a name.

    Raises:
        ValueError: there is no such level, and the pipeline has no such pass.
    """
    found = steps(pipeline)
    if until in LEVELS:
        levels = list(LEVELS)[: list(LEVELS).index(until) + 1]
        ends = [index for index, step in enumerate(found, 1) if step.level in levels]
        return tuple(step.run for step in found[: max(ends, default=0)])
    ends = [index for index, step in enumerate(found, 1) if step.run.name == until]
    if not ends:
        raise ValueError(
            f"unknown level {until!r}: expected one of {', '.join(LEVELS)}, or a pass of the"
            f" pipeline: {', '.join(dict.fromkeys(step.run.name for step in found))}"
        )
    return tuple(step.run for step in found[: ends[-1]])


def walk(
    module: ModuleOp,
    pipeline: Iterable[ModulePass],
    after: Hook | None = None,
    before: Hook | None = None,
) -> None:
    """Run passes on a module in place, and tell hooks of each.

    Raises:
        VerifyException: an operand does not dominate its use.
        PassFailedException: something in the module has no lowering; the message says what.
    """
    verify_dominance(module)
    context = Context()
    for step in steps(pipeline):
        if before is not None:
            before(step, module)
        step.run.apply(context, module)
        if after is not None:
            after(step, module)


def lower(
    module: ModuleOp,
    target: str = "host",
    until: str = "llvm",
    strategy: str = "auto",
    records: str = SHIPPED_RECORDS,
    after: Hook | None = None,
) -> None:
    """Lower a module in place, from tensors to `until`, a level or the name of a pass.

    Raises:
        ValueError: there is no such level, target or strategy, or the records cannot be read.
        VerifyException, PassFailedException: as `walk` raises them.
    """
    walk(module, passes(target, until, strategy, records), after)


@dataclass(frozen=True)
class PipelinePass(CompositePass):
    """All passes from tensors to a level, or to the pass called `until`."""

    name = "lowbit-pipeline"

    target: str = "host"
    until: str = "llvm"
    strategy: str = "auto"
    records: str = SHIPPED_RECORDS

    def passes(self) -> tuple[ModulePass, ...]:
        """The passes in order."""
        return passes(self.target, self.until, self.strategy, self.records)

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        """Run them, on a module whose operands dominate their uses."""
        verify_dominance(op)
        super().apply(ctx, op)
