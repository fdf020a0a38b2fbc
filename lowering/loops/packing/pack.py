"""`lowbit.bitpack` to words in any layout; here to words of bits."""

from __future__ import annotations

from collections.abc import Callable
from math import ceil
from typing import TypeAlias

from xdsl.dialects import arith
from xdsl.dialects.builtin import VectorType, i8
from xdsl.ir import SSAValue

from lowbit_dialect import simd
from lowbit_dialect.layouts.packed import packed_layout
from lowbit_dialect.layouts.packed_syntax import PLANE
from lowbit_dialect.ops.base import code_of
from lowbit_dialect.ops.pack import BitpackOp
from lowering.loops.emit import Index, signed_byte
from lowering.loops.packing.index_stages import pack_indices
from lowering.loops.packing.movers import move, mover_of
from lowering.loops.packing.pack_columns import Columns, column_lanes
from lowering.loops.packing.packed_walk import PackedWalk, nest, outermost, parts, without
from lowering.loops.stage import Stage, StageLoops, shape_of
from lowering.targets import Target

VECTOR_BYTES = (64, 32, 16, 8)
"""Elements that one test of a bit plane can take at once, the widest first."""

MAX_TOGETHER = 8
"""Lines that are packed together at most."""


def bitpack(op: BitpackOp, target: Target) -> StageLoops:
    """Bytes to words: whole vectors of elements at once where they are neighbours in memory."""
    layout = packed_layout(op.result.type)
    assert layout is not None
    if mover := mover_of(layout):
        return move(op, layout, mover)
    if len(layout.index):
        return pack_indices(op, layout)
    walk = PackedWalk(layout, shape_of(op.x))
    dims, code = outermost(walk), code_of(op.x.type, "x")
    contiguous = walk.axis == len(walk.shape) - 1
    lanes = column_lanes(walk, target.lanes(layout.word_bits.data))
    together = neighbours(walk, target) if contiguous else 0
    if lanes:
        dims = without(walk, dims, len(walk.shape) - 1)
    elif together:
        dims = without(walk, dims, layout.order.data[-1].data)

    def body(stage: Stage, low: SSAValue, high: SSAValue) -> None:
        line = _Packer(stage, op, walk, contiguous, together).line
        if lanes:
            plain, packed = stage.tensor(op.x), stage.tensor(op.result)
            line = Columns(stage.emit, walk, code, plain, packed, lanes).pack
        nest(stage.emit, walk.shape, dims, (low, high), line)

    return StageLoops(parts(walk, dims), body)


def neighbours(walk: PackedWalk, target: Target) -> int:
    """Lines whose words are packed together, or 0: as many as there are words in a register."""
    layout, innermost = walk.layout, walk.layout.order.data[-1].data
    if not target.packs_masks_together or innermost in (PLANE, walk.axis) or layout.lanes:
        return 0
    most = min(MAX_TOGETHER, target.lanes(layout.word_bits.data), walk.shape[innermost])
    return 1 << most.bit_length() - 1 if most > 1 else 0


_Word: TypeAlias = Callable[[list[Index], Index, Index, int], None]
"""Packs neighbouring elements into a word: indices, the word, the first element, their number."""


class _Packer:
    """Packs lines of elements along the packed dimension."""

    def __init__(
        self, stage: Stage, op: BitpackOp, walk: PackedWalk, contiguous: bool, together: int
    ):
        self.emit, self.walk, self.together = stage.emit, walk, together
        self.source, self.target = stage.tensor(op.x), stage.tensor(op.result)
        self.bits = code_of(op.x.type, "x").width
        self.word = walk.layout.word_type
        self.widest = stage.target.vector_bits // 8 if contiguous else 0

    def line(self, indices: list[Index]) -> None:
        """All words of one line, or of lines whose words are neighbours."""
        if not self.together:
            self._words(indices, self._word, self._word)
            return
        emit, dim, lines = self.emit, self.walk.layout.order.data[-1].data, self.together
        extent = self.walk.shape[dim]

        def from_line(start: Index) -> None:
            def one(k: Index, word: Index, first: Index, count: int) -> None:
                self._word(self._at(indices, emit.add(start, k), dim), word, first, count)

            def each(_: list[Index], word: Index, first: Index, count: int) -> None:
                emit.loop(0, lines, lambda k: one(k, word, first, count))

            self._words(self._at(indices, start, dim), self._neighbours, each)

        emit.loop(0, extent - lines + 1, from_line, lines)
        if extent % lines:
            from_line(extent - lines)

    def _words(self, indices: list[Index], whole: _Word, tail: _Word) -> None:
        """All words of a line: whole ones, and one of fewer elements."""
        emit, width = self.emit, self.word.width.data
        groups, count = self.walk.segments
        words = ceil(count / width)

        def group_body(group: Index) -> None:
            start, first = emit.mul(group, count), emit.mul(group, words)
            emit.loop(
                0,
                count // width,
                lambda w: whole(
                    indices, emit.add(first, w), emit.add(start, emit.mul(w, width)), width
                ),
            )
            if count % width:
                last = count // width
                tail(indices, emit.add(first, last), emit.add(start, last * width), count % width)

        emit.loop(0, groups, group_body)

    def _neighbours(self, indices: list[Index], word: Index, start: Index, count: int) -> None:
        """The words of neighbouring lines, which lie beside each other, a plane at a time."""
        emit, dim, type_ = self.emit, self.walk.layout.order.data[-1].data, VectorType(i8, [count])
        data = [
            emit.load_vector(
                self.source,
                self._at(self._at(indices, emit.add(indices[dim], k), dim), start),
                type_,
            )
            for k in range(self.together)
        ]
        for p in range(self.bits):
            words = emit.op(simd.PackMasksOp([self._mask(line, p) for line in data]))
            emit.store_vector(words, self.target, self.walk.physical(emit, indices, word, p))

    def _mask(self, data: SSAValue, plane: int) -> SSAValue:
        """The bytes that have the bit of a plane set."""
        emit, type_ = self.emit, data.type
        bit = emit.binary(arith.AndIOp, data, emit.constant(signed_byte(1 << plane), type_))
        return emit.op(simd.CmpIOp("ne", bit, emit.constant(0, type_)))

    def _word(self, indices: list[Index], word: Index, start: Index, count: int) -> None:
        """Pack `count` elements from `start`; the rest of the word is zero."""
        planes = [self.emit.constant(0, self.word)] * self.bits
        offset = 0
        for size in VECTOR_BYTES:
            while size <= min(self.widest, count - offset, self.word.width.data):
                planes = self._vector(indices, self.emit.add(start, offset), offset, size, planes)
                offset += size
        planes = self.emit.for_(
            offset,
            count,
            planes,
            lambda k, acc: self._element(indices, self.emit.add(start, k), k, acc),
            unroll=count - offset < VECTOR_BYTES[-1],
        )
        for p, value in enumerate(planes):
            self.emit.store(value, self.target, self.walk.physical(self.emit, indices, word, p))

    def _at(self, indices: list[Index], position: Index, dim: int | None = None) -> list[Index]:
        """Indices with another one of a dimension, the packed one unless told."""
        where = list(indices)
        where[self.walk.axis if dim is None else dim] = position
        return where

    def _vector(
        self, indices: list[Index], position: Index, offset: int, size: int, planes
    ) -> list[SSAValue]:
        """Test each plane of `size` neighbouring elements at once."""
        emit, type_ = self.emit, VectorType(i8, [size])
        data = emit.load_vector(self.source, self._at(indices, position), type_)
        result = []
        for p, word in enumerate(planes):
            bits = emit.op(simd.PackBitsOp(self._mask(data, p)))
            if size < self.word.width.data:
                bits = emit.op(arith.ExtUIOp(bits, self.word))
            if offset:
                bits = emit.binary(arith.ShLIOp, bits, emit.constant(offset, self.word))
            result.append(emit.binary(arith.OrIOp, word, bits) if offset else bits)
        return result

    def _element(self, indices: list[Index], position: Index, k: Index, planes):
        """Put the bits of one element at bit k of each plane's word."""
        emit = self.emit
        byte = emit.load(self.source, self._at(indices, position))
        wide = byte if self.word == i8 else emit.op(arith.ExtUIOp(byte, self.word))
        shift = (
            emit.constant(k, self.word)
            if isinstance(k, int)
            else emit.op(arith.IndexCastOp(k, self.word))
        )
        result = []
        for p, word in enumerate(planes):
            bit = wide
            if p:
                bit = emit.binary(arith.ShRUIOp, wide, emit.constant(p, self.word))
            bit = emit.binary(arith.AndIOp, bit, emit.constant(1, self.word))
            bit = emit.binary(arith.ShLIOp, bit, shift)
            result.append(emit.binary(arith.OrIOp, word, bit))
        return result
