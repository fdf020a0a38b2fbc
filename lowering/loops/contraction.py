"""The loops of a contraction: register tiles over output pixels and channel blocks.

conv and gemm share everything here, and so do the strategies: what differs is the operation that
fills a tile, and the shape of its operands in memory. For every tile the epilogue runs on the
accumulators while they are in registers.

    for row of the image (or for channel block, by the schedule's order)
      for channel block (or for row)
        for tile of pixels in the row
          %sums = lowbit.bitserial_tile ..   or lowbit.dot_tile
          epilogue of %sums, stores
"""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil

import numpy as np
from xdsl.dialects.builtin import MemRefType
from xdsl.ir import SSAValue

from lowbit_dialect.geometry import LAYOUTS, ConvGeometry, Window
from lowbit_dialect.layout import PackedAttr, packed_layout
from lowbit_dialect.level_fields import LevelFields
from lowbit_dialect.level_product import BYTES_PER_WORD, LevelProduct
from lowbit_dialect.ops.base import int_
from lowbit_dialect.ops.bitserial import BitserialGemmOp
from lowbit_dialect.ops.dot_tile import DotTileOp
from lowbit_dialect.ops.kernel import ConvKernelOp, KernelOp
from lowbit_dialect.ops.tile import BitserialTileOp, TileOp
from lowbit_dialect.schedule import ScheduleAttr
from lowering.kernels.default_schedule import default_schedule
from lowering.kernels.kernel_forms import strategy_of
from lowering.kernels.problem import Problem
from lowering.kernels.schedule_space import obstacle
from lowering.kernels.weight_storage import i16_steps, level_fields
from lowering.loops.emit import Index
from lowering.loops.epilogue import Epilogue
from lowering.loops.skipped_taps import SkippedTaps
from lowering.loops.stage import FunctionLowering, Stage
from lowering.loops.tile_site import TileSite
from lowering.opt.diagnostics import fail

SUM_BITS = 32
"""Bits of a lane of sums; those of bit-serial kernels have the width of a word of weights."""


def schedule_of(op: KernelOp, geometry: ConvGeometry, lowering: FunctionLowering) -> ScheduleAttr:
    """The op's schedule, or the default one for the target.

    Raises:
        OpFailedException: the op's own is not possible on the target.
    """
    schedule, strategy = op.properties.get("schedule"), strategy_of(op)
    if not isinstance(schedule, ScheduleAttr):
        return default_schedule(geometry, *op.codes, lowering.target, strategy)
    w_layout = packed_layout(op.operands[1].type)
    assert w_layout is not None, "the op's verifier says so"
    lane_bits = w_layout.word_bits.data if strategy == "bit_serial" else SUM_BITS
    vector_bits = w_layout.lane_block[1] // schedule.vectors.data * lane_bits
    problem = Problem(*op.codes, geometry)
    reason = obstacle(schedule, problem, lowering.target, strategy, vector_bits)
    if reason is not None:
        fail(op, f"schedule: {reason}")
    return schedule


def lower_contraction(
    op: KernelOp, lowering: FunctionLowering, tiles_of: type[Tiles] | None = None
) -> None:
    """Write the stages of a contraction and its epilogue; `tiles_of` fills the tiles."""
    epilogue = Epilogue.of(op, lowering)
    geometry = op.geometry
    w_layout = packed_layout(op.operands[1].type)
    assert w_layout is not None
    blocks = geometry.groups * ceil(geometry.oc / geometry.groups / w_layout.lane_block[1])
    rows = geometry.batch * geometry.rows.out
    by_rows = rows > 1

    def body(stage: Stage, low: SSAValue, high: SSAValue) -> None:
        tiles = (tiles_of or Tiles)(op, stage, epilogue.begin(stage), blocks)
        emit = stage.emit
        if not by_rows:
            emit.loop(low, high, lambda block: tiles.row(0, block))
        elif tiles.schedule.order.data == "rows":
            emit.loop(
                low, high, lambda row: emit.loop(0, blocks, lambda block: tiles.row(row, block))
            )
        else:
            emit.loop(
                0, blocks, lambda block: emit.loop(low, high, lambda row: tiles.row(row, block))
            )

    lowering.stage(op.name.removeprefix("lowbit."), rows if by_rows else blocks, body)
    epilogue.finish()


class Tiles:
    """The tiles of one contraction, and where their operands lie.

    The methods from `place_operands` on are what strategies do differently.
    """

    is_narrow = False
    """Whether sums are made in lanes of i16, each two of which are widened to vectors of i32."""

    def __init__(self, op: KernelOp, stage: Stage, epilogue: Epilogue, blocks: int):
        self.stage, self.epilogue = stage, epilogue
        self.geometry = op.geometry
        self.schedule = schedule_of(op, self.geometry, stage.lowering)
        x_type, w_type = op.operands[0].type, op.operands[1].type
        self.x_code, self.w_code = op.codes
        x_layout, w_layout = packed_layout(x_type), packed_layout(w_type)
        assert x_layout is not None
        assert w_layout is not None
        self.lanes = w_layout.lane_block[1]
        self.blocks_per_group = blocks // self.geometry.groups
        rows, cols = self.geometry.rows, self.geometry.cols
        frame = (0, 0, 0, 0)
        if isinstance(op, ConvKernelOp):
            frame = _spatial_frame(op)
        self.words = ceil(self.geometry.ic / self.geometry.groups / x_layout.elements_per_word)
        self.row_offset = frame[0] - rows.before
        self.col_offset = frame[2] - cols.before
        self.raw_sums = op.raw_sums
        self.skipped = SkippedTaps.of(op, self.schedule, stage.lowering)
        self.unroll, self.cols = self.schedule.unroll.data, cols
        if isinstance(op, BitserialGemmOp):
            # The words of a row of x are the columns of a window that moves by all of them.
            self.cols = Window(cols.extent * self.words, self.words, self.words)
            self.words, self.unroll = 1, 3 if self.unroll else 0
        self.place_operands(op, frame, w_layout)

    def place_operands(
        self, op: KernelOp, frame: tuple[int, int, int, int], w_layout: PackedAttr
    ) -> None:
        """Views of the operands in memory."""
        stage, (rows, cols) = self.stage, (self.geometry.rows, self.cols)
        height, width = frame[0] + rows.extent + frame[1], frame[2] + cols.extent + frame[3]
        words = self.geometry.groups * self.words
        self.w_bits, self.w_holds = w_layout.bits.data, w_layout.bytes.data
        self.word_bytes = w_layout.word_bits.data // 8
        self.is_narrow = bool(self.w_holds) and self.word_bytes < BYTES_PER_WORD
        w_words = ceil(self.words / w_layout.levels_per_byte)
        taps = (rows.taps, cols.taps, w_words, self.lanes)
        blocks = self.blocks_per_group * self.geometry.groups
        if w_layout.bytes.data:
            x_shape = (self.geometry.batch, height, width, words)
            w_shape = (blocks, *taps)
        else:
            x_shape = (self.geometry.batch, height, self.x_code.width, words, width)
            w_shape = (blocks, self.w_code.width, *taps)
        word = w_layout.word_type
        self.x = stage.memory(op.operands[0], MemRefType(word, x_shape))
        self.w = stage.memory(op.operands[1], MemRefType(word, w_shape))

    def row(self, job: Index, block: Index) -> None:
        """All tiles of an output row for one block of channels."""
        for first, end, pixels in self.skipped.tile_runs(self.schedule.pixels.data):
            self.stage.emit.loop(
                first,
                end,
                lambda col, pixels=pixels: self.tile(job, block, col, pixels),
                pixels,
            )

    def tile(self, job: Index, block: Index, col: Index, pixels: int) -> None:
        """One register tile and what becomes of it."""
        emit, rows, cols = self.stage.emit, self.geometry.rows, self.cols
        image, row = emit.div(job, rows.out), emit.mod(job, rows.out)
        group = emit.div(block, self.blocks_per_group) if self.geometry.groups > 1 else 0
        indices = (
            image,
            emit.add(emit.mul(row, rows.stride), self.row_offset),
            emit.add(emit.mul(col, cols.stride), self.col_offset),
            emit.mul(group, self.words),
            block,
            *self.skipped.row_bounds(self.stage, row),
        )
        vectors = self.schedule.vectors.data
        if self.lanes % vectors:
            vectors = 1
        if vectors % 2 and self.is_narrow:
            vectors *= 2  # to which lanes of i16 are widened
        tile = self.tile_op(
            [emit.value(i) for i in indices], col, pixels, vectors, cols.stride, rows.dilation
        )
        emit.op(tile)
        self.finish(tile.results, (image, row, col), block, group, pixels)

    def finish(
        self,
        results: Sequence[SSAValue],
        position: tuple[Index, Index, Index],
        block: Index,
        group: Index,
        pixels: int,
    ) -> None:
        """The epilogue of a tile's sums at (image, row, column)."""
        sums = np.array(results, object).reshape(pixels, -1)
        site = TileSite(
            self.stage,
            self.geometry,
            *position,
            block,
            group,
            self.blocks_per_group,
            self.lanes // sums.shape[1],
            [list(pixel) for pixel in sums],
        )
        self.epilogue.apply(self.skipped.complete(site))

    def tile_op(
        self,
        indices: list[SSAValue],
        col: Index,
        pixels: int,
        vectors: int,
        step: int,
        row_dilation: int,
    ) -> TileOp:
        """The operation that fills a tile."""
        dilation, unroll = (row_dilation, self.cols.dilation), self.unroll
        padding = self.skipped.padding(col, pixels)
        if any(padding):  # seldom run, and in several parts: shorter code
            unroll = max(0, unroll - 1)
        arguments = (self.x, self.w, indices, pixels, vectors, step, dilation, padding, unroll)
        codes = (self.x_code, self.w_code)
        if not isinstance(self.raw_sums, LevelProduct):
            return BitserialTileOp.get(*arguments, *codes)
        target = self.stage.target
        if self.w_bits == 8:
            fields = LevelFields(self.raw_sums.w, 8, places=int(self.w_holds == "levels"))
        else:
            tile = (pixels, vectors)
            fields = level_fields(self.raw_sums, self.w_bits, self.geometry, tile, target)
        product, size = self.raw_sums.of_fields(fields), self.word_bytes
        steps = i16_steps(product, target)
        if size < BYTES_PER_WORD:
            steps = product.i16_words(size, unsigned=bool(fields.places))
        return DotTileOp.get(
            *arguments,
            *codes,
            w_bits=int_(self.w_bits),
            w_exponent=int_(fields.exponent),
            places=int_(fields.places),
            x_words=int_(self.words if self.w_bits < 8 else 0),
            i16_steps=int_(steps),
            x_run=int_(target.vector_bits // 8 // size if target.dot_form.by_lane else 1),
            digit_words=int_(product.digit_words if size == 2 else 0),
        )


def _spatial_frame(op: ConvKernelOp) -> tuple[int, int, int, int]:
    """Frame of x: (top, bottom, left, right)."""
    layout = packed_layout(op.x.type)
    assert layout is not None
    _, h, w, _ = LAYOUTS[op.layout.data]
    return (*layout.frame_of(h), *layout.frame_of(w))
