"""Stages of `lowbit.bitpack` and `lowbit.unpack`, to and from levels smaller than a byte."""

from __future__ import annotations

from collections.abc import Sequence

from typing_extensions import override
from xdsl.dialects import arith
from xdsl.dialects.builtin import i8
from xdsl.ir import SSAValue

from lowbit_dialect import arith_ops
from lowering.loops.emit import Index
from lowering.loops.packing.word_stages import WordMover


class LevelMover(WordMover):
    """Moves the elements of a tensor into or out of words of levels."""

    @override
    def pack_word(
        self, indices: list[Index], start: Index, there: Sequence[Index], elements: int
    ) -> None:
        emit = self.emit

        def over(k: Index, acc: Sequence[SSAValue]) -> Sequence[SSAValue]:
            level = self.converted(emit.load(self.plain, self.element_at(indices, start, k)))
            if self.word != i8:
                level = emit.op(arith.ExtUIOp(level, self.word))
            level = emit.binary(arith.ShLIOp, level, self._shift(k))
            return [emit.binary(arith.OrIOp, acc[0], level)]

        (word,) = emit.for_(0, elements, [emit.constant(0, self.word)], over)
        emit.store(word, self.packed, there)

    @override
    def unpack_word(
        self, indices: list[Index], start: Index, there: Sequence[Index], elements: int
    ) -> None:
        emit = self.emit
        word = emit.load(self.packed, there)
        mask = emit.constant((1 << self.walk.layout.bits.data) - 1, i8)

        def element(k: Index) -> None:
            level = emit.binary(arith.ShRUIOp, word, self._shift(k))
            if self.word != i8:
                level = emit.op(arith_ops.TruncIOp(level, i8))
            byte = self.converted(emit.binary(arith.AndIOp, level, mask))
            emit.store(byte, self.plain, self.element_at(indices, start, k))

        emit.loop(0, elements, element)

    def _shift(self, k: Index) -> SSAValue:
        """Where element k of a word begins in it, as a word."""
        emit, layout = self.emit, self.walk.layout
        size = layout.word_bits.data // 8
        field = emit.mul(emit.div(k, size), layout.bits.data)
        bit = emit.add(emit.mul(emit.mod(k, size), 8), field)
        return emit.op(arith.IndexCastOp(emit.value(bit), self.word))
