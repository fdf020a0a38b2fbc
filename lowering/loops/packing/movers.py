"""Elements that are moved into or out of words whose bytes hold them, one way or another."""

from __future__ import annotations

from xdsl.ir import SSAValue

from lowbit_dialect.layouts.packed import PackedAttr
from lowbit_dialect.ops.base import code_of
from lowbit_dialect.ops.pack import BitpackOp, UnpackOp
from lowering.loops.packing.byte_stages import ByteMover, move_dims
from lowering.loops.packing.digit_stages import DigitMover
from lowering.loops.packing.level_stages import LevelMover
from lowering.loops.packing.packed_walk import PackedWalk, outermost, parts
from lowering.loops.stage import Stage, StageLoops, shape_of


def mover_of(layout: PackedAttr) -> type[ByteMover] | None:
    """What moves the elements of a layout of bytes, or None for bits and indices."""
    if layout.bits.data < 8:
        return LevelMover
    if layout.bytes.data == "digits":
        return DigitMover
    return ByteMover if layout.bytes.data else None


def move(op: BitpackOp | UnpackOp, layout: PackedAttr, mover: type[ByteMover]) -> StageLoops:
    """Storage bytes to the bytes of words, or back."""
    to_words = isinstance(op, BitpackOp)
    plain, packed = (op.x, op.result) if to_words else (op.result, op.x)
    walk = PackedWalk(layout, shape_of(plain))

    def body(stage: Stage, low: SSAValue, high: SSAValue) -> None:
        mover(stage, walk, code, to_words).run(plain, packed, low, high)

    code = code_of(op.x.type, "x")
    dims = move_dims(walk, code) if mover is ByteMover else outermost(walk)
    return StageLoops(parts(walk, dims), body)
