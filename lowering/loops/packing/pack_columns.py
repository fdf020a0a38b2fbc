"""Packing and unpacking where the words of neighbouring elements are neighbours too.

The innermost dimension is not the packed one and stays innermost, as from images of one channel,
(n, c, h, w), to rows of words, [n][h][plane][c word][w]. A vector holds a word of each of so many
columns, and every element along the packed dimension adds or takes a bit of all of them.
"""

from __future__ import annotations

from collections.abc import Sequence

from xdsl.dialects import arith
from xdsl.dialects.builtin import VectorType, i8
from xdsl.ir import SSAValue

from lowbit_dialect import simd
from lowbit_dialect.codes import Code, SignedType
from lowering.loops.emit import Emit, Index
from lowering.loops.packing.packed_walk import PackedWalk

MIN_LANES = 4
"""Shorter vectors save nothing."""


def column_lanes(walk: PackedWalk, widest: int) -> int:
    """Columns of a vector, or 0 where columns are no neighbours on both sides."""
    last = len(walk.shape) - 1
    are_neighbours = walk.axis != last == walk.layout.order.data[-1].data
    if not are_neighbours or len(walk.layout.lanes):
        return 0
    lanes = min(widest, 1 << (max(1, walk.shape[last]).bit_length() - 1))
    return lanes if lanes >= MIN_LANES else 0


class Columns:
    """Words of `lanes` neighbouring columns, packed or unpacked together."""

    def __init__(
        self,
        emit: Emit,
        walk: PackedWalk,
        code: Code,
        plain: SSAValue,
        packed: SSAValue,
        lanes: int,
    ):
        self.emit, self.walk, self.code, self.lanes = emit, walk, code, lanes
        self.plain, self.packed = plain, packed
        self.words = VectorType(walk.layout.word_type, [lanes])

    def pack(self, indices: list[Index]) -> None:
        """All words of a line of columns."""
        self._each(indices, self._pack)

    def unpack(self, indices: list[Index]) -> None:
        """All elements of a line of columns."""
        self._each(indices, self._unpack)

    def _each(self, indices: list[Index], move) -> None:
        """Run `move(where, first element, word, elements)` on vectors of columns, words, groups.

        The last vector may overlap the one before it.
        """
        emit, extent = self.emit, self.walk.shape[-1]
        width = self.walk.layout.word_bits.data
        groups, count = self.walk.segments
        whole, rest = divmod(count, width)
        words = whole + (rest > 0)

        def columns(start: Index) -> None:
            where = [*indices[:-1], start]

            def group_body(group: Index) -> None:
                first, word = emit.mul(group, count), emit.mul(group, words)
                emit.loop(
                    0,
                    whole,
                    lambda w: move(
                        where, emit.add(first, emit.mul(w, width)), emit.add(word, w), width
                    ),
                )
                if rest:
                    move(where, emit.add(first, whole * width), emit.add(word, whole), rest)

            emit.loop(0, groups, group_body)

        emit.loop(0, extent - self.lanes + 1, columns, self.lanes)
        if extent % self.lanes:
            columns(extent - self.lanes)

    def _pack(self, where: list[Index], first: Index, word: Index, count: int) -> None:
        """From the last element of the word to the first, each shifts the others up."""
        emit, one = self.emit, self.emit.constant(1, self.words)
        bytes_ = VectorType(i8, [self.lanes])

        def element(k: Index, planes: Sequence[SSAValue]) -> Sequence[SSAValue]:
            at = list(where)
            at[self.walk.axis] = emit.sub(emit.value(emit.add(first, count - 1)), k)
            data = emit.load_vector(self.plain, at, bytes_)
            wide = data if data.type == self.words else emit.op(simd.ExtUIOp(data, self.words))
            result = []
            for p, value in enumerate(planes):
                bit = wide
                if p:
                    bit = emit.binary(arith.ShRUIOp, wide, emit.constant(p, self.words))
                bit = emit.binary(arith.AndIOp, bit, one)
                shifted = emit.binary(arith.ShLIOp, value, one)
                result.append(emit.binary(arith.OrIOp, shifted, bit))
            return result

        zeros = [emit.constant(0, self.words)] * self.code.width
        for p, value in enumerate(emit.for_(0, count, zeros, element)):
            emit.store_vector(value, self.packed, self.walk.physical(emit, where, word, p))

    def _unpack(self, where: list[Index], first: Index, word: Index, count: int) -> None:
        """From the first element of the word to the last, each is shifted out."""
        emit, one = self.emit, self.emit.constant(1, self.words)
        bytes_ = VectorType(i8, [self.lanes])

        def element(k: Index, planes: Sequence[SSAValue]) -> Sequence[SSAValue]:
            total: SSAValue | None = None
            for p, value in enumerate(planes):
                bit = emit.binary(arith.AndIOp, value, one)
                if p:
                    bit = emit.binary(arith.ShLIOp, bit, emit.constant(p, self.words))
                total = bit if total is None else emit.binary(arith.OrIOp, total, bit)
            assert total is not None
            data = total if total.type == bytes_ else emit.op(simd.TruncIOp(total, bytes_))
            at = list(where)
            at[self.walk.axis] = emit.add(first, k)
            emit.store_vector(sign_extended(emit, data, self.code), self.plain, at)
            return [emit.binary(arith.ShRUIOp, value, one) for value in planes]

        planes = [
            emit.load_vector(self.packed, self.walk.physical(emit, where, word, p), self.words)
            for p in range(self.code.width)
        ]
        emit.for_(0, count, planes, element)


def sign_extended(emit: Emit, byte: SSAValue, code: Code) -> SSAValue:
    """The storage bytes of patterns, in one or all lanes: a signed code's are its values."""
    if not isinstance(code, SignedType) or code.width == 8:
        return byte
    spare = emit.constant(8 - code.width, byte.type)
    return emit.binary(arith.ShRSIOp, emit.binary(arith.ShLIOp, byte, spare), spare)
