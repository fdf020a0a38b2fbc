"""Contractions by a table of products: the loops of `contraction`, tiles that get the table."""

from __future__ import annotations

from typing_extensions import override
from xdsl.ir import SSAValue

from lowbit_dialect.ops.kernel import KernelOp
from lowbit_dialect.ops.product_lut_tile import ProductLutTileOp
from lowbit_dialect.ops.tile import TileOp
from lowbit_dialect.product_table import ProductTable
from lowering.kernels.cost_model import looks_up_in_registers
from lowering.loops.contraction import Tiles, lower_contraction
from lowering.loops.emit import Index
from lowering.loops.stage import FunctionLowering


def lower_product_contraction(op: KernelOp, lowering: FunctionLowering) -> None:
    """Write the stages of a contraction and its epilogue."""
    lower_contraction(op, lowering, ProductTiles)


class ProductTiles(Tiles):
    """The tiles of one contraction by a table, which is a constant of the module."""

    @override
    def tile_op(
        self,
        indices: list[SSAValue],
        col: Index,
        pixels: int,
        vectors: int,
        step: int,
        row_dilation: int,
    ) -> TileOp:
        product, stage = self.raw_sums, self.stage
        assert isinstance(product, ProductTable)
        if looks_up_in_registers(product, stage.target):
            table = stage.table(product.register_tables, bits=8)
        else:
            table = stage.table(product.memory_table, bits=product.memory_bits)
        return ProductLutTileOp.get(
            *(self.x, self.w, indices, pixels, vectors, step),
            *((row_dilation, self.cols.dilation), (0, 0), self.unroll),
            *(self.x_code, self.w_code, (table,)),
        )
