"""Moving the elements of a tensor into or out of words of bytes, a whole word at a time."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from math import ceil

from typing_extensions import override
from xdsl.ir import SSAValue

from lowering.loops.emit import Index
from lowering.loops.packing.byte_stages import ByteMover


class WordMover(ByteMover):
    """Moves the elements of a tensor into or out of its words.

    How elements share a word is for those that inherit to say.
    """

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
                move = self.pack_word if self.to_words else self.unpack_word
                move(indices, start, there, elements)

            full, rest = divmod(count, self.per_word)
            emit.loop(0, full, lambda index: word(index, self.per_word))
            if rest:
                word(full, rest)

        emit.loop(0, groups, over_groups)

    @abstractmethod
    def pack_word(
        self, indices: list[Index], start: Index, there: Sequence[Index], elements: int
    ) -> None:
        """Write a word of `elements` elements; the rest of it is zero."""

    @abstractmethod
    def unpack_word(
        self, indices: list[Index], start: Index, there: Sequence[Index], elements: int
    ) -> None:
        """Read `elements` elements of a word."""

    def element_at(self, indices: list[Index], start: Index, k: Index) -> list[Index]:
        """Where element k of the word that begins with element `start` is in the tensor."""
        where = list(indices)
        where[self.walk.axis] = self.emit.add(start, k)
        return where
