"""The part of `lowbit-lower-tile` for tiles of table lookups."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from xdsl.dialects import arith, vector
from xdsl.dialects.builtin import MemRefType, VectorType, i8, i16
from xdsl.ir import SSAValue
from xdsl.pattern_rewriter import PatternRewriter, RewritePattern, op_type_rewrite_pattern

from lowbit_dialect import simd
from lowbit_dialect.ops.lut_tile import LutSumsOp, LutTileOp
from lowbit_dialect.sums.bitserial import Term
from lowbit_dialect.sums.lut import NIBBLE
from lowering.loops.emit import Emit, Index
from lowering.targets import Target
from lowering.tiles.emitter import emit_before

Sums = Sequence[SSAValue]
"""Accumulators, pixel by pixel."""

UNLIMITED = 1 << 16
"""More lookups than there ever are."""


@dataclass(frozen=True)
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

    target: Target

    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: LutTileOp, rewriter: PatternRewriter) -> None:
        """Rewrite one tile."""
        rewriter.replace(op, [], _Tile(op, emit_before(op), self.target).sums())


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

    def __init__(self, op: LutTileOp, emit: Emit, target: Target):
        self.op, self.emit, self.tables = op, emit, op.table_sums
        self.shifts_bytes = target.shifts_bytes
        self.order = ORDERS[target.vector_registers] if target.has("neon") else LONG_ORDER
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

        Where bytes were shifted, those of the second pixel are there, and 16 times these, modulo
        256, are what the first ones have too much.
        """
        emit = self.emit
        if self.shared == 2 and self.shifts_bytes:
            four, second = emit.constant(NIBBLE, self.bytes), found[self.tile :]
            moved = [emit.binary(arith.ShLIOp, part, four) for part in second]
            both = zip(found[: self.tile], moved, strict=True)
            found = [*(emit.binary(arith.SubiOp, a, b) for a, b in both), *second]
        pairs = [emit.op(vector.BitcastOp(sums, self.pairs)) for sums in found]
        return pairs if self.shared == 1 or self.shifts_bytes else self._pairs_apart(pairs)

    def _pairs_apart(self, pairs: Sums) -> Sums:
        """The sums of two pixels from pairs of bytes, and from such pairs shifted by a nibble.

        With bytes l and h of a pair, and nibbles 0 and 1 of the two pixels, the first sum is
        l0 + 16 l1 and h0 + 16 h1 modulo 256, and the second one, of pairs shifted by a nibble,
        l1 + 16 h0 and h1. So h1 gives h0, that gives l1, and that l0.
        """
        emit = self.emit
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

        return self.emit.for_(0, self.kh, accs, over_kh)

    def _cols(self, plane: int, subtract: bool, kh: Index, accs: Sums) -> Sums:
        emit = self.emit
        slot = emit.mod(emit.add(self.row, emit.mul(kh, self.dilation[0])), self.ring)

        def over_kw(kw: Index, accs: Sums) -> Sums:
            col = emit.add(self.col, emit.mul(kw, self.dilation[1]))

            def taps(accs: Sums) -> Sums:
                return self._indices((slot, col), (plane, kh, kw), subtract, accs)

            return self._in_bytes(1, accs, subtract, taps)

        return emit.for_(0, self.kw, accs, over_kw)

    def _indices(
        self, at: tuple[Index, Index], tap: tuple[int, Index, Index], subtract: bool, accs: Sums
    ) -> Sums:
        """The indices of a tap, in pieces that a byte holds where not all of them fit."""
        emit = self.emit

        def unrolled(low: Index, length: int, accs: Sums) -> Sums:
            if self.shared == 1:
                for k in range(length):
                    where = emit.add(low, k)
                    accs = self._step(at, where, self._weights(tap, where), accs)
                return accs
            for start in range(0, length, self.tables.nibble_steps):
                end = min(length, start + self.tables.nibble_steps)
                steps = [emit.add(low, k) for k in range(start, end)]
                accs = self._in_nibbles(at, tap, steps, accs)
            return accs

        def summed(low: Index, length: int, accs: Sums) -> Sums:
            if length <= self.order.unrolled:
                return unrolled(low, length, accs)
            return self._pieces(low, length, self._unroll(length), unrolled, accs)

        if self.byte_depth:
            return self._pieces(0, self.count, self._unroll(self.count), unrolled, accs)

        def flushed(low: Index, length: int, accs: Sums) -> Sums:
            return self._flushed(accs, subtract, lambda accs: summed(low, length, accs))

        longest = min(self.tables.byte_steps, self.count)
        return self._pieces(0, self.count, longest, flushed, accs)

    def _unroll(self, count: int) -> int:
        """Indices in a loop's body of those that are summed in bytes: whole nibbles of them."""
        most = min(self.order.piece, self.order.lookups // self.tile)
        if self.shared == 2:
            nibbles = self.tables.nibble_steps
            most = max(1, most // nibbles) * nibbles if self.order.whole_nibbles else most
        return max(1, min(count, most))

    def _pieces(
        self,
        first: Index,
        count: int,
        longest: int,
        body: Callable[[Index, int, Sums], Sums],
        accs: Sums,
    ) -> Sums:
        """Run `body(first, length, accs)` over `count` indices, in pieces of at most `longest`.

        They are even, or whole nibbles. A few of them are unrolled together, so that a loop has at
        most so many lookups of a pixel as the order of the target says.
        """
        emit = self.emit
        length = -(-count // -(-count // longest))
        if self.order.whole_nibbles and longest == self._unroll(count):
            length = longest
        whole, rest = divmod(count, length)
        group = max(1, min(whole, self._unroll(count) // length))
        while whole % group:
            group -= 1

        def run(start: Index, accs: Sums) -> Sums:
            for k in range(group):
                accs = body(emit.add(start, k * length), length, accs)
            return accs

        end = emit.add(first, whole * length)
        accs = emit.for_(first, end, accs, run, step=group * length)
        return body(end, rest, accs) if rest else accs

    def _in_nibbles(
        self,
        at: tuple[Index, Index],
        tap: tuple[int, Index, Index],
        indices: Sequence[Index],
        accs: Sums,
    ) -> Sums:
        """Add up what nibbles hold; then the bytes, and what is left of them without a nibble.

        A few pixels at a time: their entries need fewer registers than those of all.
        """
        emit, weights = self.emit, {}
        lower, upper = list(accs[: self.tile]), list(accs[self.tile :])
        size = self.order.pixels or self.pixels
        for start in range(0, self.pixels, size):
            pixels = range(start, min(self.pixels, start + size))
            found: Sums | None = None
            for k in indices:
                if k not in weights:
                    weights[k] = self._weights(tap, k)
                found = self._step(at, k, weights[k], found, pixels)
            assert found is not None
            shifted = [self._without_nibble(sums) for sums in found]
            for sums, more in ((lower, found), (upper, shifted)):
                for place, value in enumerate(more, start * self.registers):
                    sums[place] = emit.binary(arith.AddiOp, sums[place], value)
        return [*lower, *upper]

    def _without_nibble(self, sums: SSAValue) -> SSAValue:
        """Lanes shifted by a nibble: bytes, or pairs of them where bytes are not shifted."""
        emit = self.emit
        if self.shifts_bytes:
            return emit.binary(arith.ShRUIOp, sums, emit.constant(NIBBLE, self.bytes))
        four = emit.constant(NIBBLE, self.pairs)
        pairs = emit.op(vector.BitcastOp(sums, self.pairs))
        moved = emit.binary(arith.ShRUIOp, pairs, four)
        return emit.op(vector.BitcastOp(moved, self.bytes))

    def _weights(self, tap: tuple[int, Index, Index], k: Index) -> Sequence[SSAValue]:
        """An index of every channel."""
        emit, (plane, kh, kw) = self.emit, tap
        index = emit.add(self.w_first, k)
        return [
            emit.load_vector(
                self.op.w, (self.block, plane, kh, kw, index, r * self.register), self.bytes
            )
            for r in range(self.registers)
        ]

    def _step(
        self,
        at: tuple[Index, Index],
        k: Index,
        weights: Sequence[SSAValue],
        accs: Sums | None,
        pixels: range | None = None,
    ) -> Sums:
        """Entries of a table of every pixel, or of some, by indices of every channel.

        Those of a few pixels are looked up before they are added, so that no addition waits.
        """
        emit, (slot, col) = self.emit, at
        pixels = range(self.pixels) if pixels is None else pixels
        table_type = VectorType(i8, [self.entries])
        result: list[SSAValue] = []
        size = self.order.pixels or 1
        for start in range(0, len(pixels), size):
            found: list[SSAValue] = []
            for m in pixels[start : start + size]:
                where = (slot, emit.add(col, m * self.step), emit.add(self.first, k), 0)
                table = emit.load_vector(self.op.x, where, table_type)
                for index in weights:
                    entry = emit.op(simd.LookupOp(table, index, in_range=True))
                    if accs is not None and not self.order.pixels:
                        before = accs[len(result) + len(found)]
                        entry = emit.binary(arith.AddiOp, before, entry)
                    found.append(entry)
            if accs is not None and self.order.pixels:
                before = accs[len(result) :]
                found = [
                    emit.binary(arith.AddiOp, a, b) for a, b in zip(before, found, strict=False)
                ]
            result += found
        return result


@dataclass(frozen=True)
class LookupOrder:
    """How lookups are ordered and how many of them a loop's body has.

    `pixels` are looked up together, 0: an addition follows each lookup. A body has at most `piece`
    indices and `lookups` of registers; `unrolled` is the longest run that is not broken up where
    its bytes are added to pairs in the same loop.
    """

    pixels: int
    piece: int
    lookups: int
    unrolled: int
    whole_nibbles: bool


ORDERS = {
    16: LookupOrder(pixels=2, piece=4, lookups=8, unrolled=12, whole_nibbles=True),
    32: LookupOrder(pixels=2, piece=4, lookups=28, unrolled=12, whole_nibbles=True),
}
"""By the vector registers of processors that have `neon`: it follows from these capabilities alone
and is no choice between plans."""
LONG_ORDER = LookupOrder(
    pixels=0, piece=16, lookups=UNLIMITED, unrolled=UNLIMITED, whole_nibbles=False
)
"""For processors that find the order themselves."""
