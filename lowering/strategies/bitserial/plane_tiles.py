"""The tiles of a contraction by popcounts, and where their operands lie."""

from __future__ import annotations

from typing_extensions import override
from xdsl.dialects.builtin import MemRefType

from lowbit_dialect.geometry import Window
from lowbit_dialect.layouts.packed import PackedAttr
from lowbit_dialect.ops.base import int_
from lowbit_dialect.ops.kernel import GemmKernelOp, KernelOp
from lowbit_dialect.ops.tile import BitserialTileOp, TileOp
from lowering.loops.contraction.tiles import TileArguments, Tiles


class PlaneTiles(Tiles):
    """Tiles of planes: x [n][row][plane][channel word][column], w [block][plane][kh][kw].."""

    @override
    def place_operands(
        self, op: KernelOp, frame: tuple[int, int, int, int], w_layout: PackedAttr
    ) -> None:
        if isinstance(op, GemmKernelOp):
            # The words of a row of x are the columns of a window that moves by all of them.
            self.cols = Window(self.cols.extent * self.words, self.words, self.words)
            self.words, self.unroll = 1, 3 if self.unroll else 0
        height, width = self.framed(frame)
        words = self.geometry.groups * self.words
        taps = (self.geometry.rows.taps, self.cols.taps, self.words, self.lanes)
        x_shape = (self.geometry.batch, height, self.x_code.width, words, width)
        w_shape = (self.blocks, self.w_code.width, *taps)
        word = w_layout.word_type
        self.x = self.stage.memory(op.operands[0], MemRefType(word, x_shape))
        self.w = self.stage.memory(op.operands[1], MemRefType(word, w_shape))

    @override
    def tile_op(self, arguments: TileArguments, pixels: int, vectors: int) -> TileOp:
        return BitserialTileOp.get(
            *arguments, self.x_code, self.w_code, words=int_(self.op.number("words"))
        )
