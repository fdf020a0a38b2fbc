"""The part of `lowbit-lower-tile` for bit-serial tiles: reduction loops over popcounts."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from typing_extensions import override
from xdsl.dialects import arith, vector
from xdsl.dialects.builtin import (
    DenseArrayBase,
    IntegerType,
    MemRefType,
    VectorType,
    i16,
    i32,
    i64,
)
from xdsl.ir import SSAValue
from xdsl.pattern_rewriter import PatternRewriter, RewritePattern, op_type_rewrite_pattern

from lowbit_dialect import simd
from lowbit_dialect.ops.tile import BitserialTileOp, PopcountTileOp
from lowbit_dialect.sums.bitserial import BitserialSums, Term
from lowbit_dialect.sums.i16_accumulation import (
    INT16_MIN,
    NARROW_BITS,
    NARROW_SUMS,
    Segment,
    fits_i16,
    segments,
)
from lowering.loops.emit import Emit, Index
from lowering.tiles.emitter import emit_before
from lowering.tiles.word_tile import At, Sums, WordTile


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

    Lanes of 16 bits count modulo 2^16, and upwards only, for which there are instructions: where
    the sign changes, the accumulators do. Where they cannot hold the sums of all planes, those of
    each segment (`i16_accumulation`) are widened and added up in lanes of i32.
    """

    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: BitserialTileOp, rewriter: PatternRewriter) -> None:
        """Rewrite one tile."""
        assert isinstance(op.w.type, MemRefType)
        is_narrow = op.w.type.element_type == i16
        tile_of = _NarrowTile if is_narrow else PopcountTile
        tile = tile_of(op, emit_before(op), op.words.value.data)
        rewriter.replace(op, [], tile.sums())


class _PlaneTile(WordTile):
    """Sums of popcounts of a pair of planes after the other."""

    op: PopcountTileOp

    def __init__(self, op: PopcountTileOp, emit: Emit, together: int, narrow_steps: int = 0):
        super().__init__(op, emit, narrow_steps, together=together)
        self.columns = together if self.words == 1 else 1
        assert isinstance(op.w.type, MemRefType)
        word = op.w.type.element_type
        assert isinstance(word, IntegerType)
        self.vector_type = VectorType(word, [self.lanes])
        self.planes: tuple[Index, Index] = (0, 0)
        self.counts_down = False

    def add_planes(self, terms: Sequence[Term], acc: Sums) -> Sums:
        """Add terms of one significance and sign: x plane ascending, w plane descending.

        A run of neighbours becomes a loop, so that wide codes do not multiply the code.
        """
        for run in _runs(terms):
            total = run[0].x_plane + run[0].w_plane

            def over_planes(p: Index, acc: Sums, total: int = total) -> Sums:
                self.planes = p, self.emit.sub(total, p)
                return self._rows(acc)

            acc = self.emit.for_(run[0].x_plane, run[-1].x_plane + 1, acc, over_planes)
        return acc

    @override
    def add_words(self, x: At, w: At, words: int, part: slice, acc: Sums) -> Sums:
        """Words of the pixels of some results against as many words of every lane."""
        for k in range(words):
            at = (*x[:-1], self.emit.add(x[-1], k))
            acc = self.add_word(at, (*w[:-1], self.emit.add(w[-1], k)), part, acc)
        return acc

    def add_word(self, x: At, w: At, part: slice, acc: Sums) -> Sums:
        """One word of the pixels of some results against one word of every lane."""
        return self.add_counts(x, self.load_weights(w), part, acc)

    def load_weights(self, w: At) -> list[SSAValue]:
        """The word of every lane at a tap, in the plane of `planes`, vector by vector."""
        return [
            self.emit.load_vector(
                self.w, (w[0], self.planes[1], *w[1:], v * self.lanes), self.vector_type
            )
            for v in range(self.vectors)
        ]

    def add_counts(self, x: At, weights: Sequence[SSAValue], part: slice, acc: Sums) -> Sums:
        """Add the popcounts of a word of the pixels of some results and of vectors of weights.

        `acc` are the sums of those vectors, pixel by pixel.
        """
        emit, combine = self.emit, simd.Combine(self.op.decomposition.combine)
        (image, row, start, word), x_plane = x, self.planes[0]
        result: list[SSAValue] = []
        for m in range(part.start // self.vectors, part.stop // self.vectors):
            col = emit.add(start, m * self.step)
            indices = [emit.value(i) for i in (image, row, x_plane, word, col)]
            pixel = emit.op(simd.BroadcastLoadOp(self.x, indices, self.vector_type))
            for weight in weights:
                total = acc[len(result)]
                count = simd.PopcountAccOp(total, pixel, weight, combine, self.counts_down)
                result.append(emit.op(count))
        return result

    def _doubled(self, acc: Sums, times: int) -> Sums:
        for _ in range(times):
            acc = [self.emit.binary(arith.AddiOp, a, a) for a in acc]
        return acc


class PopcountTile(_PlaneTile):
    """A tile whose lanes hold every sum."""

    def sums(self) -> Sums:
        """The sums of the tile as vectors of i32."""
        decomposition: BitserialSums = self.op.decomposition
        zero = self.emit.constant(0, self.vector_type)
        acc: Sums = [zero] * (self.pixels * self.vectors)
        exponent, acc_sign = decomposition.terms[0].exponent, 1
        for (next_exponent, sign), group in groupby(
            decomposition.terms, key=lambda term: (term.exponent, term.sign)
        ):
            acc = self._doubled(acc, exponent - next_exponent)
            if self._counts_up and sign != acc_sign:
                acc, acc_sign = self._negated(acc), sign
            exponent, self.counts_down = next_exponent, sign != acc_sign
            acc = self.add_planes(list(group), acc)
        acc = self._doubled(acc, exponent)
        return [self._as_i32(a) for a in (acc if acc_sign > 0 else self._negated(acc))]

    @property
    def _counts_up(self) -> bool:
        """Whether the accumulators change their sign rather than subtract.

        Of `acc - p - q` LLVM makes `acc - (p + q)`. Where all columns of taps stand in one body, as
        they do where some are skipped, that keeps every count of the body alive, and spills.
        """
        return len(self.op.column_runs) > 1

    def _negated(self, acc: Sums) -> Sums:
        zero = self.emit.constant(0, self.vector_type)
        return [self.emit.binary(arith.SubiOp, zero, a) for a in acc]

    def _as_i32(self, value: SSAValue) -> SSAValue:
        if value.type == self.wide:
            return value
        return self.emit.op(simd.TruncIOp(value, self.wide))

    @override
    def narrow_zeros(self, acc: Sums) -> Sums:
        return acc

    @override
    def widened(self, acc: Sums, narrow: Sums) -> Sums:
        return narrow


class _NarrowTile(_PlaneTile):
    """A tile in lanes of 16 bits, which hold `sign` times a sum, modulo 2^16."""

    def __init__(self, op: PopcountTileOp, emit: Emit, together: int):
        # A step counts to 16, the bits of a lane.
        super().__init__(op, emit, together, (NARROW_SUMS - 1) // NARROW_BITS)
        self.taps = NARROW_BITS * self.kh * self.kw * self.words
        self.sign, self.range = 1, (0, 0)

    def sums(self) -> Sums:
        """The sums of the tile as vectors of i16 or i32."""
        decomposition, count = self.op.decomposition, self.pixels * self.vectors
        total: Sums = [self.emit.constant(0, self.wide)] * count
        if self.narrow_depth < 3:
            return self._halves(self._sums_of_parts(decomposition, total))
        found, last = segments(decomposition, self.taps), decomposition.terms[-1].exponent
        if fits_i16(decomposition.raw_range(self.taps)):
            return self._doubled(self._signed(self._segment(found[0], count)), last)
        exponent = found[0].exponent
        for segment in found:
            total = self._doubled(total, exponent - segment.exponent)
            exponent, narrow = segment.exponent, self._segment(segment, count)
            self.range = segment.low, segment.high
            total = self.widened(total, narrow)
        return self._halves(self._doubled(total, last))

    def _sums_of_parts(self, decomposition: BitserialSums, total: Sums) -> Sums:
        """The sums over more taps than narrow lanes count, widened after parts of these."""
        exponent = decomposition.terms[0].exponent
        for term in decomposition.terms:
            total = self._doubled(total, exponent - term.exponent)
            exponent, self.sign = term.exponent, term.sign
            self.range = (0, NARROW_SUMS - 1) if term.sign > 0 else (1 - NARROW_SUMS, 0)
            total = self.add_planes([term], total)
        return self._doubled(total, exponent)

    def _segment(self, segment: Segment, count: int) -> Sums:
        """The sum of a segment in narrow lanes."""
        acc: Sums = [self.emit.constant(0, self.vector_type)] * count
        exponent, self.sign = segment.groups[0][0].exponent, segment.groups[0][0].sign
        for group in segment.groups:
            acc = self._doubled(acc, exponent - group[0].exponent)
            if group[0].sign != self.sign:
                acc = self._less(0, acc)
            exponent, self.sign = group[0].exponent, group[0].sign
            acc = self.add_planes(group, acc)
        return acc

    def _less(self, number: int, acc: Sums) -> Sums:
        """A number less each sum."""
        value = self.emit.constant((number - INT16_MIN) % NARROW_SUMS + INT16_MIN, self.vector_type)
        return [self.emit.binary(arith.SubiOp, value, a) for a in acc]

    def _signed(self, acc: Sums) -> Sums:
        """The sums from narrow lanes."""
        return acc if self.sign > 0 else self._less(0, acc)

    @override
    def narrow_zeros(self, acc: Sums) -> Sums:
        return [self.emit.constant(0, self.vector_type)] * len(acc)

    @override
    def widened(self, acc: Sums, narrow: Sums) -> Sums:
        """Lanes are read as the numbers of `range`, of which there are 2^16 at most."""
        emit, low = self.emit, self.range[0]
        if fits_i16(self.range):
            parts = [emit.op(simd.ExtSIOp(a, self.wide)) for a in self._signed(narrow)]
        else:
            # What they are above the least one.
            above = narrow if self.sign > 0 and not low else self._above(low, narrow)
            parts = [emit.op(simd.ExtUIOp(a, self.wide)) for a in above]
            acc = [emit.binary(arith.AddiOp, a, emit.constant(low, self.wide)) for a in acc]
        return [emit.binary(arith.AddiOp, a, b) for a, b in zip(acc, parts, strict=True)]

    def _above(self, low: int, narrow: Sums) -> Sums:
        """Sums less the least one."""
        if self.sign < 0:
            return self._less(-low, narrow)
        return self._less(0, self._less(low, narrow))

    def _halves(self, sums: Sums) -> Sums:
        """Vectors of i32 as two each, the lower lanes first."""
        if self.lanes == 1:
            return sums
        half, halves = self.lanes // 2, []
        for value in sums:
            for start in (0, half):
                order = DenseArrayBase.from_list(i64, range(start, start + half))
                part = VectorType(i32, [half])
                halves.append(self.emit.op(vector.ShuffleOp(value, value, order, result_type=part)))
        return halves


def _runs(terms: Sequence[Term]) -> list[list[Term]]:
    """Split terms of ascending x plane into runs of neighbours."""
    runs: list[list[Term]] = []
    for term in terms:
        if runs and runs[-1][-1].x_plane + 1 == term.x_plane:
            runs[-1].append(term)
        else:
            runs.append([term])
    return runs
