"""The part of `lowbit-lower-tile` for tiles of looked up products."""

from __future__ import annotations

from typing_extensions import override
from xdsl.dialects import arith, vector
from xdsl.dialects.builtin import IntegerType, VectorType, i8, i32
from xdsl.ir import Attribute, SSAValue
from xdsl.pattern_rewriter import PatternRewriter, RewritePattern, op_type_rewrite_pattern

from lowbit_dialect import simd
from lowbit_dialect.ops.product_lut_tile import ProductLutTileOp
from lowering.loops.emit import INDEX, Emit
from lowering.tiles.emitter import emit_before
from lowering.tiles.word_tile import At, Sums, WordTile

LARGEST_FACTOR = 64
"""Signed bytes up to which a factor of two unsigned bytes keeps their sum within i16."""
SCALAR_SUMS = 8
"""Sums of a table in memory that are made at a time, in scalar registers."""


class LowerProductLutTile(RewritePattern):
    """Bytes of every pixel and every lane are joined and looked up, entries summed in bytes.

    %sums:4 = lowbit.product_lut_tile %x, %w, .. %table pixels 2 vectors 2 ..
    ->
    %t = vector.load %table
    %a:4 = scf.for .. iter_args(%acc = 0 ..) {        as many steps as bytes can sum
      %b = simd.broadcast_load %x[..]                 four levels of each pixel
      %v = vector.load %w[..]                         four shifted levels of each lane
      %i = arith.ori %b, %v
      %e = simd.lookup in_range %t, %i
      %p = arith.addi %acc, %e
    }
    %s = simd.dot_acc %sum, %a, dense<1>              four bytes of a lane

    Entries of more than a byte are looked up in several tables. A table in memory is indexed by two
    bytes at once, one lane after the other:

    %i = arith.ori (memref.load %x[..]), (memref.load %w[..])
    %e = memref.load %table[%i and 65535]
    """

    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: ProductLutTileOp, rewriter: PatternRewriter) -> None:
        """Rewrite one tile."""
        tile = (_RegisterTile if op.in_registers else _MemoryTile)(op, emit_before(op))
        rewriter.replace(op, [], tile.sums())


class _ProductTile(WordTile):
    """What tiles with either table share: they skip no taps, so that all sums go together."""

    @override
    def sums_of(self, part: slice, count: int) -> slice:
        return slice(None)


class _RegisterTile(_ProductTile):
    """A tile of lookups in registers, while it is written."""

    def __init__(self, op: ProductLutTileOp, emit: Emit):
        super().__init__(op, emit, op.product.byte_steps)
        self.bytes = VectorType(i8, [4 * self.lanes])
        self.part_bits = op.product.part_bits
        parts, entries = op.product.register_tables.shape
        self.tables = [
            emit.load_vector(op.table, (part, 0), VectorType(i8, [entries]))
            for part in range(parts)
        ]

    def sums(self) -> Sums:
        """The sums of the tile as vectors of i32."""
        return self.all_taps()

    @override
    def narrow_zeros(self, acc: Sums) -> Sums:
        """The sums of each part one after the other."""
        zero = self.emit.constant(0, self.bytes)
        return [zero] * (len(self.tables) * len(acc))

    @override
    def widened(self, acc: Sums, narrow: Sums) -> Sums:
        """Each lane of i32 is the sum of four bytes of each part."""
        emit, count = self.emit, len(acc)
        for part in range(len(self.tables)):
            weight = 1 << (part * self.part_bits)
            ones = emit.constant(0x01010101 * min(weight, LARGEST_FACTOR), self.wide)
            result = []
            for total, sums in zip(acc, narrow[part * count :], strict=False):
                words = self._as(self.wide, sums)
                if weight <= LARGEST_FACTOR:
                    result.append(emit.op(simd.DotAccOp(total, words, ones, no_saturation=True)))
                    continue
                zero = emit.constant(0, self.wide)
                rest = emit.constant((weight // LARGEST_FACTOR).bit_length() - 1, self.wide)
                four = emit.op(simd.DotAccOp(zero, words, ones, no_saturation=True))
                weighted = emit.binary(arith.ShLIOp, four, rest)
                result.append(emit.binary(arith.AddiOp, total, weighted))
            acc = result
        return acc

    @override
    def add_words(self, x: At, w: At, words: int, part: slice, acc: Sums) -> Sums:
        """Look up four bytes of every pixel and every lane."""
        emit, count = self.emit, self.pixels * self.vectors
        weights = [
            emit.load_vector(self.w, (*w, v * self.lanes), self.wide) for v in range(self.vectors)
        ]
        result = list(acc)
        for m in range(self.pixels):
            pixel = emit.op(simd.BroadcastLoadOp(self.x, self.x_at(x, m), self.wide))
            for v in range(self.vectors):
                index = self._as(self.bytes, emit.binary(arith.OrIOp, weights[v], pixel))
                for place, table in enumerate(self.tables):
                    entry = emit.op(simd.LookupOp(table, index, in_range=True))
                    where = place * count + m * self.vectors + v
                    result[where] = emit.binary(arith.AddiOp, acc[where], entry)
        return result

    def _as(self, type_: Attribute, value: SSAValue) -> SSAValue:
        return self.emit.op(vector.BitcastOp(value, type_))


class _MemoryTile:
    """A tile of lookups in memory, while it is written."""

    def __init__(self, op: ProductLutTileOp, emit: Emit):
        self.op, self.emit = op, emit
        self.entry = IntegerType(op.product.memory_bits)

    def sums(self) -> Sums:
        """The sums of the tile as vectors of i32: of each pixel, a few lanes at a time."""
        pixels, vectors = self.op.pixels.value.data, self.op.vectors.value.data
        result = []
        for m in range(pixels):
            for v in range(vectors):
                result.append(_LookedUpLanes(self.op, self.emit, self.entry, m, v).vector())
        return result


class _LookedUpLanes(_ProductTile):
    """The sums of one pixel and one vector of lanes, in scalar registers."""

    def __init__(
        self, op: ProductLutTileOp, emit: Emit, entry: IntegerType, pixel: int, vector_index: int
    ):
        super().__init__(op, emit, 0)
        self.table, self.entry, self.pixel = op.table, entry, pixel
        self.start = vector_index * self.lanes
        self.some = range(0)

    def vector(self) -> SSAValue:
        """The sums of all lanes."""
        emit = self.emit
        result = emit.constant(0, self.wide)
        for first in range(0, self.lanes, SCALAR_SUMS):
            self.some = range(first, min(first + SCALAR_SUMS, self.lanes))
            for lane, total in zip(self.some, self.all_taps(), strict=True):
                result = emit.op(vector.InsertOp(total, result, [lane]))
        return result

    @override
    def all_taps(self, sets: int = 1) -> Sums:
        return self._rows([self.emit.constant(0, i32)] * len(self.some))

    @override
    def narrow_zeros(self, acc: Sums) -> Sums:
        return ()

    @override
    def widened(self, acc: Sums, narrow: Sums) -> Sums:
        return acc

    @override
    def add_words(self, x: At, w: At, words: int, part: slice, acc: Sums) -> Sums:
        """Look up two pairs of bytes of the pixel and every lane."""
        emit = self.emit
        pixel = emit.load(self.x, self.x_at(x, self.pixel))
        half, low = emit.constant(16, i32), emit.constant(0xFFFF, i32)
        result = []
        for lane, sum_before in zip(self.some, acc, strict=True):
            total = sum_before
            word = emit.load(self.w, (*w, self.start + lane))
            index = emit.binary(arith.OrIOp, word, pixel)
            for pair in (
                emit.binary(arith.AndIOp, index, low),
                emit.binary(arith.ShRUIOp, index, half),
            ):
                where = emit.op(arith.IndexCastOp(pair, INDEX))
                entry = emit.load(self.table, [where])
                if self.entry != i32:
                    entry = emit.op(arith.ExtUIOp(entry, i32))
                total = emit.binary(arith.AddiOp, total, entry)
            result.append(total)
        return result
