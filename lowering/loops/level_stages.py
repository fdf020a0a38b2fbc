"""Stages of `lowbit.bitpack` and `lowbit.unpack`, to and from levels smaller than a byte."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil

from typing_extensions import override
from xdsl.dialects import arith
from xdsl.dialects.builtin import i8
from xdsl.ir import SSAValue

from lowbit_dialect.layout import PackedAttr
from lowbit_dialect.ops.base import code_of
from lowbit_dialect.ops.pack import BitpackOp, UnpackOp
from lowering.loops.byte_stages import ByteMover, stage_extent
from lowering.loops.emit import Index
from lowering.loops.packed_walk import PackedWalk
from lowering.loops.stage import FunctionLowering, Stage, shape_of


def lower_pack_levels(op: BitpackOp, layout: PackedAttr, lowering: FunctionLowering) -> None:
    """Storage bytes to words of levels, a word at a time."""
    walk = PackedWalk(layout, shape_of(op.x))

    def body(stage: Stage, low: SSAValue, high: SSAValue) -> None:
        mover = _LevelMover(stage, walk, code_of(op.x.type, "x"), to_words=True)
        mover.run(op.x, op.result, low, high)

    lowering.stage("bitpack", stage_extent(walk), body)


def lower_unpack_levels(op: UnpackOp, layout: PackedAttr, lowering: FunctionLowering) -> None:
    """Words of levels to storage bytes, a word at a time."""
    walk = PackedWalk(layout, shape_of(op.result))

    def body(stage: Stage, low: SSAValue, high: SSAValue) -> None:
        mover = _LevelMover(stage, walk, code_of(op.x.type, "x"), to_words=False)
        mover.run(op.result, op.x, low, high)

    lowering.stage("unpack", stage_extent(walk), body)


class _LevelMover(ByteMover):
    """Moves the elements of a tensor into or out of words of levels."""

    @override
    def run(self, plain: SSAValue, packed: SSAValue, low: SSAValue, high: SSAValue) -> None:
        self.word = self.walk.layout.word_type
        self.packed = self.stage.tensor(packed)
        self.walk_lines(plain, low, high)

    @override
    def line(self, indices: list[Index]) -> None:
        emit = self.emit
        groups, count = self.walk.segments
        words = ceil(count / self.per_word)

        def over_groups(group: Index) -> None:
            def word(index: Index, elements: int) -> None:
                start = emit.add(emit.mul(group, count), emit.mul(index, self.per_word))
                there = self.walk.physical(emit, indices, emit.add(emit.mul(group, words), index))
                move = self._pack if self.to_words else self._unpack
                move(indices, start, there, elements)

            full, rest = divmod(count, self.per_word)
            emit.loop(0, full, lambda index: word(index, self.per_word))
            if rest:
                word(full, rest)

        emit.loop(0, groups, over_groups)

    def _pack(
        self, indices: list[Index], start: Index, there: Sequence[Index], elements: int
    ) -> None:
        """Write a word of `elements` levels; the rest of it is zero."""
        emit = self.emit

        def over(k: Index, acc: Sequence[SSAValue]) -> Sequence[SSAValue]:
            level = self.converted(emit.load(self.plain, self._at(indices, start, k)))
            if self.word != i8:
                level = emit.op(arith.ExtUIOp(level, self.word))
            level = emit.binary(arith.ShLIOp, level, self._shift(k))
            return [emit.binary(arith.OrIOp, acc[0], level)]

        (word,) = emit.carry(0, elements, [emit.constant(0, self.word)], over)
        emit.store(word, self.packed, there)

    def _unpack(
        self, indices: list[Index], start: Index, there: Sequence[Index], elements: int
    ) -> None:
        """Read `elements` levels of a word."""
        emit = self.emit
        word = emit.load(self.packed, there)
        mask = emit.constant((1 << self.walk.layout.bits.data) - 1, i8)

        def element(k: Index) -> None:
            level = emit.binary(arith.ShRUIOp, word, self._shift(k))
            if self.word != i8:
                level = emit.op(arith.TruncIOp(level, i8))
            byte = self.converted(emit.binary(arith.AndIOp, level, mask))
            emit.store(byte, self.plain, self._at(indices, start, k))

        emit.loop(0, elements, element)

    def _at(self, indices: list[Index], start: Index, k: Index) -> list[Index]:
        where = list(indices)
        where[self.walk.axis] = self.emit.add(start, k)
        return where

    def _shift(self, k: Index) -> SSAValue:
        """Where element k of a word begins in it, as a word."""
        emit, layout = self.emit, self.walk.layout
        size = layout.word_bits.data // 8
        field = emit.mul(emit.div(k, size), layout.bits.data)
        bit = emit.add(emit.mul(emit.mod(k, size), 8), field)
        return emit.op(arith.IndexCastOp(emit.value(bit), self.word))
