"""The part of `lowbit-lower-tile` for tiles of byte dot products."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from xdsl.dialects import arith, vector
from xdsl.dialects.builtin import IntegerType, MemRefType, VectorType, i32
from xdsl.ir import SSAValue
from xdsl.pattern_rewriter import PatternRewriter, RewritePattern, op_type_rewrite_pattern

from lowbit_dialect import simd
from lowbit_dialect.ops.tile import DotTileOp
from lowering.loops.emit import Emit, Index
from lowering.tiles.emitter import emit_before

Sums = Sequence[SSAValue]
"""Accumulators, pixel by pixel."""


class LowerDotTile(RewritePattern):
    """Dot products of four bytes of every pixel and every lane, summed in i32.

    %sums:4 = lowbit.dot_tile %x, %w, .. pixels 2 vectors 2 ..
    ->
    %a:4 = scf.for .. iter_args(%acc = 0 ..) {        over kh, kw, channel words
      %b = simd.broadcast_load %x[..]                 four bytes of each pixel
      %v = vector.load %w[..]                         four bytes of each lane
      %p = simd.dot_acc %acc, %b, %v
    }

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
        _, self.kh, self.kw, self.words, lanes = op.w.type.get_shape()
        self.pixels, self.vectors = op.pixels.value.data, op.vectors.value.data
        self.lanes = lanes // self.vectors
        self.wide = VectorType(i32, [self.lanes])
        self.narrow = VectorType(IntegerType(16), [2 * self.lanes])
        self.dilation = [int(d) for d in op.dilation.iter_values()]
        self.step = op.step.value.data
        self.unroll = op.unroll.value.data
        self.image, self.row, self.col, self.word, self.block = op.indices[:5]
        self.product = op.product
        self.i16_depth, self.chunk = self._i16_part(op.i16_steps.value.data)

    def _i16_part(self, limit: int) -> tuple[int, int]:
        """How many of the innermost loops i16 holds, or else a divisor of the words that it holds.

        (0, chunk) sums `chunk` words at a time; (0, 0) none.
        """
        steps, depth = 1, 0
        for trips in (self.words, self.kw, self.kh):
            steps *= trips
            if steps > limit:
                break
            depth += 1
        if depth or not limit:
            return depth, 0
        return 0, max(d for d in range(1, limit + 1) if self.words % d == 0)

    def sums(self) -> Sums:
        """The sums of the tile as vectors of i32."""
        zero = self.emit.constant(0, self.wide)
        acc = self._in_i16(3, [zero] * (self.pixels * self.vectors), self._rows)
        if self.product.step == 2:
            acc = [self.emit.binary(arith.AddiOp, a, a) for a in acc]
        return acc

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

            acc[part] = self.emit.carry(low, high, acc[part], over_kw, unroll=self.unroll > 1)
        return acc

    def _words(self, kh: Index, kw: Index, part: slice, acc: Sums) -> Sums:
        emit = self.emit
        row = emit.add(self.row, emit.mul(kh, self.dilation[0]))
        col = emit.add(self.col, emit.mul(kw, self.dilation[1]))

        def over(low: Index, high: Index, acc: Sums) -> Sums:
            def step(c: Index, acc: Sums) -> Sums:
                x = (self.image, row, col, emit.add(self.word, c))
                return self._step(x, (self.block, kh, kw, c), part, acc)

            return emit.carry(low, high, acc, step, unroll=self.unroll > 0)

        def over_chunk(start: Index, acc: Sums) -> Sums:
            end = emit.add(start, self.chunk)
            return self._widened(acc, lambda acc: over(start, end, acc))

        if self.chunk:
            return emit.carry(0, self.words, acc, over_chunk, self.chunk, unroll=self.unroll > 0)
        return over(0, self.words, acc)

    def _step(self, x: tuple[Index, ...], w: tuple[Index, ...], part: slice, acc: Sums) -> Sums:
        """Four bytes of the pixels of some results against four bytes of every lane."""
        emit, type_ = self.emit, acc[0].type
        weights = [
            self._as(type_, emit.load_vector(self.op.w, (*w, v * self.lanes), self.wide))
            for v in range(self.vectors)
        ]
        result, safe = [], self.product.i16_steps > 0
        for start in range(part.start, part.stop, self.vectors):
            where = (*x[:2], emit.add(x[2], start // self.vectors * self.step), x[3])
            indices = [emit.value(i) for i in where]
            pixel = emit.op(simd.BroadcastLoadOp(self.op.x, indices, self.wide))
            pixel = self._as(type_, pixel)
            for weight in weights:
                total = acc[len(result)]
                result.append(emit.op(simd.DotAccOp(total, pixel, weight, safe)))
        return result

    def _as(self, type_, value: SSAValue) -> SSAValue:
        """The words as the accumulators' lanes."""
        return value if value.type == type_ else self.emit.op(vector.BitcastOp(value, type_))
