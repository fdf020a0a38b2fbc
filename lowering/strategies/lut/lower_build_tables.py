"""The part of `lowbit-lower-tile` that fills tables of partial sums."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from xdsl.dialects import arith, memref, vector
from xdsl.dialects.builtin import (
    DenseArrayBase,
    DenseIntOrFPElementsAttr,
    IntegerType,
    MemRefType,
    VectorType,
    i8,
    i32,
    i64,
)
from xdsl.ir import SSAValue
from xdsl.pattern_rewriter import PatternRewriter, RewritePattern, op_type_rewrite_pattern

from lowbit_dialect import arith_ops, simd
from lowbit_dialect.ops.lut_tile import BuildTablesOp
from lowbit_dialect.sums.lut import NIBBLE, QUAD, TABLE_WORD
from lowering.loops.emit import Emit, Index, signed_byte
from lowering.targets import Target
from lowering.tiles.emitter import emit_before

PAIRS = TABLE_WORD // 2
"""Pairs of channels of a word."""


class LowerBuildTables(RewritePattern):
    """Sums of two channels first, four for each pair; an entry is a sum of two or three of them.

    lowbit.build_tables %x, %tables, %n, %row, %col, %word, %slot, %first columns 9 channels 64 ..
    ->
    scf.for %c = 0 to 9 {
      %m = simd.unpack_bits %x[%n, %row, p, %word, %col + %c]   of every plane p
      %v = simd.select %m, 2^p, 0                               added up: the levels of 64 channels
      vector.store shuffles of %v and of (2^a - 1) - %v, added, %pairs[%c]
    }
    scf.for %c = 0 to 9 {
      %p = simd.broadcast_load %pairs[%c, 3 * k]                the first pair of table k
      %t = arith.addi %p, ..                                    and two more, their bytes spread
      vector.store %t, %tables[%slot, %c, %first + k, 0]
    }

    The two loops keep stores and the narrower loads from the same bytes apart: processors take long
    over a load that cuts a piece out of a store in flight.
    """

    def __init__(self, target: Target):
        self.target = target

    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: BuildTablesOp, rewriter: PatternRewriter) -> None:
        """Rewrite one operation."""
        _Builder(op, emit_before(op), self.target.vector_bits // 8).run()
        rewriter.erase(op)


class _Builder:
    """The loops that fill tables, while they are written."""

    def __init__(self, op: BuildTablesOp, emit: Emit, register: int):
        self.op, self.emit, self.sums = op, emit, op.table_sums
        assert isinstance(op.tables.type, MemRefType)
        *_, self.entries = op.tables.type.get_shape()
        self.register = register
        self.bytes = VectorType(i8, [register])
        self.image, self.row, self.col, self.word, self.slot, self.first = op.indices
        self.columns = op.columns.value.data
        words = MemRefType(i32, [self.columns, PAIRS])
        # Four bytes for each pair of channels of a word.
        pairs = emit.at_entry(memref.AllocaOp.get(i8, 64, [self.columns * PAIRS * 4]))
        self.pairs = emit.view_at_entry(pairs, 0, words)

    def run(self) -> None:
        """Loop over words and columns; the last word may have fewer tables."""
        emit, channels = self.emit, self.op.channels.value.data
        whole, rest = divmod(channels, TABLE_WORD)
        of_word, of_rest = (self.sums.index_count(count) for count in (TABLE_WORD, rest))
        if of_rest == of_word:
            whole, of_rest = whole + 1, 0

        def word(w: Index, count: int) -> None:
            first = emit.add(self.first, emit.mul(w, of_word))
            emit.loop(0, self.columns, lambda c: self._pairs(c, emit.add(self.word, w)))
            emit.loop(0, self.columns, lambda c: self._tables(c, first, count))

        emit.loop(0, whole, lambda w: word(w, of_word))
        if of_rest:
            word(whole, of_rest)

    def _pairs(self, column: Index, word: Index) -> None:
        """Store, for every two channels, their sum for the four patterns of their weights."""
        emit = self.emit
        planes = []
        for k in range(self.op.shared.value.data):
            col = emit.add(emit.add(self.col, column), k * self.op.apart.value.data)
            for p in range(self.sums.x_planes):
                plane = emit.load(self.op.x, (self.image, self.row, p, word, col))
                planes.append((plane, 1 << NIBBLE * k + p))
        for part in range(TABLE_WORD // self.register):
            unset, is_set = self._values(planes, part * self.register)
            for half in range(2):
                first = half * self.register // 2
                sums = emit.binary(
                    arith.AddiOp,
                    self._of_pattern(unset, is_set, first, 0),
                    self._of_pattern(unset, is_set, first + 1, 1),
                )
                words = VectorType(i32, [self.register // 4])
                at = (2 * part + half) * self.register // 4
                emit.store_vector(emit.op(vector.BitcastOp(sums, words)), self.pairs, [column, at])

    def _values(
        self, planes: Sequence[tuple[SSAValue, int]], first: int
    ) -> tuple[SSAValue, SSAValue]:
        """What channels from the first one on add where their weight's bit is 0, and 1.

        `planes` come with what a set bit of them counts.
        """
        emit, word = self.emit, IntegerType(self.register)
        zero = emit.constant(0, self.bytes)
        level = zero
        for plane, value in planes:
            bits = plane
            if first:
                bits = emit.binary(arith.ShRUIOp, bits, emit.constant(first, plane.type))
            if bits.type != word:
                bits = emit.op(arith_ops.TruncIOp(bits, word))
            mask = emit.op(simd.UnpackBitsOp(bits))
            weight = emit.constant(signed_byte(value), self.bytes)
            level = emit.binary(arith.AddiOp, level, emit.op(simd.SelectOp(mask, weight, zero)))
        if self.sums.decomposition.combine == "and":
            return zero, level
        most = emit.constant(signed_byte(sum(value for _, value in planes)), self.bytes)
        return level, emit.binary(arith.SubiOp, most, level)

    def _of_pattern(self, unset: SSAValue, is_set: SSAValue, first: int, bit: int) -> SSAValue:
        """Byte j of a pair: what every other channel adds where `bit` of j is as it is."""
        order = [
            first + 2 * (k // 4) + (self.register if k % 4 >> bit & 1 else 0)
            for k in range(self.register)
        ]
        indices = DenseArrayBase.from_list(i64, order)
        return self.emit.op(vector.ShuffleOp(unset, is_set, indices, result_type=self.bytes))

    def _tables(self, column: Index, first: Index, count: int) -> None:
        """The tables of a word, as many in a vector as there is room for."""
        emit, done = self.emit, 0
        most = max(1, min(self.register, 2 * QUAD) // self.entries)
        while done < count:
            tables = min(most, 1 << ((count - done).bit_length() - 1))
            made = self._one(column, done) if tables == 1 else self._several(column, done, tables)
            to = (self.slot, column, emit.add(first, done), 0)
            emit.store_vector(made, self.op.tables, to)
            done += tables

    def _one(self, column: Index, table: int) -> SSAValue:
        """One table: its pairs in every word of a vector, their bytes spread over the entries."""
        emit, bytes_ = self.emit, VectorType(i8, [self.entries])
        words = VectorType(i32, [self.entries // 4])
        total: SSAValue | None = None
        for k in range(self.sums.bits // 2):
            pair = table * self.sums.bits // 2 + k
            if pair >= PAIRS:
                break  # the last table of a word has fewer
            where = [emit.value(column), emit.constant(pair)]
            word = emit.op(simd.BroadcastLoadOp(self.pairs, where, words))
            found = emit.op(vector.BitcastOp(word, bytes_))
            if k:
                order = [4 * (e // 4) + (e >> 2 * k) % 4 for e in range(self.entries)]
                indices = DenseArrayBase.from_list(i64, order)
                found = emit.op(vector.ShuffleOp(found, found, indices, result_type=bytes_))
            total = found if total is None else emit.binary(arith.AddiOp, total, found)
        assert total is not None
        return total

    def _several(self, column: Index, first: int, tables: int) -> SSAValue:
        """Tables side by side, whose pairs a lookup takes from the same 16 bytes."""
        emit, pairs = self.emit, self.sums.bits // 2
        words = emit.load_vector(self.pairs, (column, first * pairs), VectorType(i32, [QUAD // 4]))
        quad = emit.op(vector.BitcastOp(words, VectorType(i8, [QUAD])))
        entry = np.arange(tables * self.entries)
        total: SSAValue | None = None
        for k in range(pairs):
            pair = entry // self.entries * pairs + k
            index = self._constant(4 * pair + (entry >> 2 * k) % 4)
            found = emit.op(simd.LookupOp(quad, index, in_range=True))
            total = found if total is None else emit.binary(arith.AddiOp, total, found)
        assert total is not None
        return total

    def _constant(self, values: np.ndarray) -> SSAValue:
        type_ = VectorType(i8, [len(values)])
        attr = DenseIntOrFPElementsAttr.from_list(type_, values.tolist())
        return self.emit.op(arith.ConstantOp(attr))
