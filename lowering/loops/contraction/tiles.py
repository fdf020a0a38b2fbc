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

from abc import ABC, abstractmethod
from collections.abc import Sequence
from math import ceil

import numpy as np
from typing_extensions import override
from xdsl.dialects.builtin import MemRefType
from xdsl.ir import SSAValue

from lowbit_dialect.geometry import LAYOUTS
from lowbit_dialect.layouts.packed import PackedAttr, packed_layout
from lowbit_dialect.ops.kernel import ConvKernelOp, KernelOp
from lowbit_dialect.ops.tile import TileOp
from lowbit_dialect.schedule import ScheduleAttr
from lowering.kernels.contraction import Contraction
from lowering.loops.contraction.accumulator_tile import AccumulatorTile
from lowering.loops.contraction.padding_skip import PaddingSkip
from lowering.loops.emit import Index
from lowering.loops.epilogue.epilogue import Epilogue
from lowering.loops.stage import Stage, StageLoops
from lowering.strategies import strategy_of
from lowering.support.diagnostics import fail
from lowering.targets import Target

TileArguments = tuple[
    SSAValue, SSAValue, list[SSAValue], int, int, int, tuple[int, int], tuple[int, int], int
]
"""What register tiles share: x, w, indices, pixels, vectors, step, dilation, padding, unroll."""


def schedule_of(op: KernelOp, target: Target) -> ScheduleAttr:
    """The op's schedule.

    Raises:
        OpFailedException: it has none, or it is not possible on the target.
    """
    schedule, strategy = op.properties.get("schedule"), strategy_of(op)
    if not isinstance(schedule, ScheduleAttr):
        fail(op, "it has no schedule; lowbit-plan-kernels gives it one")
    w_layout = packed_layout(op.operands[1].type)
    assert w_layout is not None, "the op's verifier says so"
    vector_bits = w_layout.lane_block[1] // schedule.vectors.data * strategy.lane_bits(w_layout)
    contraction = Contraction.of_kernel(op, target, vector_bits)
    whole = strategy.of_layouts(op) | schedule.knob_values
    reason = strategy.why_not_schedule(contraction, strategy.ops.with_knobs(schedule, whole))
    if reason is not None:
        fail(op, f"schedule: {reason}")
    return schedule


def contraction_loops(op: KernelOp, target: Target, tiles_of: type[Tiles]) -> StageLoops:
    """The loops of a contraction and its epilogue; `tiles_of` fills the tiles."""
    geometry = op.geometry
    w_layout = packed_layout(op.operands[1].type)
    assert w_layout is not None
    blocks = geometry.groups * ceil(geometry.oc / geometry.groups / w_layout.lane_block[1])
    rows = geometry.batch * geometry.rows.out
    by_rows = rows > 1

    def body(stage: Stage, low: SSAValue, high: SSAValue) -> None:
        tiles = tiles_of(op, stage, Epilogue(op, stage), blocks)
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

    return StageLoops(rows if by_rows else blocks, body)


class ContractionTiles(ABC):
    """The tiles of one contraction, and where their operands lie."""

    x: SSAValue
    w: SSAValue

    def __init__(self, op: KernelOp, stage: Stage, epilogue: Epilogue, blocks: int):
        self.op, self.stage, self.epilogue = op, stage, epilogue
        self.geometry = op.geometry
        self.schedule = schedule_of(op, stage.target)
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
        self.kernel_sums = op.kernel_sums
        self.skipped = PaddingSkip.of(op, self.schedule)
        self.unroll, self.cols = self.schedule.unroll.data, cols
        self.place_operands(op, frame, w_layout)

    @property
    def blocks(self) -> int:
        """Blocks of output channels of all groups."""
        return self.blocks_per_group * self.geometry.groups

    def framed(self, frame: tuple[int, int, int, int]) -> tuple[int, int]:
        """Rows and columns of x with its frame (top, bottom, left, right)."""
        height = frame[0] + self.geometry.rows.extent + frame[1]
        return height, frame[2] + self.cols.extent + frame[3]

    @abstractmethod
    def place_operands(
        self, op: KernelOp, frame: tuple[int, int, int, int], w_layout: PackedAttr
    ) -> None:
        """Views of the operands in memory."""

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
        site = AccumulatorTile(
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


class Tiles(ContractionTiles):
    """The tiles of one contraction, each of them an operation."""

    is_narrow = False
    """Whether sums are made in lanes of i16, each two of which are widened to vectors of i32."""

    @abstractmethod
    def tile_op(self, arguments: TileArguments, pixels: int, vectors: int) -> TileOp:
        """The operation that fills a tile of pixels and vectors."""

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
        padding, unroll = self.skipped.padding(col, pixels), self.unroll
        if any(padding):  # seldom run, and in several parts: shorter code
            unroll = max(0, unroll - 1)
        places = [emit.value(i) for i in indices]
        dilation = (rows.dilation, cols.dilation)
        tile = self.tile_op(
            (self.x, self.w, places, pixels, vectors, cols.stride, dilation, padding, unroll),
            *(pixels, vectors),
        )
        emit.op(tile)
        self.finish(tile.results, (image, row, col), block, group, pixels)


class ByteTiles(Tiles):
    """Tiles of words of bytes: x [n][row][column][channel word], w [block][kh][kw][word][lane]."""

    @override
    def place_operands(
        self, op: KernelOp, frame: tuple[int, int, int, int], w_layout: PackedAttr
    ) -> None:
        rows, words = self.geometry.rows, ceil(self.words / w_layout.levels_per_byte)
        x_shape = (self.geometry.batch, *self.framed(frame), self.geometry.groups * self.words)
        w_shape = (self.blocks, rows.taps, self.cols.taps, words, self.lanes)
        word = w_layout.word_type
        self.x = self.stage.memory(op.operands[0], MemRefType(word, x_shape))
        self.w = self.stage.memory(op.operands[1], MemRefType(word, w_shape))


def _spatial_frame(op: ConvKernelOp) -> tuple[int, int, int, int]:
    """Frame of x: (top, bottom, left, right)."""
    layout = packed_layout(op.x.type)
    assert layout is not None
    _, h, w, _ = LAYOUTS[op.layout.data]
    return (*layout.frame_of(h), *layout.frame_of(w))
