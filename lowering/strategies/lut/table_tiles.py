"""The loops of a contraction by tables of partial sums.

    for strip of columns, a few tiles side by side
      for chunk of channel words
        for row of the image
          build the tables of the input rows that no row before has built
          for channel block
            for tile of pixels in the strip
              %pairs = lowbit.lut_tile ..    plus those of the chunks before
              after the last chunk the epilogue, before it a store

The tables of a strip and chunk lie in a ring of rows on the stack, small enough for the first cache
level. A single row, such as a matrix product is, is split among threads by strips.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil

from typing_extensions import override
from xdsl.dialects import arith, memref
from xdsl.dialects.builtin import MemRefType, VectorType, i8, i16, i32
from xdsl.ir import SSAValue

from lowbit_dialect.codes import affine
from lowbit_dialect.layouts.packed import PackedAttr, packed_layout
from lowbit_dialect.ops.kernel import KernelOp
from lowbit_dialect.ops.lut_tile import BuildTablesOp, LutSumsOp, LutTileOp
from lowbit_dialect.sums.lut import TABLE_WORD, LutSums
from lowering.loops.contraction.tiles import ContractionTiles, schedule_of
from lowering.loops.emit import Index
from lowering.loops.epilogue.epilogue import Epilogue
from lowering.loops.stage import Stage, StageLoops
from lowering.strategies.lut.table_plan import TablePlan, index_bits
from lowering.support.diagnostics import fail
from lowering.targets import Target


def table_loops(op: KernelOp, target: Target) -> StageLoops:
    """The loops of a contraction and its epilogue.

    The pass fails where the target's tables are not those that w was cut for, or where there can be
    none.
    """
    geometry = op.geometry
    w_layout = packed_layout(op.operands[1].type)
    assert w_layout is not None
    bits, wanted = w_layout.index_shape[0], index_bits(target)
    if bits != wanted:
        fail(
            op,
            f"w is cut into indices of {bits} bits; tables of {target.name} take {wanted}",
        )
    plan = table_plan(op, target)
    if plan.why_not is not None:
        fail(op, plan.why_not)
    blocks = geometry.groups * ceil(geometry.oc / geometry.groups / w_layout.lane_block[1])
    rows = geometry.batch * geometry.rows.out
    strip = plan.strip
    extent = rows if rows > 1 else ceil(geometry.cols.out / strip)

    def body(stage: Stage, low: SSAValue, high: SSAValue) -> None:
        tiles = TableTiles(op, stage, Epilogue(op, stage), blocks)
        if rows > 1:
            tiles.all_strips(low, high)
        else:
            tiles.some_strips(low, high)

    return StageLoops(extent, body)


def table_plan(op: KernelOp, target: Target) -> TablePlan:
    """The tables of a kernel with its schedule."""
    schedule, w_layout = schedule_of(op, target), packed_layout(op.operands[1].type)
    assert w_layout is not None
    x, w = map(affine, op.codes)
    sums = LutSums.of(x, w, w_layout.index_shape[0])
    plan = TablePlan(op.geometry, sums, schedule.pixels.data, lanes=w_layout.lane_block[1])
    return plan.with_knobs({name: op.knob(name) for name in op.KNOBS})


@dataclass(frozen=True)
class _Strip:
    """Output columns that are walked together, from `col` on: `tiles` tiles of `pixels` each.

    Where two pixels share the bytes of tables, that is the left half, and the right half begins
    `apart` columns on; of an odd number of columns both halves have the middle one.
    """

    col: Index
    tiles: int
    pixels: int
    apart: int

    @property
    def half(self) -> int:
        """Columns of a half, or of all where no bytes are shared."""
        return self.tiles * self.pixels


class TableTiles(ContractionTiles):
    """The tiles of one contraction by tables."""

    @override
    def place_operands(
        self, op: KernelOp, frame: tuple[int, int, int, int], w_layout: PackedAttr
    ) -> None:
        geometry, rows, cols = self.geometry, self.geometry.rows, self.geometry.cols
        self.plan = plan = table_plan(op, self.stage.target)
        self.height = frame[0] + rows.extent + frame[1]
        width = frame[2] + cols.extent + frame[3]
        words = geometry.groups * self.words
        x_shape = (geometry.batch, self.height, self.x_code.width, words, width)
        x_layout = packed_layout(op.operands[0].type)
        assert x_layout is not None
        self.x = self.stage.memory(op.operands[0], MemRefType(x_layout.word_type, x_shape))
        taps = (self.w_code.width, rows.taps, cols.taps, plan.indices(plan.words), self.lanes)
        self.w = self.stage.memory(op.operands[1], MemRefType(i8, (self.blocks, *taps)))
        self.registers = self.lanes // w_layout.index_shape[1]
        indices = geometry.groups * plan.chunk_indices
        tables = (plan.ring, plan.columns(plan.tiles * plan.pixels), indices, plan.entries)
        self.tables = self._scratch(MemRefType(i8, tables))
        if plan.chunks > 1:
            element = i16 if plan.keeps_pairs else i32
            kept = (plan.segment, self.blocks, plan.strip, self.lanes)
            self.kept = self._scratch(MemRefType(element, kept))

    def _scratch(self, type_: MemRefType) -> SSAValue:
        """Memory on the stack of the thread."""
        alloca = memref.AllocaOp.get(type_.element_type, 64, type_.get_shape())
        return self.stage.emit.at_entry(alloca)

    def all_strips(self, low: SSAValue, high: SSAValue) -> None:
        """Rows low .. high of the output; some at a time where the sums between chunks are kept."""
        emit, plan = self.stage.emit, self.plan
        if plan.chunks == 1:
            self._strips(low, high, 0, self._whole_strips)
            self._rest(low, high)
            return

        def segment(first: Index) -> None:
            end = emit.op(arith.MinUIOp(emit.value(emit.add(first, plan.segment)), high))
            self._strips(first, end, 0, self._whole_strips)
            self._rest(first, end)

        emit.loop(low, high, segment, plan.segment)

    def some_strips(self, low: SSAValue, high: SSAValue) -> None:
        """Strips low .. high of the only row of the output."""
        emit = self.stage.emit
        whole = emit.constant(self._whole_strips)
        if self._whole_strips:
            self._strips(0, 1, low, emit.op(arith.MinUIOp(high, whole)))
        if self._whole_strips * self.plan.strip < self.geometry.cols.out:
            is_last = emit.op(arith.CmpiOp(high, whole, "ugt"))
            emit.when(is_last, lambda: self._rest(0, 1))

    @property
    def _whole_strips(self) -> int:
        return self.geometry.cols.out // self.plan.strip

    def _strips(self, low: Index, high: Index, first: Index, last: Index) -> None:
        """Strips of whole tiles."""
        emit, plan = self.stage.emit, self.plan
        half = plan.tiles * plan.pixels

        def strip(number: Index) -> None:
            col = emit.mul(number, plan.strip)
            self._walk(low, high, _Strip(col, plan.tiles, plan.pixels, half))

        emit.loop(first, last, strip)

    def _rest(self, low: Index, high: Index) -> None:
        """The columns that make no whole strip: one tile of fewer pixels."""
        done = self._whole_strips * self.plan.strip
        rest = self.geometry.cols.out - done
        if rest:
            pixels = ceil(rest / self.plan.shared)
            self._walk(low, high, _Strip(done, 1, pixels, rest - pixels))

    def _walk(self, low: Index, high: Index, strip: _Strip) -> None:
        """A strip, chunk by chunk."""
        emit, plan = self.stage.emit, self.plan
        last = (plan.chunks - 1) * plan.chunk
        if last:
            self._clear(low, high, strip.half * plan.shared)
            emit.loop(
                0,
                last,
                lambda word: self._rows(low, high, strip, (word, plan.chunk), False),
                plan.chunk,
            )
        self._rows(low, high, strip, (last, plan.words - last), True)

    def _rows(
        self,
        low: Index,
        high: Index,
        strip: _Strip,
        chunk: tuple[Index, int],
        is_last: bool,
    ) -> None:
        """All rows of a strip and chunk; the row that tables are built up to is a loop's value."""
        emit, rows, plan = self.stage.emit, self.geometry.rows, self.plan
        left = emit.add(emit.mul(strip.col, self.geometry.cols.stride), self.col_offset)

        def row(job: Index, built: Sequence[SSAValue]) -> Sequence[SSAValue]:
            image, out = emit.div(job, rows.out), emit.mod(job, rows.out)
            above = emit.mul(image, self.height)  # rows are counted through all images
            top = emit.add(emit.mul(out, rows.stride), self.row_offset)
            first = emit.add(above, top)
            end = emit.value(emit.add(first, plan.ring))
            start = emit.op(arith.MaxUIOp(emit.value(first), built[0]))

            def build(r: Index) -> None:
                source = (image, emit.sub(r, above), left)
                self._build(source, chunk, emit.mod(r, plan.ring), strip, is_last)

            emit.loop(start, end, build)
            slot = emit.mod(first, plan.ring)

            def block_body(block: Index) -> None:
                def tile(index: Index) -> None:
                    within = emit.mul(index, strip.pixels)
                    at = (slot, emit.mul(within, self.geometry.cols.stride))
                    kept = (emit.sub(job, low), block, within)
                    position = (image, out, emit.add(strip.col, within))
                    self._tile(at, chunk, position, kept, strip, is_last)

                emit.loop(0, strip.tiles, tile)

            emit.loop(0, self.blocks, block_body)
            return [end]

        emit.for_(low, high, [emit.constant(0)], row)

    def _build(
        self,
        source: tuple[Index, Index, Index],
        chunk: tuple[Index, int],
        slot: Index,
        strip: _Strip,
        is_last: bool,
    ) -> None:
        """The tables of a chunk of a row of the strip, of all groups."""
        emit, plan, (word, words) = self.stage.emit, self.plan, chunk
        channels = words * TABLE_WORD
        if is_last:
            channels = self.geometry.ic // self.geometry.groups - (plan.words - words) * TABLE_WORD

        def group_body(group: Index) -> None:
            first = emit.add(emit.mul(group, plan.words), word)
            to = (slot, emit.mul(group, plan.chunk_indices))
            indices = [emit.value(i) for i in (*source, first, *to)]
            columns = plan.columns(strip.half)
            sharing = (plan.shared, strip.apart * self.geometry.cols.stride * (plan.shared - 1))
            codes = affine(self.x_code), affine(self.w_code)
            emit.op(
                BuildTablesOp.get(self.x, self.tables, indices, columns, channels, sharing, *codes)
            )

        emit.loop(0, self.geometry.groups, group_body)

    def _tile(
        self,
        at: tuple[Index, Index],
        chunk: tuple[Index, int],
        position: tuple[Index, Index, Index],
        kept: tuple[Index, Index, Index],
        strip: _Strip,
        is_last: bool,
    ) -> None:
        """A tile of a chunk for one block of channels."""
        emit, plan, (word, words) = self.stage.emit, self.plan, chunk
        block = kept[1]
        group = emit.div(block, self.blocks_per_group) if self.geometry.groups > 1 else 0
        whole, count = plan.indices(1), plan.indices(words)
        if is_last:
            count = plan.indices(plan.words) - plan.indices(plan.words - words)
        first = emit.mul(group, plan.chunk_indices)
        indices = [emit.value(i) for i in (*at, first, emit.mul(word, whole), block)]
        between = plan.chunks > 1
        tile = LutTileOp.get(
            self.tables,
            self.w,
            indices,
            self._load(kept, strip) if between and plan.keeps_pairs else [],
            strip.pixels,
            self.registers,
            count,
            plan.shared,
            self.geometry.cols.stride,
            (self.geometry.rows.dilation, self.geometry.cols.dilation),
            affine(self.x_code),
            affine(self.w_code),
        )
        emit.op(tile)
        sums: Sequence[SSAValue] = tile.results
        if between and plan.keeps_pairs and not is_last:
            self._store(sums, kept, strip)
            return
        words_summed = plan.words if plan.keeps_pairs else words
        sums = self._widened(sums, plan.elements(words_summed))
        if between and not plan.keeps_pairs:
            before = self._load(kept, strip)
            sums = [emit.binary(arith.AddiOp, a, b) for a, b in zip(before, sums, strict=True)]
            if not is_last:
                self._store(sums, kept, strip)
                return
        image, row, col = position
        count = len(sums) // plan.shared
        for half in range(plan.shared):
            there = (image, row, emit.add(col, half * strip.apart))
            part = sums[half * count : (half + 1) * count]
            self.finish(part, there, block, group, strip.pixels)

    def _widened(self, pairs: Sequence[SSAValue], elements: int) -> list[SSAValue]:
        """Vectors of i32."""
        result: list[SSAValue] = []
        for both, upper in zip(pairs[::2], pairs[1::2], strict=True):
            codes = affine(self.x_code), affine(self.w_code)
            op = LutSumsOp.get(both, upper, elements, *codes)
            self.stage.emit.op(op)
            result += op.results
        return result

    def _kept_places(
        self, kept: tuple[Index, Index, Index], columns: Sequence[int]
    ) -> tuple[VectorType, list[tuple[Index, ...]]]:
        """Type and places of the vectors that are kept of some columns, from (row, block, column).

        Those of the right half of a strip follow those of the left one.
        """
        emit = self.stage.emit
        assert isinstance(self.kept.type, MemRefType)
        parts = self.registers * (2 if self.plan.keeps_pairs else 4)
        lanes = self.lanes // parts
        row, block, first = kept
        places = [
            (row, block, emit.add(first, column), part * lanes)
            for column in columns
            for part in range(parts)
        ]
        return VectorType(self.kept.type.element_type, [lanes]), places

    def _columns(self, strip: _Strip) -> list[int]:
        """The columns of a tile, one after the other half."""
        return [
            half * strip.half + m for half in range(self.plan.shared) for m in range(strip.pixels)
        ]

    def _load(self, kept: tuple[Index, Index, Index], strip: _Strip) -> list[SSAValue]:
        type_, places = self._kept_places(kept, self._columns(strip))
        return [self.stage.emit.load_vector(self.kept, where, type_) for where in places]

    def _store(
        self, sums: Sequence[SSAValue], kept: tuple[Index, Index, Index], strip: _Strip
    ) -> None:
        _, places = self._kept_places(kept, self._columns(strip))
        for value, where in zip(sums, places, strict=True):
            self.stage.emit.store_vector(value, self.kept, where)

    def _clear(self, low: Index, high: Index, outputs: int) -> None:
        """Zero for what is kept of a strip."""
        emit = self.stage.emit

        def clear(row: Index) -> None:
            def block_body(block: Index) -> None:
                def column(col: Index) -> None:
                    type_, places = self._kept_places((emit.sub(row, low), block, col), [0])
                    for where in places:
                        emit.store_vector(emit.constant(0, type_), self.kept, where)

                emit.loop(0, outputs, column)

            emit.loop(0, self.blocks, block_body)

        emit.loop(low, high, clear)
