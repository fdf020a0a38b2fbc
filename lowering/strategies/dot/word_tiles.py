"""The tiles of a contraction by dot products of bytes, and where their operands lie."""

from __future__ import annotations

from typing_extensions import override

from lowbit_dialect.layout import PackedAttr
from lowbit_dialect.level_fields import LevelFields
from lowbit_dialect.level_product import BYTES_PER_WORD, LevelProduct
from lowbit_dialect.ops.base import int_
from lowbit_dialect.ops.kernel import KernelOp
from lowbit_dialect.ops.tile import DotTileOp, TileOp
from lowering.loops.contraction import ByteTiles, TileArguments
from lowering.strategies.dot.weight_storage import i16_steps, level_fields


class WordTiles(ByteTiles):
    """Tiles of words of bytes, each of one, two or four."""

    @override
    def place_operands(
        self, op: KernelOp, frame: tuple[int, int, int, int], w_layout: PackedAttr
    ) -> None:
        self.w_bits, self.w_holds = w_layout.bits.data, w_layout.bytes.data
        self.word_bytes = w_layout.word_bits.data // 8
        self.is_narrow = self.word_bytes < BYTES_PER_WORD
        super().place_operands(op, frame, w_layout)

    @override
    def tile_op(self, arguments: TileArguments, pixels: int, vectors: int) -> TileOp:
        assert isinstance(self.raw_sums, LevelProduct)
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
            self.x_code,
            self.w_code,
            w_bits=int_(self.w_bits),
            w_exponent=int_(fields.exponent),
            places=int_(fields.places),
            x_words=int_(self.words if self.w_bits < 8 else 0),
            i16_steps=int_(steps),
            x_run=int_(target.vector_bits // 8 // size if target.dot_form.by_lane else 1),
            digit_words=int_(product.digit_words if size == 2 else 0),
        )
