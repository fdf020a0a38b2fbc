"""Stages of `lowbit.bitpack` and `lowbit.unpack`, to and from words whose bytes are digits."""

from __future__ import annotations

from collections.abc import Sequence

from typing_extensions import override
from xdsl.dialects import arith
from xdsl.dialects.builtin import i8
from xdsl.ir import SSAValue

from lowbit_dialect import arith_ops
from lowering.loops.emit import Index
from lowering.loops.packing.word_stages import WordMover


class DigitMover(WordMover):
    """Moves the elements of a tensor into or out of words, their digits."""

    @override
    def pack_word(
        self, indices: list[Index], start: Index, there: Sequence[Index], elements: int
    ) -> None:
        emit = self.emit

        def over(k: Index, acc: Sequence[SSAValue]) -> Sequence[SSAValue]:
            digit = self.converted(emit.load(self.plain, self.element_at(indices, start, k)))
            return [emit.binary(arith.AddiOp, self._moved_up(acc[0], 1), self._as_word(digit))]

        (word,) = emit.for_(0, elements, [emit.constant(0, self.word)], over)
        emit.store(self._moved_up(word, self.per_word - elements), self.packed, there)

    @override
    def unpack_word(
        self, indices: list[Index], start: Index, there: Sequence[Index], elements: int
    ) -> None:
        emit = self.emit
        word = emit.load(self.packed, there)
        for k in range(self.per_word - 1, -1, -1):
            if k < elements:
                digit = word if self.word == i8 else emit.op(arith_ops.TruncIOp(word, i8))
                emit.store(self.converted(digit), self.plain, self.element_at(indices, start, k))
                word = emit.binary(arith.SubiOp, word, self._as_word(digit))
            if k:
                word = emit.binary(arith.ShRUIOp, word, emit.constant(8, self.word))

    def _as_word(self, digit: SSAValue) -> SSAValue:
        return digit if self.word == i8 else self.emit.op(arith.ExtSIOp(digit, self.word))

    def _moved_up(self, word: SSAValue, digits: int) -> SSAValue:
        """The word so many digits further up."""
        if not digits or self.word == i8:
            return word
        return self.emit.binary(arith.ShLIOp, word, self.emit.constant(8 * digits, self.word))
