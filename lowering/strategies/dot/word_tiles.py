"""The tiles of a contraction by dot products of bytes, and where their operands lie."""

from __future__ import annotations

from math import ceil

from typing_extensions import override
from xdsl.dialects.builtin import MemRefType, i8, i32

from lowbit_dialect.layouts.packed import PackedAttr
from lowbit_dialect.ops.base import int_
from lowbit_dialect.ops.dot import DotKernelOp
from lowbit_dialect.ops.dot_tile import DotTileOp
from lowbit_dialect.ops.kernel import KernelOp
from lowbit_dialect.ops.tile import TileOp
from lowbit_dialect.sums.dot import BYTES_PER_WORD, DotSums
from lowering.loops.contraction.tiles import ByteTiles, TileArguments


class WordTiles(ByteTiles):
    """Tiles of words of bytes, each of one, two or four."""

    @override
    def place_operands(
        self, op: KernelOp, frame: tuple[int, int, int, int], w_layout: PackedAttr
    ) -> None:
        self.w_bits = w_layout.bits.data
        self.word_bytes = w_layout.word_bits.data // 8
        self.is_narrow = self.word_bytes < BYTES_PER_WORD
        if not op.has_column_words:
            super().place_operands(op, frame, w_layout)
            return
        rows, words = self.geometry.rows, ceil(self.cols.taps / BYTES_PER_WORD)
        x_shape = (self.geometry.batch, *self.framed(frame), 1)
        w_shape = (self.blocks, rows.taps, 1, words, self.lanes)
        self.x = self.stage.memory(op.operands[0], MemRefType(i8, x_shape))
        self.w = self.stage.memory(op.operands[1], MemRefType(i32, w_shape))

    @override
    def tile_op(self, arguments: TileArguments, pixels: int, vectors: int) -> TileOp:
        assert isinstance(self.kernel_sums, DotSums)
        assert isinstance(self.op, DotKernelOp)
        fields, size = self.op.fields, self.word_bytes
        product, steps = self.kernel_sums.of_fields(fields), self.op.number("i16_steps")
        if size < BYTES_PER_WORD and not steps:
            steps = product.i16_words(size, unsigned=bool(fields.places))
        return DotTileOp.get(
            *arguments,
            self.x_code,
            self.w_code,
            w_bits=int_(self.w_bits),
            w_exponent=int_(fields.exponent),
            places=int_(fields.places),
            x_words=int_(self.words if self.w_bits < 8 else 0),
            i16_steps=int_(steps),
            x_run=int_(self.op.number("x_run")),
            digit_words=int_(product.digit_words if size == 2 else 0),
        )
