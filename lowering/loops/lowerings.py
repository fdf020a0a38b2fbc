"""What writes the loops of each operation of tensors, and how others add to it.

    def relu(op: ReluOp, target: Target) -> StageLoops:
        ..
        return StageLoops(extent, write)

    register_lowering(ReluOp, relu)

An installed package names its operations under the entry point group `lowbit.lowerings`, each with
a function that registers them: `relu = "toy.lowerings:register"`.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any, TypeAlias

from xdsl.ir import Operation

from lowbit_dialect.at_fork import COMPILER_LOCK
from lowbit_dialect.extensions import note_shipped
from lowbit_dialect.ops.activations import PReluOp, UnaryOp
from lowbit_dialect.ops.binary import BinaryOp
from lowbit_dialect.ops.cast import CastOp
from lowbit_dialect.ops.concat import ConcatOp
from lowbit_dialect.ops.copy import CopyOp, ZeroGapsOp
from lowbit_dialect.ops.correction import CorrectionOp
from lowbit_dialect.ops.elementwise import AddOp, DequantizeOp, QuantizeOp
from lowbit_dialect.ops.float_contraction import FloatConv2DOp, FloatMatmulOp
from lowbit_dialect.ops.floats import AffineOp, BatchNormOp, ClipOp, RoundOp
from lowbit_dialect.ops.glue import FusedGlueOp
from lowbit_dialect.ops.kernel import KernelOp
from lowbit_dialect.ops.move import PadOp, SliceOp, TransposeOp
from lowbit_dialect.ops.pack import BitpackOp, UnpackOp
from lowbit_dialect.ops.pool import AvgPool2DOp, MaxPool2DOp
from lowbit_dialect.ops.reduce import ReduceOp
from lowbit_dialect.ops.reshape import ReshapeOp
from lowbit_dialect.ops.resize import ResizeOp
from lowbit_dialect.ops.sort_key import SortKeyOp
from lowering.loops.concat import concat
from lowering.loops.copies import copy, reshape, zero_gaps
from lowering.loops.correction import correction
from lowering.loops.float_contraction import float_contraction
from lowering.loops.move import pad, slice_, transpose
from lowering.loops.packing.pack import bitpack
from lowering.loops.packing.unpack import unpack
from lowering.loops.pointwise.binary import binary
from lowering.loops.pointwise.cast import cast
from lowering.loops.pointwise.elementwise import add, dequantize, fused_glue, quantize
from lowering.loops.pointwise.floats import float_function
from lowering.loops.pointwise.sort_key import sort_key
from lowering.loops.pool.avg_pool import avg_pool
from lowering.loops.pool.max_pool import max_pool
from lowering.loops.reduce import reduce_
from lowering.loops.resize import resize
from lowering.loops.stage import StageLoops
from lowering.strategies import strategy_of
from lowering.support import plugins
from lowering.targets import Target

Lowering: TypeAlias = Callable[[Any, Target], StageLoops]
"""The loops of an operation on a target."""

LOWERINGS: dict[type[Operation], Lowering] = {
    AddOp: add,
    AvgPool2DOp: avg_pool,
    BitpackOp: bitpack,
    CastOp: cast,
    ConcatOp: concat,
    CopyOp: copy,
    CorrectionOp: correction,
    DequantizeOp: dequantize,
    FusedGlueOp: fused_glue,
    MaxPool2DOp: max_pool,
    QuantizeOp: quantize,
    ReshapeOp: reshape,
    SortKeyOp: sort_key,
    UnpackOp: unpack,
    ZeroGapsOp: zero_gaps,
    **dict.fromkeys((AffineOp, BatchNormOp, ClipOp, PReluOp, RoundOp, UnaryOp), float_function),
    BinaryOp: binary,
    FloatConv2DOp: float_contraction,
    FloatMatmulOp: float_contraction,
    PadOp: pad,
    ReduceOp: reduce_,
    ResizeOp: resize,
    SliceOp: slice_,
    TransposeOp: transpose,
}
"""The lowering of each operation. A kernel is lowered by its strategy."""
note_shipped(LOWERINGS)

HOW_TO_ADD = (
    "register one with lowering.loops.lowerings.register_lowering, or by an entry point of group"
    f" {plugins.LOWERINGS}"
)


def register_lowering(kind: type[Operation], lowering: Lowering) -> None:
    """Lower operations of a type by a function, in place of the one that there is.

    Args:
        kind: the type of the operations, which have one result, a tensor.
        lowering: called with an operation and a target; may be called several times.
    """
    LOWERINGS[kind] = lowering


def lowering_of(op: Operation) -> Lowering | None:
    """What lowers an operation: its strategy, where it is a kernel."""
    if isinstance(op, KernelOp):
        return strategy_of(op).loops
    found = LOWERINGS.get(type(op))
    if found is None:
        _load_entry_points()
        found = LOWERINGS.get(type(op))
    return found


@cache
def _load_entry_points() -> None:
    """Let the installed packages register their operations.

    Raises:
        ValueError: one cannot be loaded, or fails.
    """
    for entry in plugins.found(plugins.LOWERINGS).values():
        try:
            with COMPILER_LOCK:
                register = entry.load()
            register()
        except Exception as error:  # whatever the package raises
            raise ValueError(
                f"entry point {entry.group} {entry.name} = {entry.value}:"
                f" {type(error).__name__}: {error}"
            ) from error
