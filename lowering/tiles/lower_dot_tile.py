"""The part of `lowbit-lower-tile` for tiles of byte dot products."""

from __future__ import annotations

from typing_extensions import override
from xdsl.dialects import arith, vector
from xdsl.dialects.builtin import IntegerType, VectorType
from xdsl.ir import Attribute, SSAValue
from xdsl.pattern_rewriter import PatternRewriter, RewritePattern, op_type_rewrite_pattern

from lowbit_dialect import simd
from lowbit_dialect.ops.tile import DotTileOp
from lowering.loops.emit import Emit, Index
from lowering.tiles.emitter import emit_before
from lowering.tiles.word_tile import Sums, WordTile


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


class _Tile(WordTile):
    """One tile while it is written."""

    def __init__(self, op: DotTileOp, emit: Emit):
        super().__init__(op, emit, op.i16_steps.value.data)
        self.narrow = VectorType(IntegerType(16), [2 * self.lanes])
        self.product = op.product

    def sums(self) -> Sums:
        """The sums of the tile as vectors of i32."""
        acc = self.all_taps()
        if self.product.step == 2:
            acc = [self.emit.binary(arith.AddiOp, a, a) for a in acc]
        return acc

    @override
    def narrow_zeros(self, acc: Sums) -> Sums:
        return [self.emit.constant(0, self.narrow)] * len(acc)

    @override
    def widened(self, acc: Sums, narrow: Sums) -> Sums:
        """Each lane of i32 is the sum of two of i16."""
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
    def add_words(self, x: tuple[Index, ...], w: tuple[Index, ...], part: slice, acc: Sums) -> Sums:
        """Four bytes of the pixels of some results against four bytes of every lane."""
        emit, type_ = self.emit, acc[0].type
        weights = [
            self._as(type_, emit.load_vector(self.w, (*w, v * self.lanes), self.wide))
            for v in range(self.vectors)
        ]
        result, safe = [], self.product.i16_steps > 0
        for m in range(part.start // self.vectors, part.stop // self.vectors):
            pixel = emit.op(simd.BroadcastLoadOp(self.x, self.pixel_at(x, m), self.wide))
            pixel = self._as(type_, pixel)
            for weight in weights:
                total = acc[len(result)]
                result.append(emit.op(simd.DotAccOp(total, pixel, weight, safe)))
        return result

    def _as(self, type_: Attribute, value: SSAValue) -> SSAValue:
        """The words as the accumulators' lanes."""
        return value if value.type == type_ else self.emit.op(vector.BitcastOp(value, type_))
