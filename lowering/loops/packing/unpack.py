"""`lowbit.unpack` of words in any layout; here of words of bits."""

from __future__ import annotations

from math import ceil

import numpy as np
from xdsl.dialects import arith
from xdsl.dialects.builtin import VectorType, i8
from xdsl.ir import SSAValue

from lowbit_dialect import arith_ops, simd
from lowbit_dialect.layouts.packed import packed_layout
from lowbit_dialect.ops.base import code_of
from lowbit_dialect.ops.pack import UnpackOp
from lowering.loops.emit import Index, signed_byte
from lowering.loops.packing.index_stages import unpack_indices
from lowering.loops.packing.movers import move, mover_of
from lowering.loops.packing.pack_columns import Columns, column_lanes, sign_extended
from lowering.loops.packing.packed_walk import PackedWalk, nest, outermost, parts, without
from lowering.loops.stage import Stage, StageLoops, shape_of
from lowering.targets import Target

MIN_VECTOR_WORD = 32
"""Narrower lanes have no shifts by amounts that differ, on most targets."""


def unpack(op: UnpackOp, target: Target) -> StageLoops:
    """Words to bytes: vectors of columns, or of the bits of a word, or single elements."""
    layout, code = packed_layout(op.x.type), code_of(op.x.type, "x")
    assert layout is not None
    if mover := mover_of(layout):
        return move(op, layout, mover)
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
        nest(stage.emit, walk.shape, dims, (low, high), line)

    return StageLoops(parts(walk, dims), body)


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
