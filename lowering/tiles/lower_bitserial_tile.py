"""The part of `lowbit-lower-tile` for bit-serial tiles: reduction loops over popcounts."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from xdsl.dialects import arith
from xdsl.dialects.builtin import IntegerType, MemRefType, VectorType, i32
from xdsl.ir import SSAValue
from xdsl.pattern_rewriter import PatternRewriter, RewritePattern, op_type_rewrite_pattern

from lowbit_dialect import simd
from lowbit_dialect.decomposition import Decomposition, Term
from lowbit_dialect.ops.tile import BitserialTileOp
from lowering.loops.emit import Emit, Index
from lowering.tiles.emitter import emit_before


class LowerBitserialTile(RewritePattern):
    """Planes outermost in descending significance, accumulators doubled in between (Horner).

    One set of accumulators serves any number of bits, and the cost is that of the binary kernel
    times the number of pairs of planes.

    %sums:4 = lowbit.bitserial_tile %x, %w, .. pixels 2 vectors 2 ..
    ->
    %a:4 = scf.for .. iter_args(%acc = 0 ..) {        over kh, kw, channel words
      %b = simd.broadcast_load %x[..]                 a word of each pixel
      %v = vector.load %w[..]                         a word of each lane
      %p = simd.popcount_acc and %acc, %b, %v
    }
    %d:4 = arith.addi %a, %a                          next significance
    """

    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: BitserialTileOp, rewriter: PatternRewriter) -> None:
        sums = _Tile(op, emit_before(op)).sums()
        rewriter.replace(op, [], sums)


class _Tile:
    """One tile while it is written."""

    def __init__(self, op: BitserialTileOp, emit: Emit):
        self.op, self.emit = op, emit
        assert isinstance(op.x.type, MemRefType)
        assert isinstance(op.w.type, MemRefType)
        word = op.w.type.element_type
        assert isinstance(word, IntegerType)
        _, _, self.kh, self.kw, self.words, lanes = op.w.type.get_shape()
        self.pixels, self.vectors = op.pixels.value.data, op.vectors.value.data
        self.lanes = lanes // self.vectors
        self.vector_type = VectorType(word, [self.lanes])
        self.dilation = [int(d) for d in op.dilation.iter_values()]
        self.step = op.step.value.data
        self.unroll = op.unroll.value.data
        self.image, self.row, self.col, self.word, self.block = op.indices[:5]

    def sums(self) -> Sequence[SSAValue]:
        """The sums of the tile as vectors of i32."""
        decomposition: Decomposition = self.op.decomposition
        zero = self.emit.constant(0, self.vector_type)
        acc: Sequence[SSAValue] = [zero] * (self.pixels * self.vectors)
        exponent = decomposition.terms[0].exponent
        for (next_exponent, sign), group in groupby(
            decomposition.terms, key=lambda term: (term.exponent, term.sign)
        ):
            for _ in range(exponent - next_exponent):
                acc = [self.emit.binary(arith.AddiOp, a, a) for a in acc]
            exponent = next_exponent
            acc = self._planes(list(group), sign, acc)
        for _ in range(exponent):
            acc = [self.emit.binary(arith.AddiOp, a, a) for a in acc]
        return [self._narrow(a) for a in acc]

    def _narrow(self, value: SSAValue) -> SSAValue:
        narrow = VectorType(i32, [self.lanes])
        if value.type == narrow:
            return value
        return self.emit.op(simd.TruncIOp(value, narrow))

    def _planes(self, terms: list[Term], sign: int, acc: Sequence[SSAValue]) -> Sequence[SSAValue]:
        """Add the terms of one significance and sign: x plane ascending, w plane descending.

        A run of neighbours becomes a loop, so that wide codes do not multiply the code.
        """
        for run in _runs(terms):
            total = run[0].x_plane + run[0].w_plane
            acc = self.emit.carry(
                run[0].x_plane,
                run[-1].x_plane + 1,
                acc,
                lambda p, acc, total=total: self._taps(p, self.emit.sub(total, p), sign, acc),
            )
        return acc

    def _taps(
        self, x_plane: Index, w_plane: Index, sign: int, acc: Sequence[SSAValue]
    ) -> Sequence[SSAValue]:
        """Add one pair of planes over kh, kw and channel words."""
        emit = self.emit

        def over_kh(kh: Index, acc: Sequence[SSAValue]) -> Sequence[SSAValue]:
            row = emit.add(self.row, emit.mul(kh, self.dilation[0]))
            acc = list(acc)
            for low, high, part in self.op.column_runs:

                def over_kw(
                    kw: Index, acc: Sequence[SSAValue], part: slice = part
                ) -> Sequence[SSAValue]:
                    col = emit.add(self.col, emit.mul(kw, self.dilation[1]))

                    def over_words(c: Index, acc: Sequence[SSAValue]) -> Sequence[SSAValue]:
                        x = (self.image, row, x_plane, emit.add(self.word, c), col)
                        return self._step(x, (self.block, w_plane, kh, kw, c), sign, part, acc)

                    return emit.carry(0, self.words, acc, over_words, unroll=self.unroll > 0)

                acc[part] = emit.carry(low, high, acc[part], over_kw, unroll=self.unroll > 1)
            return acc

        low, high = self.op.kernel_rows or (0, self.kh)
        return emit.carry(low, high, acc, over_kh, unroll=self.unroll > 2)

    def _step(
        self,
        x: tuple[Index, ...],
        w: tuple[Index, ...],
        sign: int,
        part: slice,
        acc: Sequence[SSAValue],
    ) -> Sequence[SSAValue]:
        """One word of the pixels of some results against one word of every lane."""
        emit, combine = self.emit, simd.Combine(self.op.decomposition.combine)
        weights = [
            emit.load_vector(self.op.w, (*w, v * self.lanes), self.vector_type)
            for v in range(self.vectors)
        ]
        result = []
        for start in range(part.start, part.stop, self.vectors):
            col = emit.add(x[4], start // self.vectors * self.step)
            indices = [emit.value(i) for i in (*x[:4], col)]
            pixel = emit.op(simd.BroadcastLoadOp(self.op.x, indices, self.vector_type))
            for weight in weights:
                total = acc[len(result)]
                count = simd.PopcountAccOp(total, pixel, weight, combine, subtract=sign < 0)
                result.append(emit.op(count))
        return result


def _runs(terms: list[Term]) -> list[list[Term]]:
    """Split terms of ascending x plane into runs of neighbours."""
    runs: list[list[Term]] = []
    for term in terms:
        if runs and runs[-1][-1].x_plane + 1 == term.x_plane:
            runs[-1].append(term)
        else:
            runs.append([term])
    return runs
