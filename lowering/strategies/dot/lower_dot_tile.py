"""The part of `lowbit-lower-tile` for tiles of byte dot products."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from math import ceil

from typing_extensions import override
from xdsl.dialects import arith, vector
from xdsl.dialects.builtin import IntegerType, VectorType, i8
from xdsl.ir import SSAValue
from xdsl.pattern_rewriter import PatternRewriter, RewritePattern, op_type_rewrite_pattern

from lowbit_dialect import simd
from lowbit_dialect.ops.dot_tile import DotTileOp
from lowbit_dialect.sums.dot import BYTES_PER_WORD
from lowbit_dialect.sums.level_fields import BYTE_ONES
from lowering.loops.emit import Emit
from lowering.strategies.dot.finished_sums import added, finished, shifted, with_lowest
from lowering.strategies.dot.narrow_dot_tile import NarrowDotTile
from lowering.strategies.dot.spread_words import SpreadWords
from lowering.tiles.emitter import emit_before
from lowering.tiles.word_tile import At, Sums, WordTile

MIN_CHAINS = 8
"""Accumulators that keep two units of a latency of four cycles busy."""


class LowerDotTile(RewritePattern):
    """Dot products of four bytes of every pixel and every lane, summed in i32.

    %sums:4 = lowbit.dot_tile %x, %w, .. pixels 2 vectors 2 ..
    ->
    %a:4 = scf.for .. iter_args(%acc = 0 ..) {        over kh, kw, channel words
      %b = simd.broadcast_load %x[..]                 four bytes of each pixel
      %v = vector.load %w[..]                         four bytes of each lane
      %p = simd.dot_acc %acc, %b, %v
    }

    Words of w that hold levels of few bits are made bytes as they are needed, by a shift, a mask
    and an exclusive or (or an addition) for each word of x, see `level_fields`:

      %v = vector.load %w[..]                         levels of four words of bytes, 2 bits each
      %s = arith.shrui %v, 4
      %m = arith.andi %s, 0x0c0c0c0c
      %b = arith.xori %m, 0x80808080
      %p = simd.dot_acc %acc, %x, %b

    With `places` the exclusive or is left out, and all shifts but that for every so many levels.
    The sums of each place are shifted back at the end, and get that of x times the lowest weight.

    A tile of few accumulators has several sets of them, which steps use in turn, so that no step
    waits for the one before.

    Words of one or two bytes are for `NarrowDotTile`.

    With `i16_steps` the loops that this many steps hold, or as large a part of the innermost one,
    sum in twice as many lanes of i16; pairs of these are added to the i32 sums after them.
    """

    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: DotTileOp, rewriter: PatternRewriter) -> None:
        """Rewrite one tile."""
        tile = _Tile if op.word_bytes == BYTES_PER_WORD else NarrowDotTile
        rewriter.replace(op, [], tile(op, emit_before(op)).sums())


class _Tile(WordTile):
    """A tile of words of four bytes, while it is written."""

    def __init__(self, op: DotTileOp, emit: Emit):
        pixels, vectors = op.pixels.value.data, op.vectors.value.data
        places = max(1, op.places.value.data)
        chains = ceil(MIN_CHAINS / (pixels * vectors * places))
        self.sets = places * min(chains, ceil(op.words / places))
        self.run = op.x_run.value.data if op.levels_per_byte == 1 else 1
        self.rest_at_once = self.run > 1
        together = ceil(ceil(self.sets / op.levels_per_byte) / self.run) * self.run
        super().__init__(
            *(op, emit, op.i16_steps.value.data, op.words, op.levels_per_byte, together)
        )
        self.tile, self.product = op, op.product
        self.narrow = VectorType(IntegerType(16), [2 * self.lanes])
        self.bytes = VectorType(i8, [4 * self.lanes])

    @override
    def x_at(self, x: At, pixel: int, word: int = 0) -> list[SSAValue]:
        if not self.tile.has_column_words:
            return super().x_at(x, pixel, word)
        emit = self.emit
        column = emit.add(x[2], pixel * self.step + word * BYTES_PER_WORD)
        column = emit.add(column, emit.mul(x[3], BYTES_PER_WORD))
        return [emit.value(i) for i in (*x[:2], column, 0)]

    def sums(self) -> Sums:
        """The sums of the tile as vectors of i32."""
        acc = self.all_taps(self.sets)
        sets = [acc[i :: self.sets] for i in range(self.sets)]
        total = self._of_places(sets) if self.tile.fields.places else self._total(sets)
        return finished(self.tile, self.emit, total)

    def _total(self, sets: Sequence[Sums]) -> Sums:
        return reduce(lambda a, b: added(self.emit, a, b), sets)

    def _of_places(self, sets: Sequence[Sums]) -> Sums:
        """The sums of products with the values of w from those with the levels in each place."""
        emit, fields = self.emit, self.tile.fields
        places = [
            shifted(emit, self._total(sets[place :: fields.places]), fields.bits * place)
            for place in range(fields.places)
        ]
        return with_lowest(self.tile, emit, self._total(places))

    @override
    def narrow_zeros(self, acc: Sums) -> Sums:
        return [self.emit.constant(0, self.narrow)] * len(acc)

    @override
    def widened(self, acc: Sums, narrow: Sums) -> Sums:
        """Each lane of i32 gets the sum of two."""
        emit, half = self.emit, self.emit.constant(16, self.wide)
        result = []
        for total, sums in zip(acc, narrow, strict=True):
            both = emit.op(vector.BitcastOp(sums, self.wide))
            low = emit.binary(arith.ShRSIOp, emit.binary(arith.ShLIOp, both, half), half)
            high = emit.binary(arith.ShRSIOp, both, half)
            pairs = emit.binary(arith.AddiOp, low, high)
            result.append(emit.binary(arith.AddiOp, total, pairs))
        return result

    @override
    def add_words(self, x: At, w: At, words: int, part: slice, acc: Sums) -> Sums:
        """Each word of every lane against as many words of some pixels as it has bytes for."""
        emit, result = self.emit, list(acc)
        spread = SpreadWords(self, x, words, self.run, self.wide)
        type_, safe = acc[0].type, self.product.i16_steps > 0
        small, unsigned = self.product.fits_signed, self.tile.has_unsigned_weights
        pixels = range(part.start // self.vectors, part.stop // self.vectors)
        for first in range(0, words, self.per_word):
            where = (*w[:3], emit.add(w[3], first // self.per_word))
            loaded = [
                emit.load_vector(self.w, (*where, v * self.lanes), self.wide)
                for v in range(self.vectors)
            ]
            for step in range(first, min(words, first + self.per_word)):
                weights = [self._as(type_, self._bytes(word, step - first)) for word in loaded]
                at = step % self.sets
                for m in pixels:
                    pixel = self._as(type_, spread.word(m, step))
                    for weight in weights:
                        dot = simd.DotAccOp(result[at], pixel, weight, safe, small, unsigned)
                        result[at] = emit.op(dot)
                        at += self.sets
        return result

    def _bytes(self, word: SSAValue, field: int) -> SSAValue:
        """The bytes of weights of a field of levels, or the word where it holds bytes."""
        if self.per_word == 1:
            return word
        emit, fields = self.emit, self.tile.fields
        word = self._masked(self._moved(word, fields.left_shift(field)), fields.mask(field))
        lowest = fields.lowest & 0xFF
        if fields.places or not lowest:
            return word
        if fields.is_exclusive_or:
            ends = emit.constant(_signed(BYTE_ONES * lowest), self.wide)
            return emit.binary(arith.XOrIOp, word, ends)
        ends = emit.constant(fields.lowest, self.bytes)
        return emit.binary(arith.AddiOp, self._as(self.bytes, word), ends)

    def _moved(self, word: SSAValue, left: int) -> SSAValue:
        """The word shifted to the left, or to the right where that is negative."""
        if not left:
            return word
        shift = self.emit.constant(abs(left), self.wide)
        return self.emit.binary(arith.ShLIOp if left > 0 else arith.ShRUIOp, word, shift)

    def _masked(self, word: SSAValue, mask: int) -> SSAValue:
        """Some bits of each byte of the word."""
        bits = self.emit.constant(_signed(BYTE_ONES * mask), self.wide)
        return self.emit.binary(arith.AndIOp, word, bits)

    def _as(self, type_, value: SSAValue) -> SSAValue:
        """The words as the accumulators' lanes."""
        return value if value.type == type_ else self.emit.op(vector.BitcastOp(value, type_))


def _signed(word: int) -> int:
    """A word of 32 bits as i32."""
    return word - (1 << 32) if word >> 31 else word
