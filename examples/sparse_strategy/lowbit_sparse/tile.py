"""The part of `lowbit-lower-tile` for sparse tiles."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce

from typing_extensions import override
from xdsl.dialects import arith, vector
from xdsl.ir import SSAValue
from xdsl.pattern_rewriter import PatternRewriter, RewritePattern, op_type_rewrite_pattern

from lowering.strategies.bitserial.lower_bitserial_tile import PopcountTile
from lowering.tiles.emitter import emit_before
from lowering.tiles.word_tile import At, Sums

from .ops import SparseTileOp

OR = vector.CombiningKindAttr(vector.CombiningKindFlag.OR)


class LowerSparseTile(RewritePattern):
    """The loops of `lowbit.bitserial_tile`, whose popcounts are behind a test of the weights.

    %sums:4 = sparse.tile %x, %w, .. pixels 2 vectors 2 .. test "block"
    ->
    %a:4 = scf.for .. iter_args(%acc = 0 ..) {          over kh, kw, channel words
      %v = vector.load %w[..]                           a word of each lane
      %o = vector.reduction <or>, (%v0 | %v1)
      %p:4 = scf.if (%o != 0) {
        %b = simd.broadcast_load %x[..]                 a word of each pixel
        simd.popcount_acc and %acc, %b, %v
      } else { %acc }
    }
    """

    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: SparseTileOp, rewriter: PatternRewriter) -> None:
        """Rewrite one tile."""
        rewriter.replace(op, [], SparseTile(op, emit_before(op), op.words.value.data).sums())


class SparseTile(PopcountTile):
    """A tile of popcounts that are skipped where the weights are zero."""

    @override
    def add_word(self, x: At, w: At, part: slice, acc: Sums) -> Sums:
        assert isinstance(self.op, SparseTileOp)
        weights, result = self.load_weights(w), list(acc)
        size = self.vectors if self.op.test.data == "block" else 1
        for first in range(0, self.vectors, size):
            tested = weights[first : first + size]
            own = [
                i + v for i in range(0, len(acc), self.vectors) for v in range(first, first + size)
            ]
            added = self.emit.if_(
                self._any_bit(tested),
                [result[i] for i in own],
                lambda acc, tested=tested: self.add_counts(x, tested, part, acc),
            )
            for i, value in zip(own, added, strict=True):
                result[i] = value
        return result

    def _any_bit(self, weights: Sequence[SSAValue]) -> SSAValue:
        """Whether a bit of the weights is 1."""
        bits = reduce(lambda a, b: self.emit.binary(arith.OrIOp, a, b), weights)
        word = self.vector_type.element_type
        found = self.emit.op(
            vector.ReductionOp.create(operands=[bits], result_types=[word], properties={"kind": OR})
        )
        return self.emit.op(arith.CmpiOp(found, self.emit.constant(0, word), "ne"))
