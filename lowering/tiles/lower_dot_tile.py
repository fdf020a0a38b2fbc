"""The part of `lowbit-lower-tile` for tiles of byte dot products."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import reduce
from math import ceil

from xdsl.dialects import arith, vector
from xdsl.dialects.builtin import IntegerType, MemRefType, VectorType, i8, i32
from xdsl.ir import SSAValue
from xdsl.pattern_rewriter import PatternRewriter, RewritePattern, op_type_rewrite_pattern

from lowbit_dialect import simd
from lowbit_dialect.level_fields import BYTE_ONES
from lowbit_dialect.ops.tile import DotTileOp
from lowering.loops.emit import Emit, Index
from lowering.tiles.emitter import emit_before
from lowering.tiles.level_sum import level_sum

Sums = Sequence[SSAValue]
"""Accumulators, pixel by pixel, those of all sets side by side."""

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

    With `i16_steps` the loops that this many steps hold, or as large a part of the innermost one,
    sum in twice as many lanes of i16; pairs of these are added to the i32 sums after them.
    """

    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: DotTileOp, rewriter: PatternRewriter) -> None:
        """Rewrite one tile."""
        rewriter.replace(op, [], _Tile(op, emit_before(op)).sums())


class _Tile:
    """One tile while it is written."""

    def __init__(self, op: DotTileOp, emit: Emit):
        self.op, self.emit = op, emit
        assert isinstance(op.w.type, MemRefType)
        _, self.kh, self.kw, self.w_words, lanes = op.w.type.get_shape()
        self.words, self.per_word = op.words, op.levels_per_byte
        self.pixels, self.vectors = op.pixels.value.data, op.vectors.value.data
        places = max(1, op.places.value.data)
        chains = ceil(MIN_CHAINS / (self.pixels * self.vectors * places))
        self.sets = places * min(chains, ceil(self.words / places))
        self.lanes = lanes // self.vectors
        self.wide = VectorType(i32, [self.lanes])
        self.narrow = VectorType(IntegerType(16), [2 * self.lanes])
        self.bytes = VectorType(i8, [4 * self.lanes])
        self.dilation = [int(d) for d in op.dilation.iter_values()]
        self.step = op.step.value.data
        self.unroll = op.unroll.value.data
        self.image, self.row, self.col, self.word, self.block = op.indices[:5]
        self.product = op.product
        self.i16_depth, self.chunk = self._i16_part(op.i16_steps.value.data)

    def _i16_part(self, limit: int) -> tuple[int, int]:
        """How many of the innermost loops i16 holds, or else how many words of w it holds.

        (0, chunk) sums `chunk` words at a time, a divisor of those that are full; (0, 0) none.
        """
        steps, depth = 1, 0
        for trips in (self.words, self.kw, self.kh):
            steps *= trips
            if steps > limit:
                break
            depth += 1
        full, limit = self.words // self.per_word, limit // self.per_word
        if depth or not limit or not full:
            return depth, 0
        return 0, max(d for d in range(1, limit + 1) if full % d == 0)

    def sums(self) -> Sums:
        """The sums of the tile as vectors of i32."""
        zero = self.emit.constant(0, self.wide)
        count = self.pixels * self.vectors
        acc = self._in_i16(3, [zero] * (self.sets * count), self._rows)
        sets = [acc[i :: self.sets] for i in range(self.sets)]
        total = self._of_places(sets) if self.op.fields.places else self._total(sets)
        exponent = self.product.exponent - (self.product.step == 2)
        if exponent < 0:
            return self._added(total, total)
        return self._shifted(total, exponent)

    def _total(self, sets: Sequence[Sums]) -> Sums:
        return reduce(self._added, sets)

    def _of_places(self, sets: Sequence[Sums]) -> Sums:
        """The sums of products with the values of w from those with the levels in each place."""
        emit, fields = self.emit, self.op.fields
        places = [
            self._shifted(self._total(sets[place :: fields.places]), fields.bits * place)
            for place in range(fields.places)
        ]
        total = self._total(places)
        if fields.step == 2:
            total = self._added(total, total)
        if fields.lowest == 0:
            return total
        lowest = emit.constant(fields.lowest, self.wide)
        sums = [level_sum(self.op, emit, m, self.wide) for m in range(self.pixels)]
        offsets = [emit.binary(arith.MuliOp, s, lowest) for s in sums]
        return self._added(total, [o for o in offsets for _ in range(self.vectors)])

    def _shifted(self, sums: Sums, bits: int) -> Sums:
        """The sums divided by a power of two that divides them."""
        if not bits:
            return sums
        shift = self.emit.constant(bits, self.wide)
        return [self.emit.binary(arith.ShRSIOp, a, shift) for a in sums]

    def _added(self, a: Sums, b: Sums) -> Sums:
        return [self.emit.binary(arith.AddiOp, x, y) for x, y in zip(a, b, strict=True)]

    def _in_i16(self, depth: int, acc: Sums, body: Callable[[Sums], Sums]) -> Sums:
        """Run the `depth` innermost loops on lanes of i16 if they are what these hold."""
        if depth != self.i16_depth:
            return body(acc)
        return self._widened(acc, body)

    def _widened(self, acc: Sums, body: Callable[[Sums], Sums]) -> Sums:
        """Add what `body` makes of zeros in lanes of i16, each lane of i32 the sum of two."""
        emit, half = self.emit, self.emit.constant(16, self.wide)
        narrow = body([emit.constant(0, self.narrow)] * len(acc))
        result = []
        for total, sums in zip(acc, narrow, strict=True):
            both = emit.op(vector.BitcastOp(sums, self.wide))
            low = emit.binary(arith.ShRSIOp, emit.binary(arith.ShLIOp, both, half), half)
            high = emit.binary(arith.ShRSIOp, both, half)
            pairs = emit.binary(arith.AddiOp, low, high)
            result.append(emit.binary(arith.AddiOp, total, pairs))
        return result

    def _rows(self, acc: Sums) -> Sums:
        def over_kh(kh: Index, acc: Sums) -> Sums:
            return self._in_i16(2, acc, lambda acc: self._cols(kh, acc))

        low, high = self.op.kernel_rows or (0, self.kh)
        return self.emit.carry(low, high, acc, over_kh, unroll=self.unroll > 2)

    def _cols(self, kh: Index, acc: Sums) -> Sums:
        acc = list(acc)
        for low, high, part in self.op.column_runs:

            def over_kw(kw: Index, acc: Sums, part: slice = part) -> Sums:
                return self._in_i16(1, acc, lambda acc: self._words(kh, kw, part, acc))

            of_part = slice(part.start * self.sets, part.stop * self.sets)
            acc[of_part] = self.emit.carry(low, high, acc[of_part], over_kw, unroll=self.unroll > 1)
        return acc

    def _words(self, kh: Index, kw: Index, part: slice, acc: Sums) -> Sums:
        """Add the words of a tap: those of w that are full, then what the last one holds."""
        emit = self.emit
        row = emit.add(self.row, emit.mul(kh, self.dilation[0]))
        col = emit.add(self.col, emit.mul(kw, self.dilation[1]))
        full, rest = divmod(self.words, self.per_word)
        together = ceil(self.sets / self.per_word)

        def word(c: Index, acc: Sums, steps: int, used: int = 0) -> Sums:
            """Multiply `steps` words of x with a word of w; `used` were before in this body."""
            x = (self.image, row, col, emit.add(self.word, emit.mul(c, self.per_word)))
            return self._word(x, (self.block, kh, kw, c), range(used, used + steps), part, acc)

        def some(c: Index, acc: Sums) -> Sums:
            for i in range(together):
                acc = word(emit.add(c, i), acc, self.per_word, i * self.per_word)
            return acc

        def over(low: Index, count: int, acc: Sums) -> Sums:
            whole = count // together * together
            middle, high = emit.add(low, whole), emit.add(low, count)
            unroll = self.unroll > 0
            acc = emit.carry(low, middle, acc, some, together, unroll) if whole else acc
            if whole == count:
                return acc
            return emit.carry(
                middle, high, acc, lambda c, acc: word(c, acc, self.per_word), unroll=unroll
            )

        def over_chunk(start: Index, acc: Sums) -> Sums:
            return self._widened(acc, lambda acc: over(start, self.chunk, acc))

        if not self.chunk:
            acc = over(0, full, acc)
            return word(full, acc, rest) if rest else acc
        acc = emit.carry(0, full, acc, over_chunk, self.chunk, unroll=self.unroll > 0)
        return self._widened(acc, lambda acc: word(full, acc, rest)) if rest else acc

    def _word(
        self, x: tuple[Index, ...], w: tuple[Index, ...], steps: range, part: slice, acc: Sums
    ) -> Sums:
        """A word of every lane against as many words of some pixels as it has bytes for."""
        emit, result = self.emit, list(acc)
        words = [
            emit.load_vector(self.op.w, (*w, v * self.lanes), self.wide)
            for v in range(self.vectors)
        ]
        type_, safe = acc[0].type, self.product.i16_steps > 0
        pixels = range(part.start // self.vectors, part.stop // self.vectors)
        for s, step in enumerate(steps):
            weights = [self._as(type_, self._bytes(word, s)) for word in words]
            at = step % self.sets
            for m in pixels:
                where = (*x[:2], emit.add(x[2], m * self.step), emit.add(x[3], s))
                indices = [emit.value(i) for i in where]
                pixel = emit.op(simd.BroadcastLoadOp(self.op.x, indices, self.wide))
                pixel = self._as(type_, pixel)
                for weight in weights:
                    result[at] = emit.op(simd.DotAccOp(result[at], pixel, weight, safe))
                    at += self.sets
        return result

    def _bytes(self, word: SSAValue, field: int) -> SSAValue:
        """The bytes of weights of a field of levels, or the word where it holds bytes."""
        if self.per_word == 1:
            return word
        emit, fields = self.emit, self.op.fields
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
