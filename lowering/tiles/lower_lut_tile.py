"""The part of `lowbit-lower-tile` for tiles of table lookups."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from xdsl.dialects import arith, vector
from xdsl.dialects.builtin import MemRefType, VectorType, i8, i16
from xdsl.ir import SSAValue
from xdsl.pattern_rewriter import PatternRewriter, RewritePattern, op_type_rewrite_pattern

from lowbit_dialect import simd
from lowbit_dialect.decomposition import Term
from lowbit_dialect.ops.lut_tile import LutSumsOp, LutTileOp
from lowbit_dialect.table_sums import NIBBLE
from lowering.loops.emit import Emit, Index
from lowering.tiles.emitter import emit_before

Sums = Sequence[SSAValue]
"""Accumulators, pixel by pixel."""


class LowerLutTile(RewritePattern):
    """Entries are summed in bytes as long as these hold them, the sums in lanes of 16 bits.

    %both, %upper = lowbit.lut_tile %tables, %w, .. pixels 1 registers 1 count 11 ..
    ->
    %both, %upper = scf.for .. iter_args(%b0, %u0 = 0 ..) {   over kh, kw, indices
      %t = vector.load %tables[..] : vector<64xi8>            a table of each pixel
      %i = vector.load %w[..] : vector<64xi8>                 an index of each channel
      %l = simd.lookup %t, %i
      %s = arith.addi %s0, %l : vector<64xi8>                 a few times; then
      %b = arith.addi %b0, %s : vector<32xi16>
      %u = arith.addi %u0, (%s >> 8) : vector<32xi16>
    }

    The upper bytes stay in the sums of both, from which `lowbit.lut_sums` takes them in the end: an
    operation less than keeping the bytes apart. Planes of the weights are outermost, by descending
    significance, the sums doubled in between.
    """

    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: LutTileOp, rewriter: PatternRewriter) -> None:
        """Rewrite one tile."""
        rewriter.replace(op, [], _Tile(op, emit_before(op)).sums())


class LowerLutSums(RewritePattern):
    """Both bytes' sums less 256 times the upper ones; then pairs of 16 bits are taken apart.

    %s:4 = lowbit.lut_sums %both, %upper ..
    ->
    %l = arith.subi %both, (%upper << 8) : vector<32xi16>
    %s0, %s2 = arith.andi (%l as vector<16xi32>), 65535    arith.shrui ..
    %s1, %s3 = arith.andi (%upper as vector<16xi32>), 65535    arith.shrui ..
    """

    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: LutSumsOp, rewriter: PatternRewriter) -> None:
        """Rewrite one operation."""
        emit, tables = emit_before(op), op.table_sums
        low, _ = tables.sum_elements(1)
        wide = op.sums[0].type
        half = emit.constant(16, wide)
        eight = emit.constant(8, op.both.type)
        lower = emit.binary(arith.SubiOp, op.both, emit.binary(arith.ShLIOp, op.upper, eight))
        ordered: list[SSAValue] = [lower] * 4
        for k, lanes in enumerate((lower, op.upper)):
            words = emit.op(vector.BitcastOp(lanes, wide))
            if low < 0:
                first = emit.binary(arith.ShLIOp, words, half)
                ordered[k] = emit.binary(arith.ShRSIOp, first, half)
                ordered[k + 2] = emit.binary(arith.ShRSIOp, words, half)
            else:
                ordered[k] = emit.binary(arith.AndIOp, words, emit.constant(0xFFFF, wide))
                ordered[k + 2] = emit.binary(arith.ShRUIOp, words, half)
        if tables.is_negative:
            zero = emit.constant(0, wide)
            ordered = [emit.binary(arith.SubiOp, zero, value) for value in ordered]
        rewriter.replace(op, [], ordered)


class _Tile:
    """One tile while it is written."""

    def __init__(self, op: LutTileOp, emit: Emit):
        self.op, self.emit, self.tables = op, emit, op.table_sums
        assert isinstance(op.w.type, MemRefType)
        assert isinstance(op.x.type, MemRefType)
        _, _, self.kh, self.kw, _, lanes = op.w.type.get_shape()
        self.ring, _, _, self.entries = op.x.type.get_shape()
        self.pixels = op.pixels.value.data
        self.registers = op.registers.value.data
        self.register = lanes // self.registers
        self.bytes = VectorType(i8, [self.register])
        self.pairs = VectorType(i16, [self.register // 2])
        self.dilation = [int(d) for d in op.dilation.iter_values()]
        self.shared = op.shared.value.data
        self.tile = self.pixels * self.registers
        self.step, self.count = op.step.value.data, op.count.value.data
        self.row, self.col, self.first, self.w_first, self.block = op.indices
        self.byte_depth = self._byte_depth()

    def _byte_depth(self) -> int:
        """How many of the loops over indices, kw and kh sum entries that a byte holds."""
        steps, depth = 1, 0
        for trips in (self.count, self.kw, self.kh):
            steps *= trips
            if steps > self.tables.byte_steps:
                break
            depth += 1
        return depth

    def sums(self) -> Sums:
        """The sums of the tile, in pairs."""
        emit, terms = self.emit, self.tables.w_terms
        initial = list(self.op.initial)
        start_there = initial and len(terms) == 1 and terms[0].exponent == 0
        zeros = [emit.constant(0, self.pairs)] * (2 * self.tile * self.shared)
        accs: Sums = initial if start_there else zeros
        exponent = terms[0].exponent
        for term in terms:
            accs = self._doubled(accs, exponent - term.exponent)
            exponent = term.exponent
            accs = self._plane(term, accs)
        accs = self._doubled(accs, exponent)
        if initial and not start_there:
            accs = [emit.binary(arith.AddiOp, a, b) for a, b in zip(accs, initial, strict=True)]
        return accs

    def _doubled(self, accs: Sums, times: int) -> Sums:
        for _ in range(times):
            accs = [self.emit.binary(arith.AddiOp, a, a) for a in accs]
        return accs

    def _plane(self, term: Term, accs: Sums) -> Sums:
        """Add the entries of one plane of the weights."""
        subtract = term.sign < 0 and not self.tables.is_negative
        plane = term.w_plane
        return self._in_bytes(3, accs, subtract, lambda accs: self._rows(plane, subtract, accs))

    def _in_bytes(
        self, depth: int, accs: Sums, subtract: bool, body: Callable[[Sums], Sums]
    ) -> Sums:
        """Run the `depth` innermost loops on bytes if they are what a byte holds."""
        return self._flushed(accs, subtract, body) if depth == self.byte_depth else body(accs)

    def _flushed(self, accs: Sums, subtract: bool, body: Callable[[Sums], Sums]) -> Sums:
        """Add what `body` makes of bytes that are zero to the sums of 16 bits."""
        emit, eight = self.emit, self.emit.constant(8, self.pairs)
        kind = arith.SubiOp if subtract else arith.AddiOp
        found = body([emit.constant(0, self.bytes)] * (self.tile * self.shared))
        result = []
        for k, both in enumerate(self._bytes_apart(found)):
            odd = emit.binary(arith.ShRUIOp, both, eight)
            result.append(emit.binary(kind, accs[2 * k], both))
            result.append(emit.binary(kind, accs[2 * k + 1], odd))
        return result

    def _bytes_apart(self, found: Sums) -> Sums:
        """The sums of bytes in pairs; those of two pixels are taken apart where they share bytes.

        With bytes l and h of a pair, and nibbles 0 and 1 of the two pixels, the first sum is
        l0 + 16 l1 and h0 + 16 h1 modulo 256, and the second one, of pairs shifted by a nibble,
        l1 + 16 h0 and h1. So h1 gives h0, that gives l1, and that l0.
        """
        emit = self.emit
        pairs = [emit.op(vector.BitcastOp(sums, self.pairs)) for sums in found]
        if self.shared == 1:
            return pairs
        eight, four = emit.constant(8, self.pairs), emit.constant(NIBBLE, self.pairs)
        low = emit.constant(0xFF, self.pairs)

        def less(whole: SSAValue, part: SSAValue) -> SSAValue:
            moved = emit.binary(arith.ShLIOp, part, four)
            return emit.binary(arith.AndIOp, emit.binary(arith.SubiOp, whole, moved), low)

        first, second = [], []
        for both, upper in zip(pairs[: self.tile], pairs[self.tile :], strict=True):
            h1 = emit.binary(arith.ShRUIOp, upper, eight)
            h0 = less(emit.binary(arith.ShRUIOp, both, eight), h1)
            l1 = less(upper, h0)
            l0 = less(both, l1)
            for pixel, lower, higher in ((first, l0, h0), (second, l1, h1)):
                moved = emit.binary(arith.ShLIOp, higher, eight)
                pixel.append(emit.binary(arith.OrIOp, lower, moved))
        return [*first, *second]

    def _rows(self, plane: int, subtract: bool, accs: Sums) -> Sums:
        def over_kh(kh: Index, accs: Sums) -> Sums:
            return self._in_bytes(
                2, accs, subtract, lambda accs: self._cols(plane, subtract, kh, accs)
            )

        return self.emit.carry(0, self.kh, accs, over_kh)

    def _cols(self, plane: int, subtract: bool, kh: Index, accs: Sums) -> Sums:
        emit = self.emit
        slot = emit.mod(emit.add(self.row, emit.mul(kh, self.dilation[0])), self.ring)

        def over_kw(kw: Index, accs: Sums) -> Sums:
            col = emit.add(self.col, emit.mul(kw, self.dilation[1]))

            def taps(accs: Sums) -> Sums:
                return self._indices((slot, col), (plane, kh, kw), subtract, accs)

            return self._in_bytes(1, accs, subtract, taps)

        return emit.carry(0, self.kw, accs, over_kw)

    def _indices(
        self, at: tuple[Index, Index], tap: tuple[int, Index, Index], subtract: bool, accs: Sums
    ) -> Sums:
        """The indices of a tap, in pieces that a byte holds where not all of them fit."""
        emit = self.emit

        def piece(low: Index, length: int, accs: Sums) -> Sums:
            if self.shared == 1:
                for k in range(length):
                    accs = self._step(at, tap, emit.add(low, k), accs)
                return accs
            for start in range(0, length, self.tables.nibble_steps):
                end = min(length, start + self.tables.nibble_steps)
                accs = self._in_nibbles(
                    at, tap, [emit.add(low, k) for k in range(start, end)], accs
                )
            return accs

        if self.byte_depth:
            longest = min(self.count, MAX_PIECE)
            return self._pieces(longest, piece, accs)
        longest = min(self.tables.byte_steps, self.count)

        def flushed(low: Index, length: int, accs: Sums) -> Sums:
            return self._flushed(accs, subtract, lambda accs: piece(low, length, accs))

        return self._pieces(longest, flushed, accs)

    def _pieces(self, longest: int, body: Callable[[Index, int, Sums], Sums], accs: Sums) -> Sums:
        """Run `body(first, length, accs)` over all indices, in even pieces of at most `longest`.

        A few of them are unrolled together, so that a loop has at most `MAX_PIECE` lookups.
        """
        emit, count = self.emit, self.count
        length = -(-count // -(-count // longest))
        whole, rest = divmod(count, length)
        group = max(1, min(whole, MAX_PIECE // length))
        while whole % group:
            group -= 1

        def run(start: Index, accs: Sums) -> Sums:
            for k in range(group):
                accs = body(emit.add(start, k * length), length, accs)
            return accs

        accs = emit.carry(0, whole * length, accs, run, step=group * length)
        return body(whole * length, rest, accs) if rest else accs

    def _in_nibbles(
        self,
        at: tuple[Index, Index],
        tap: tuple[int, Index, Index],
        indices: Sequence[Index],
        accs: Sums,
    ) -> Sums:
        """Add up what nibbles hold; then the bytes, and the pairs of bytes shifted by a nibble."""
        emit, found = self.emit, None
        for k in indices:
            found = self._step(at, tap, k, found)
        assert found is not None
        four = emit.constant(NIBBLE, self.pairs)
        shifted = []
        for sums in found:
            pairs = emit.op(vector.BitcastOp(sums, self.pairs))
            moved = emit.binary(arith.ShRUIOp, pairs, four)
            shifted.append(emit.op(vector.BitcastOp(moved, self.bytes)))
        new = [*found, *shifted]
        return [emit.binary(arith.AddiOp, a, b) for a, b in zip(accs, new, strict=True)]

    def _step(
        self,
        at: tuple[Index, Index],
        tap: tuple[int, Index, Index],
        k: Index,
        accs: Sums | None,
    ) -> Sums:
        """A table of every pixel, an index of every channel."""
        emit, (slot, col), (plane, kh, kw) = self.emit, at, tap
        index = emit.add(self.w_first, k)
        registers = [
            emit.load_vector(
                self.op.w, (self.block, plane, kh, kw, index, r * self.register), self.bytes
            )
            for r in range(self.registers)
        ]
        table_type = VectorType(i8, [self.entries])
        result = []
        for m in range(self.pixels):
            where = (slot, emit.add(col, m * self.step), emit.add(self.first, k), 0)
            table = emit.load_vector(self.op.x, where, table_type)
            for r in range(self.registers):
                found = emit.op(simd.LookupOp(table, registers[r], in_range=True))
                if accs is not None:
                    found = emit.binary(arith.AddiOp, accs[m * self.registers + r], found)
                result.append(found)
        return result


MAX_PIECE = 16
"""Lookups of a pixel in a row without a loop."""
