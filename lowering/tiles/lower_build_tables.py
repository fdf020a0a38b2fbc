"""The part of `lowbit-lower-tile` that fills tables of partial sums."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from xdsl.dialects import arith, vector
from xdsl.dialects.builtin import (
    DenseArrayBase,
    DenseIntOrFPElementsAttr,
    IntegerType,
    MemRefType,
    VectorType,
    i8,
    i64,
)
from xdsl.ir import SSAValue
from xdsl.pattern_rewriter import PatternRewriter, RewritePattern, op_type_rewrite_pattern

from lowbit_dialect import simd
from lowbit_dialect.ops.lut_tile import BuildTablesOp
from lowbit_dialect.table_sums import TABLE_WORD
from lowering.loops.emit import Emit, Index
from lowering.targets import Target
from lowering.tiles.emitter import emit_before


class LowerBuildTables(RewritePattern):
    """A vector holds as many tables as fit; each plane of x adds its counts, the highest first.

    lowbit.build_tables %x, %tables, %n, %row, %col, %word, %slot, %first columns 9 channels 64 ..
    ->
    scf.for %c = 0 to 9 {
      %w = simd.broadcast_load %x[%n, %row, p, %word, %col + %c]
      %f = simd.bit_fields 6 from [0] %w            the bits of six channels in each byte
      %t = simd.popcount_acc xor %t2, %f, %entries  entry e: the bits that differ from e
      vector.store %t, %tables[%slot, %c, %first, 0]
    }
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
        assert isinstance(op.x.type, MemRefType)
        assert isinstance(op.tables.type, MemRefType)
        *_, self.entries = op.tables.type.get_shape()
        self.register = max(register, self.entries)
        self.image, self.row, self.col, self.word, self.slot, self.first = op.indices

    def run(self) -> None:
        """Loop over columns and words; the last word may have fewer tables."""
        emit, counts = self.emit, self.sums.index_counts(self.op.channels.value.data)
        whole = sum(count == counts[0] for count in counts)

        def column(c: Index) -> None:
            def word(w: Index, count: int) -> None:
                first = emit.add(self.first, emit.mul(w, counts[0]))
                self._word(c, emit.add(self.word, w), first, count)

            emit.loop(0, whole, lambda w: word(w, counts[0]))
            if whole < len(counts):
                word(whole, counts[-1])

        emit.loop(0, self.op.columns.value.data, column)

    def _word(self, column: Index, word: Index, first: Index, count: int) -> None:
        """The tables of a word of every plane."""
        emit = self.emit
        planes = list(range(self.sums.x_planes))
        words = VectorType(IntegerType(TABLE_WORD), [self.register // 8])
        where = (self.image, self.row, emit.add(self.col, column))
        loaded = []
        for p in planes:
            indices = [emit.value(i) for i in (*where[:2], p, word, where[2])]
            loaded.append(emit.op(simd.BroadcastLoadOp(self.op.x, indices, words)))
        done, most = 0, self.register // self.entries
        while done < count:
            tables = min(most, 1 << ((count - done).bit_length() - 1))
            value = self._tables(loaded, done, most)
            if tables < most:
                value = self._first(value, tables * self.entries)
            to = (self.slot, column, emit.add(first, done), 0)
            emit.store_vector(value, self.op.tables, to)
            done += tables

    def _tables(self, loaded: Sequence[SSAValue], first: int, count: int) -> SSAValue:
        """A vector of tables, for the fields from the first one on."""
        emit, bits = self.emit, self.sums.bits
        type_ = VectorType(i8, [self.register])
        offsets = [min((first + t) * bits, TABLE_WORD - 1) for t in range(count)]
        total: SSAValue | None = None
        for plane in reversed(loaded):
            fields = emit.op(simd.BitFieldsOp(plane, bits, offsets))
            if total is None:
                total = self._count(emit.constant(0, type_), fields)
            else:
                total = self._count(emit.binary(arith.AddiOp, total, total), fields)
        assert total is not None
        return total

    def _count(self, acc: SSAValue, fields: SSAValue) -> SSAValue:
        """Add to each entry the bits that the fields and its index have in common, or do not."""
        emit, combine = self.emit, self.sums.decomposition.combine
        entry = self._constant(np.arange(self.register) % self.entries)
        if self.entries > 16:
            return emit.op(simd.PopcountAccOp(acc, fields, entry, simd.Combine(combine)))
        # Four bits are counted by a shuffle, where bytes of eight take several.
        kind = arith.AndIOp if combine == "and" else arith.XOrIOp
        counts = self._constant(np.array([i.bit_count() for i in range(16)]))
        found = emit.op(simd.LookupOp(counts, emit.binary(kind, fields, entry), in_range=True))
        return emit.binary(arith.AddiOp, acc, found)

    def _first(self, value: SSAValue, lanes: int) -> SSAValue:
        """The first lanes of a vector."""
        order = DenseArrayBase.from_list(i64, list(range(lanes)))
        shuffle = vector.ShuffleOp(value, value, order, result_type=VectorType(i8, [lanes]))
        return self.emit.op(shuffle)

    def _constant(self, values: np.ndarray) -> SSAValue:
        type_ = VectorType(i8, [len(values)])
        attr = DenseIntOrFPElementsAttr.from_list(type_, values.tolist())
        return self.emit.op(arith.ConstantOp(attr))
