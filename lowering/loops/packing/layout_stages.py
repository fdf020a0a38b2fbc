"""Stages of `lowbit.bitpack` and `lowbit.unpack`, to and from words of bits in any layout."""

from __future__ import annotations

from collections.abc import Callable
from math import ceil
from typing import TypeAlias

import numpy as np
from xdsl.dialects import arith
from xdsl.dialects.builtin import VectorType, i8
from xdsl.ir import SSAValue

from lowbit_dialect import arith_ops, simd
from lowbit_dialect.layout import PLANE, PackedAttr, packed_layout
from lowbit_dialect.ops.base import code_of
from lowbit_dialect.ops.pack import BitpackOp, UnpackOp
from lowering.loops.emit import Index, signed_byte
from lowering.loops.packing.byte_stages import pack_bytes, unpack_bytes
from lowering.loops.packing.digit_stages import DigitMover
from lowering.loops.packing.index_stages import pack_indices, unpack_indices
from lowering.loops.packing.level_stages import LevelMover
from lowering.loops.packing.pack_columns import Columns, column_lanes, sign_extended
from lowering.loops.packing.packed_walk import PackedWalk, nest, outermost, without
from lowering.loops.packing.word_stages import WordMover, pack_words, unpack_words
from lowering.loops.stage import Stage, StageLoops, shape_of
from lowering.targets import Target

VECTOR_BYTES = (64, 32, 16, 8)
"""Elements that one test of a bit plane can take at once, the widest first."""

MIN_VECTOR_WORD = 32
"""Narrower lanes have no shifts by amounts that differ, on most targets."""

MAX_TOGETHER = 8
"""Lines that are packed together at most."""


def bitpack(op: BitpackOp, target: Target) -> StageLoops:
    """Bytes to words: whole vectors of elements at once where they are neighbours in memory."""
    layout = packed_layout(op.result.type)
    assert layout is not None
    if mover := _word_mover(layout):
        return pack_words(op, layout, mover)
    if layout.bytes.data:
        return pack_bytes(op, layout)
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
        if dims:
            nest(stage.emit, walk.shape, dims, (low, high), line)
        else:
            stage.emit.loop(low, high, lambda _: line([0] * len(walk.shape)))

    return StageLoops(walk.shape[dims[0]] if dims else 1, body)


def neighbours(walk: PackedWalk, target: Target) -> int:
    """Lines whose words are packed together, or 0: as many as there are words in a register."""
    layout, innermost = walk.layout, walk.layout.order.data[-1].data
    if not target.packs_masks_together or innermost in (PLANE, walk.axis) or layout.lanes:
        return 0
    most = min(MAX_TOGETHER, target.lanes(layout.word_bits.data), walk.shape[innermost])
    return 1 << most.bit_length() - 1 if most > 1 else 0


_Word: TypeAlias = Callable[[list[Index], Index, Index, int], None]
"""What packs so many elements from one on into a word: indices, word, first element, elements."""


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
        planes = self.emit.carry(
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


def _word_mover(layout: PackedAttr) -> type[WordMover] | None:
    """What moves words of several elements that are whole numbers, if such are in the layout."""
    if layout.bits.data < 8:
        return LevelMover
    return DigitMover if layout.bytes.data == "digits" else None


def unpack(op: UnpackOp, target: Target) -> StageLoops:
    """Words to bytes: vectors of columns, or of the bits of a word, or single elements."""
    layout, code = packed_layout(op.x.type), code_of(op.x.type, "x")
    assert layout is not None
    if mover := _word_mover(layout):
        return unpack_words(op, layout, mover)
    if layout.bytes.data:
        return unpack_bytes(op, layout)
    if len(layout.index):
        return unpack_indices(op, layout)
    walk = PackedWalk(layout, shape_of(op.result))
    dims = outermost(walk)
    lanes = column_lanes(walk, target.lanes(layout.word_bits.data))
    if lanes:
        dims = without(walk, dims, len(walk.shape) - 1)

    def body(stage: Stage, low: SSAValue, high: SSAValue) -> None:
        line = _Unpacker(stage, op, walk).line
        if lanes:
            plain, packed = stage.tensor(op.result), stage.tensor(op.x)
            line = Columns(stage.emit, walk, code, plain, packed, lanes).unpack
        if dims:
            nest(stage.emit, walk.shape, dims, (low, high), line)
        else:
            stage.emit.loop(low, high, lambda _: line([0] * len(walk.shape)))

    return StageLoops(walk.shape[dims[0]] if dims else 1, body)


class _Unpacker:
    """Unpacks lines of elements along the packed dimension."""

    def __init__(self, stage: Stage, op: UnpackOp, walk: PackedWalk):
        self.stage, self.emit, self.walk = stage, stage.emit, walk
        self.source, self.target = stage.tensor(op.x), stage.tensor(op.result)
        self.code, self.word = code_of(op.x.type, "x"), walk.layout.word_type
        bits = self.word.width.data
        is_vector = walk.axis == len(walk.shape) - 1 and bits >= MIN_VECTOR_WORD
        self.lanes = stage.target.lanes(bits) if is_vector else 0
        # A word's bits become bytes at once where shifts of lanes are none, or no better.
        is_contiguous = walk.axis == len(walk.shape) - 1
        self.whole_words = is_contiguous and (
            bits < MIN_VECTOR_WORD or stage.target.packs_masks_together
        )
        if self.whole_words:
            self.lanes = bits

    def line(self, indices: list[Index]) -> None:
        """All elements of one line."""
        emit, width = self.emit, self.word.width.data
        groups, count = self.walk.segments
        words, whole = ceil(count / width), 0
        if self.lanes:
            whole = count // self.lanes * self.lanes

        def group_body(group: Index) -> None:
            start, first = emit.mul(group, count), emit.mul(group, words)

            def place(k: Index) -> tuple[Index, Index, Index]:
                """Of the k-th element: the position, the word, the bit."""
                word = emit.add(first, emit.div(k, width))
                return emit.add(start, k), word, emit.mod(k, width)

            if whole:
                emit.loop(0, whole, lambda k: self._vector(indices, *place(k)), self.lanes)
            emit.loop(whole, count, lambda k: self._element(indices, *place(k)))

        emit.loop(0, groups, group_body)

    def _vector(self, indices: list[Index], position: Index, word: Index, bit: Index) -> None:
        """Move neighbouring bits of a word, which every lane gets, to the bottom of the lanes."""
        if self.whole_words:
            self._word(indices, position, word)
            return
        emit, type_ = self.emit, VectorType(self.word, [self.lanes])
        bits = self.word.width.data
        amounts = emit.load_vector(self.stage.table(np.arange(bits), bits), [bit], type_)
        total: SSAValue | None = None
        for p in range(self.code.width):
            where = [emit.value(i) for i in self.walk.physical(emit, indices, word, p)]
            value = emit.op(simd.BroadcastLoadOp(self.source, where, type_))
            value = emit.binary(arith.ShRUIOp, value, amounts)
            value = emit.binary(arith.AndIOp, value, emit.constant(1, type_))
            if p:
                value = emit.binary(arith.ShLIOp, value, emit.constant(p, type_))
            total = value if total is None else emit.binary(arith.OrIOp, total, value)
        assert total is not None
        bytes_ = emit.op(simd.TruncIOp(total, VectorType(i8, [self.lanes])))
        emit.store_vector(
            sign_extended(emit, bytes_, self.code), self.target, self._at(indices, position)
        )

    def _word(self, indices: list[Index], position: Index, word: Index) -> None:
        """All bits of a word: each plane's as a mask, which chooses its weight."""
        emit, type_ = self.emit, VectorType(i8, [self.lanes])
        total: SSAValue | None = None
        for p in range(self.code.width):
            bits = emit.load(self.source, self.walk.physical(emit, indices, word, p))
            mask, weight = (
                emit.op(simd.UnpackBitsOp(bits)),
                emit.constant(signed_byte(1 << p), type_),
            )
            value = emit.op(simd.SelectOp(mask, weight, emit.constant(0, type_)))
            total = value if total is None else emit.binary(arith.OrIOp, total, value)
        assert total is not None
        emit.store_vector(
            sign_extended(emit, total, self.code), self.target, self._at(indices, position)
        )

    def _at(self, indices: list[Index], position: Index) -> list[Index]:
        where = list(indices)
        where[self.walk.axis] = position
        return where

    def _element(self, indices: list[Index], position: Index, word: Index, bit: Index) -> None:
        """Collect the bits of one element."""
        emit = self.emit
        shift = emit.op(arith.IndexCastOp(emit.value(bit), self.word))
        byte: SSAValue | None = None
        for p in range(self.code.width):
            where = self.walk.physical(emit, indices, word, p)
            value = emit.binary(arith.ShRUIOp, emit.load(self.source, where), shift)
            value = emit.binary(arith.AndIOp, value, emit.constant(1, self.word))
            if self.word != i8:
                value = emit.op(arith_ops.TruncIOp(value, i8))
            if p:
                value = emit.binary(arith.ShLIOp, value, emit.constant(p, i8))
            byte = value if byte is None else emit.binary(arith.OrIOp, byte, value)
        assert byte is not None
        emit.store(sign_extended(emit, byte, self.code), self.target, self._at(indices, position))
