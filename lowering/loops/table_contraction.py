"""The loops of a contraction by tables of partial sums, around those of `contraction`.

    for row of the image
      build the tables of the input rows that no row before has built
      for tile of pixels in the row
        for chunk of table indices, as many as the first cache level holds
          for channel block
            %sums = lowbit.lut_tile ..   plus those of the chunks before
            after the last chunk the epilogue, before it a store

The tables of a row are kept for all rows that read it, in a ring on the stack: every thread has its
own. A single row, such as a matrix product is, builds those of a tile at a time.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import ceil

from typing_extensions import override
from xdsl.dialects import arith, memref
from xdsl.dialects.builtin import MemRefType, VectorType, i8, i32
from xdsl.ir import SSAValue

from lowbit_dialect.layout import PackedAttr, packed_layout
from lowbit_dialect.ops.base import int_
from lowbit_dialect.ops.kernel import KernelOp
from lowbit_dialect.ops.lut_tile import BuildTablesOp, LutTileOp
from lowering.kernels.table_plan import plan_tables
from lowering.loops.contraction import Tiles, schedule_of
from lowering.loops.emit import Index
from lowering.loops.epilogue import Epilogue
from lowering.loops.stage import FunctionLowering, Stage


def lower_table_contraction(op: KernelOp, lowering: FunctionLowering) -> None:
    """Write the stages of a contraction and its epilogue."""
    epilogue = Epilogue.of(op, lowering)
    geometry = op.geometry
    w_layout = packed_layout(op.operands[1].type)
    assert w_layout is not None
    blocks = geometry.groups * ceil(geometry.oc / geometry.groups / w_layout.lane_block[1])
    rows = geometry.batch * geometry.rows.out
    pixels = schedule_of(op, geometry, lowering).pixels.data
    extent = rows if rows > 1 else ceil(geometry.cols.out / pixels)

    def body(stage: Stage, low: SSAValue, high: SSAValue) -> None:
        tiles = TableTiles(op, stage, epilogue.begin(stage), blocks)
        if rows > 1:
            tiles.rows(low, high)
        else:
            tiles.single_row(low, high)

    lowering.stage(op.name.removeprefix("lowbit."), extent, body)
    epilogue.finish()


class TableTiles(Tiles):
    """The tiles of one contraction by tables."""

    @override
    def place_operands(
        self, op: KernelOp, frame: tuple[int, int, int, int], w_layout: PackedAttr
    ) -> None:
        geometry, rows, cols = self.geometry, self.geometry.rows, self.geometry.cols
        self.plan = plan_tables(
            self.x_code, self.w_code, geometry, self.stage.target, self.schedule.pixels.data
        )
        self.height = frame[0] + rows.extent + frame[1]
        width = frame[2] + cols.extent + frame[3]
        words = geometry.groups * self.words
        x_shape = (geometry.batch, self.height, self.x_code.width, words, width)
        x_layout = packed_layout(op.operands[0].type)
        assert x_layout is not None
        self.x = self.stage.memory(op.operands[0], MemRefType(x_layout.word_type, x_shape))
        indices = self.plan.indices
        taps = (self.w_code.width, rows.taps, cols.taps, indices, self.lanes)
        blocks = self.blocks_per_group * geometry.groups
        self.w = self.stage.memory(op.operands[1], MemRefType(i8, (blocks, *taps)))
        self.row_indices = geometry.groups * indices
        tables = (self.plan.ring, self.plan.columns, self.row_indices, self.plan.entries)
        self.tables = self._scratch(MemRefType(i8, tables))
        self.chunked = self.plan.chunk < indices
        if self.chunked:
            parked = (blocks, self.schedule.pixels.data, self.lanes)
            self.parked = self._scratch(MemRefType(i32, parked))

    def _scratch(self, type_: MemRefType) -> SSAValue:
        """Memory on the stack of the thread."""
        return self.stage.emit.at_entry(
            memref.AllocaOp.get(type_.element_type, 64, type_.get_shape())
        )

    def rows(self, low: SSAValue, high: SSAValue) -> None:
        """Rows low .. high of the output; the rows of tables that are built are a loop's value."""
        emit, rows = self.stage.emit, self.geometry.rows

        def row(job: Index, built: Sequence[SSAValue]) -> Sequence[SSAValue]:
            image, out = emit.div(job, rows.out), emit.mod(job, rows.out)
            top = emit.add(emit.mul(out, rows.stride), self.row_offset)
            # Rows are counted through all images.
            first = emit.add(emit.mul(image, self.height), top)
            start = emit.op(arith.MaxSIOp(emit.value(first), built[0]))
            end = emit.value(emit.add(first, self.plan.ring))
            emit.loop(
                start,
                end,
                lambda r: self._build_row(
                    image, emit.sub(r, emit.mul(image, self.height)), emit.mod(r, self.plan.ring)
                ),
            )
            slot = emit.mod(first, self.plan.ring)
            step, out_cols = self.schedule.pixels.data, self.geometry.cols.out
            whole = out_cols // step * step

            def tile(col: Index, pixels: int) -> None:
                left = emit.mul(col, self.geometry.cols.stride)
                self._tile((image, out, col), (slot, left), pixels)

            emit.loop(0, whole, lambda col: tile(col, step), step)
            if whole < out_cols:
                tile(whole, out_cols - whole)
            return [end]

        emit.carry(low, high, [emit.constant(0)], row)

    def single_row(self, low: SSAValue, high: SSAValue) -> None:
        """Tiles low .. high of the only row of the output; the last one may be shorter."""
        emit, step = self.stage.emit, self.schedule.pixels.data
        out = self.geometry.cols.out
        whole, rest = divmod(out, step)

        def tile(index: Index, pixels: int) -> None:
            col = emit.mul(index, step)
            left = emit.add(emit.mul(col, self.geometry.cols.stride), self.col_offset)
            cols = self.geometry.cols
            columns = (pixels - 1) * cols.stride + (cols.taps - 1) * cols.dilation + 1
            for r in range(self.plan.ring):
                self._build((0, self.row_offset + r, left), (r, 0), columns)
            self._tile((0, 0, col), (0, 0), pixels)

        if whole:
            end = emit.op(arith.MinUIOp(high, emit.constant(whole)))
            emit.loop(low, end, lambda index: tile(index, step))
        if rest:
            last = emit.op(arith.CmpiOp(high, emit.constant(whole), "ugt"))
            emit.when(last, lambda: tile(whole, rest))

    def _build_row(self, image: Index, row: Index, slot: Index) -> None:
        """The tables of all columns that the padding reaches."""
        self._build((image, row, self.col_offset), (slot, 0), self.plan.columns)

    def _build(
        self, source: tuple[Index, Index, Index], target: tuple[Index, Index], columns: int
    ) -> None:
        emit, channels = self.stage.emit, self.geometry.ic // self.geometry.groups
        indices = [emit.value(i) for i in (*source, *target)]
        codes = (self.x_code, self.w_code)
        emit.op(BuildTablesOp.get(self.x, self.tables, indices, columns, channels, *codes))

    def _tile(
        self, position: tuple[Index, Index, Index], at: tuple[Index, Index], pixels: int
    ) -> None:
        """All channels of a tile of pixels at (image, row, column), its tables from `at` on."""
        emit, plan = self.stage.emit, self.plan
        blocks = self.blocks_per_group * self.geometry.groups

        def over_blocks(start: Index, count: int, each: Callable[[Index, list[SSAValue]], None]):
            def block_body(block: Index) -> None:
                sums = self._lookups(at, start, count, block, pixels)
                each(block, sums)

            emit.loop(0, blocks, block_body)

        def store(block: Index, sums: list[SSAValue]) -> None:
            for k, (where, total) in enumerate(self._parked(block, sums)):
                emit.store_vector(total, self.parked, where)

        def finish(block: Index, sums: list[SSAValue]) -> None:
            if self.chunked:
                sums = [total for _, total in self._parked(block, sums)]
            group = emit.div(block, self.blocks_per_group) if self.geometry.groups > 1 else 0
            self.finish(sums, position, block, group, pixels)

        last = (plan.indices - 1) // plan.chunk * plan.chunk
        if self.chunked:
            self._clear_parked(blocks, pixels)
            emit.loop(0, last, lambda start: over_blocks(start, plan.chunk, store), plan.chunk)
        over_blocks(last, plan.indices - last, finish)

    def _lookups(
        self, at: tuple[Index, Index], start: Index, count: int, block: Index, pixels: int
    ) -> list[SSAValue]:
        """The sums of `count` indices a tap for one block of channels."""
        emit, geometry = self.stage.emit, self.geometry
        group = emit.div(block, self.blocks_per_group) if geometry.groups > 1 else 0
        first = emit.add(emit.mul(group, self.plan.indices), start)
        vectors = self.schedule.vectors.data
        tile = LutTileOp.get(
            self.tables,
            self.w,
            [emit.value(i) for i in (*at, first, start, block)],
            pixels,
            vectors,
            geometry.cols.stride,
            (geometry.rows.dilation, geometry.cols.dilation),
            self.schedule.unroll.data,
            self.x_code,
            self.w_code,
            count=int_(count),
        )
        emit.op(tile)
        return list(tile.results)

    def _parked_places(self, block: Index, count: int) -> list[tuple[Index, ...]]:
        vectors = self.schedule.vectors.data
        lanes = self.lanes // vectors
        return [(block, k // vectors, k % vectors * lanes) for k in range(count)]

    def _parked(
        self, block: Index, sums: list[SSAValue]
    ) -> list[tuple[tuple[Index, ...], SSAValue]]:
        """Where the sums of a block lie between chunks, and they plus what lies there."""
        emit, result = self.stage.emit, []
        for where, value in zip(self._parked_places(block, len(sums)), sums, strict=True):
            assert isinstance(value.type, VectorType)
            before = emit.load_vector(self.parked, where, value.type)
            result.append((where, emit.binary(arith.AddiOp, before, value)))
        return result

    def _clear_parked(self, blocks: int, pixels: int) -> None:
        emit, vectors = self.stage.emit, self.schedule.vectors.data
        zero = emit.constant(0, VectorType(i32, [self.lanes // vectors]))

        def clear(block: Index) -> None:
            for where in self._parked_places(block, pixels * vectors):
                emit.store_vector(zero, self.parked, where)

        emit.loop(0, blocks, clear)
