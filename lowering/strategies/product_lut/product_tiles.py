"""The tiles of a contraction by a table of products, which is a constant of the module."""

from __future__ import annotations

from typing_extensions import override

from lowbit_dialect.ops.product_lut_tile import ProductLutTileOp
from lowbit_dialect.ops.tile import TileOp
from lowbit_dialect.sums.product_lut import ProductLutSums
from lowering.loops.contraction.tiles import ByteTiles, TileArguments


class ProductTiles(ByteTiles):
    """Tiles that get the table."""

    @override
    def tile_op(self, arguments: TileArguments, pixels: int, vectors: int) -> TileOp:
        product, stage = self.kernel_sums, self.stage
        assert isinstance(product, ProductLutSums)
        if self.op.knob("table") == "registers":
            table = stage.table(product.register_tables, bits=8)
        else:
            table = stage.table(product.memory_table, bits=product.memory_bits)
        return ProductLutTileOp.get(*arguments, self.x_code, self.w_code, (table,))
