"""Tiles of words of one or two bytes, multiplied and summed in lanes of i16."""

from __future__ import annotations

from collections.abc import Iterator
from math import ceil

from typing_extensions import override
from xdsl.dialects import arith, vector
from xdsl.dialects.builtin import DenseArrayBase, IntegerType, VectorType, i8, i64
from xdsl.ir import SSAValue

from lowbit_dialect import simd
from lowbit_dialect.ops.dot_tile import DotTileOp
from lowbit_dialect.simd import Sign
from lowering.loops.emit import Emit
from lowering.strategies.dot.finished_sums import finished, with_lowest
from lowering.strategies.dot.narrow_dot_cost import BODY_WORDS
from lowering.strategies.dot.spread_words import SpreadWords
from lowering.tiles.word_tile import At, Sums, WordTile

DIGIT = 8
"""Bits below the digit of a product that is a sum of products."""


class NarrowDotTile(WordTile):
    """Products of words of every pixel and every lane, summed in i16 and then in i32.

    %sums:4 = lowbit.dot_tile %x, %w, .. pixels 1 vectors 4 ..     words of i16
    ->
    %a:2 = scf.for .. iter_args(%acc = 0 ..) {      over kh, kw, channel words, x_run at a time
      %b = vector.load %x[..]                       eight words of each pixel
      %v = vector.load %w[..]                       a word of each lane
      %p = simd.mul_acc signed 0, %v, (vector.shuffle %b [0, 0, ..])
      .. so many words as `digit_words` says, added up
      %q = simd.round_shift_acc %acc, %p by 8       what the high byte holds
    }
    %s = arith.addi %sum, (simd.extsi %a)           each half

    With words of i8 a step is `simd.mul_acc` of bytes to i16, eight lanes at a time. Where i16
    holds fewer steps than a body has, the body adds to i32 as often as it must.
    """

    rest_at_once = True

    def __init__(self, op: DotTileOp, emit: Emit):
        self.run, self.steps = op.x_run.value.data, op.i16_steps.value.data
        self.widens_in_body = self.steps < BODY_WORDS
        narrow_steps = 0 if self.widens_in_body else self.steps
        super().__init__(op, emit, narrow_steps, together=BODY_WORDS)
        self.tile, self.is_digits = op, op.word_bytes == 2
        self.digit_words = op.digit_words.value.data
        self.sign = Sign.UNSIGNED if op.has_unsigned_weights else Sign.SIGNED
        self.narrow = VectorType(IntegerType(16), [2 * self.lanes])
        self.spread = self.narrow if self.is_digits else VectorType(i8, [2 * self.lanes])

    def sums(self) -> Sums:
        """The sums of the tile as vectors of i32."""
        total = self.all_taps()
        if self.tile.has_unsigned_weights:
            total = with_lowest(self.tile, self.emit, total)
        return finished(self.tile, self.emit, total)

    @override
    def chunk_of(self, words: int, limit: int) -> int:
        """Chunks of about the same size, of whole bodies."""
        even = ceil(words / ceil(words / limit))
        return min(ceil(even / self.together), limit // self.together) * self.together

    @override
    def narrow_zeros(self, acc: Sums) -> Sums:
        return [self.emit.constant(0, self.narrow)] * (len(acc) // 2)

    @override
    def widened(self, acc: Sums, narrow: Sums) -> Sums:
        """Each half of a narrow vector is added to a wide one."""
        emit, result = self.emit, []
        extend = simd.ExtSIOp if self.sign is Sign.SIGNED else simd.ExtUIOp
        for place, total in enumerate(acc):
            half = self._half(narrow[place // 2], place % 2)
            result.append(emit.binary(arith.AddiOp, total, emit.op(extend(half, self.wide))))
        return result

    @override
    def add_words(self, x: At, w: At, words: int, part: slice, acc: Sums) -> Sums:
        body = _Body(self, SpreadWords(self, x, words, self.run, self.spread), w, part, words)
        if not self.widens_in_body:
            return body.added(range(words), acc)
        for steps in _pieces(range(words), self.steps):
            acc = self.widened(acc, body.added(steps, self.narrow_zeros(acc)))
        return acc

    def weights(self, w: At, step: int) -> list[SSAValue]:
        """The words of the lanes, those that a vector of i16 is for in each."""
        emit, vectors = self.emit, self.vectors // 2
        where = (*w[:3], emit.add(w[3], step))
        lanes, together = 2 * self.lanes, 1
        if not self.is_digits and vectors % 2 == 0:
            together = 2  # a full register of bytes, the halves of which are multiplied
        element = self.spread.element_type
        result = []
        for v in range(0, vectors, together):
            type_ = VectorType(element, [lanes * together])
            loaded = emit.load_vector(self.w, (*where, v * lanes), type_)
            result += [self._half(loaded, h) for h in range(2)] if together == 2 else [loaded]
        return result

    def _half(self, value: SSAValue, half: int) -> SSAValue:
        """The lower or the upper lanes of a vector."""
        assert isinstance(value.type, VectorType)
        lanes = value.type.get_shape()[0] // 2
        order = DenseArrayBase.from_list(i64, range(half * lanes, (half + 1) * lanes))
        type_ = VectorType(value.type.element_type, [lanes])
        return self.emit.op(vector.ShuffleOp(value, value, order, result_type=type_))


class _Body:
    """The steps of a body: words of x from a place on, and those of w."""

    def __init__(self, tile: NarrowDotTile, spread: SpreadWords, w: At, part: slice, words: int):
        self.tile, self.spread, self.w, self.words = tile, spread, w, words
        self.pixels = range(part.start // tile.vectors, part.stop // tile.vectors)
        self._next: tuple[int, list[SSAValue]] = (-1, [])

    def added(self, steps: range, acc: Sums) -> Sums:
        """The sums in i16 with some steps added."""
        if not self.tile.is_digits:
            return self._products(steps, acc)
        for piece in _pieces(steps, self.tile.digit_words):
            zeros = [self.tile.emit.constant(0, self.tile.narrow)] * len(acc)
            products = self._products(piece, zeros)
            acc = [
                self.tile.emit.op(simd.RoundShiftAccOp(total, product, DIGIT))
                for total, product in zip(acc, products, strict=True)
            ]
        return acc

    def _products(self, steps: range, acc: Sums) -> Sums:
        """The products of some steps, added to `acc`."""
        emit, sign, result = self.tile.emit, self.tile.sign, list(acc)
        for step in steps:
            weights, at = self._weights(step), 0
            for m in self.pixels:
                pixel = self.spread.word(m, step)
                for weight in weights:
                    result[at] = emit.op(simd.MulAccOp(sign, result[at], weight, pixel))
                    at += 1
        return result

    def _weights(self, step: int) -> list[SSAValue]:
        """Those of a step, while those of the next one are on their way from memory."""
        found, weights = self._next
        if found != step:
            weights = self.tile.weights(self.w, step)
        if step + 1 < self.words:
            self._next = (step + 1, self.tile.weights(self.w, step + 1))
        return weights


def _pieces(steps: range, limit: int) -> Iterator[range]:
    """Parts of about the same size, no longer than the limit."""
    size = ceil(len(steps) / ceil(len(steps) / limit))
    for first in range(steps.start, steps.stop, size):
        yield range(first, min(steps.stop, first + size))
