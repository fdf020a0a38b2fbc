"""Stages of `lowbit.bitpack` and `lowbit.unpack`, to and from words of bytes in any layout."""

from __future__ import annotations

from math import ceil

import numpy as np
from xdsl.dialects import arith
from xdsl.dialects.builtin import IndexType, MemRefType, TensorType, VectorType, i8, i32
from xdsl.ir import SSAValue

from lowbit_dialect.codes import BipolarType, Code, SignedType
from lowbit_dialect.layouts.images import pattern_bytes
from lowering.loops.emit import Index
from lowering.loops.packing.packed_walk import PackedWalk, nest, outermost, without
from lowering.loops.stage import Stage


def has_byte_columns(walk: PackedWalk, code: Code) -> bool:
    """Whether neighbouring columns of one channel are neighbouring bytes."""
    layout, rank = walk.layout, len(walk.shape)
    order = [entry.data for entry in layout.order]
    has_bytes = layout.bytes.data in ("levels", "values") and layout.word_bits.data == 8
    is_plain = has_bytes and not len(layout.lanes) and code.affine is not None
    is_natural = rank > 1 and walk.axis == rank - 1 and order == list(range(rank))
    return is_plain and is_natural and walk.shape[-1] == 1


def move_dims(walk: PackedWalk, code: Code) -> list[int]:
    """The dimensions that are walked around the lines, those of the independent parts first."""
    dims = outermost(walk)
    return without(walk, dims, walk.axis - 1) if has_byte_columns(walk, code) else dims


class ByteMover:
    """Moves the elements of a tensor into or out of its words."""

    def __init__(self, stage: Stage, walk: PackedWalk, code: Code, to_words: bool):
        self.stage, self.emit, self.walk, self.to_words = stage, stage.emit, walk, to_words
        self.code = code
        self.per_word = walk.layout.elements_per_word
        has_lanes = bool(len(walk.layout.lanes))
        innermost = walk.layout.order.data[-1].data
        is_vector = walk.axis == len(walk.shape) - 1 == innermost and not has_lanes
        if code.affine is None:
            is_vector = False  # the bytes are looked up one by one
        self.has_columns = has_byte_columns(walk, code)
        is_vector = is_vector or self.has_columns
        self.widest = stage.target.vector_bits // 8 if is_vector and code.affine is not None else 1

    def run(self, plain: SSAValue, packed: SSAValue, low: SSAValue, high: SSAValue) -> None:
        """Move all elements whose outermost index is within low .. high."""
        layout = self.walk.layout
        words = layout.physical_shape(self.walk.shape, self.code.width)
        shape = (*words, self.per_word)
        if self.has_columns:
            self.packed = self.stage.memory(packed, MemRefType(i8, words[:-1]))
            self.plain = self.stage.tensor(plain, self.walk.shape[:-1])
            dims = move_dims(self.walk, self.code)
            nest(self.emit, self.walk.shape, dims, (low, high), self.columns)
            return
        if self.widest > 1:
            shape = (*words[:-1], words[-1] * self.per_word)
        self.packed = self.stage.memory(packed, MemRefType(i8, shape))
        self.walk_lines(plain, low, high)

    def walk_lines(self, plain: SSAValue, low: SSAValue, high: SSAValue) -> None:
        """Write the loops around the lines."""
        self.plain = self.stage.tensor(plain)
        nest(self.emit, self.walk.shape, outermost(self.walk), (low, high), self.line)

    def line(self, indices: list[Index]) -> None:
        """All elements along the packed dimension: vectors, then single ones."""
        emit = self.emit
        groups, count = self.walk.segments
        words = ceil(count / self.per_word)

        def group_body(group: Index) -> None:
            start, first = emit.mul(group, count), emit.mul(group, words)
            done, size = 0, self.widest
            while size >= 1 and done < count:
                end = done + (count - done) // size * size
                if end > done:
                    emit.loop(
                        done,
                        end,
                        lambda k, size=size: self._move(indices, start, first, k, size),
                        size,
                    )
                done, size = end, size // 2 if size > 8 else (size > 1) * 1

        emit.loop(0, groups, group_body)

    def columns(self, indices: list[Index]) -> None:
        """All columns of a row of one channel."""
        emit, dim = self.emit, self.walk.axis - 1
        done, size, count = 0, self.widest, self.walk.shape[dim]

        def some(k: Index, size: int) -> None:
            where = [*indices[:dim], k]
            there = self.walk.physical(emit, [*where, 0], 0)[:-1]
            sides = (self.plain, where), (self.packed, there)
            (source, at), (target, to) = sides if self.to_words else sides[::-1]
            data = emit.load_vector(source, at, VectorType(i8, [size]))
            emit.store_vector(self.converted(data), target, to)

        while done < count:
            end = done + (count - done) // size * size
            emit.loop(done, end, lambda k, size=size: some(k, size), size)
            done, size = end, max(1, size // 2)

    def _move(
        self, indices: list[Index], start: Index, first_word: Index, k: Index, size: int
    ) -> None:
        """Move `size` elements from the k-th of a segment on."""
        emit = self.emit
        where = list(indices)
        where[self.walk.axis] = emit.add(start, k)
        word = emit.add(first_word, emit.div(k, self.per_word))
        inside = emit.mod(k, self.per_word)
        there = self.walk.physical(emit, indices, word)
        if self.widest > 1:
            there[-1] = emit.add(emit.mul(first_word, self.per_word), k)
        else:
            there.append(inside)
        sides = (self.plain, where), (self.packed, there)
        (source, at), (target, to) = sides if self.to_words else sides[::-1]
        if size == 1:
            emit.store(self.converted(emit.load(source, at)), target, to)
        else:
            data = emit.load_vector(source, at, VectorType(i8, [size]))
            emit.store_vector(self.converted(data), target, to)

    def converted(self, value: SSAValue) -> SSAValue:
        """The byte in a word for a storage byte, or the other way round."""
        emit, shift = self.emit, self.walk.layout.shift.data
        if self.code.affine is None:
            return self._looked_up(value)
        if not shift:
            return self._level_or_value(value)
        bits = emit.constant(shift, value.type)
        if self.to_words:
            return emit.binary(arith.ShLIOp, self._level_or_value(value), bits)
        return self._level_or_value(emit.binary(arith.ShRUIOp, value, bits))

    def _level_or_value(self, value: SSAValue) -> SSAValue:
        """The same, levels not shifted."""
        emit, code, holds = self.emit, self.code, self.walk.layout.bytes.data
        if holds == "levels" and isinstance(code, SignedType):
            # Both ways: the lowest value and level 0 differ in the top bit of the code.
            lowest = emit.constant(code.min_value, value.type)
            return emit.binary(arith.SubiOp if self.to_words else arith.AddiOp, value, lowest)
        if holds in ("values", "digits") and isinstance(code, BipolarType):
            lowest = emit.constant(code.min_value, value.type)
            if self.to_words:
                return emit.binary(arith.AddiOp, emit.binary(arith.AddiOp, value, value), lowest)
            twice = emit.binary(arith.SubiOp, value, lowest)
            return emit.binary(arith.ShRUIOp, twice, emit.constant(1, value.type))
        return value

    def _looked_up(self, value: SSAValue) -> SSAValue:
        """A codebook's byte by table; elements are moved one by one."""
        emit, patterns = self.emit, np.arange(1 << self.code.width)
        plain = TensorType(self.code, patterns.shape)
        storage = np.frombuffer(pattern_bytes(patterns, plain), np.uint8)
        packed = self.walk.layout.byte_of_pattern(self.code)
        table = np.zeros(256, np.uint8)
        source, target = (storage, packed) if self.to_words else (packed, storage)
        table[source] = target
        index = emit.op(arith.IndexCastOp(emit.op(arith.ExtUIOp(value, i32)), IndexType()))
        return emit.load(self.stage.table(table, bits=8), [index])
