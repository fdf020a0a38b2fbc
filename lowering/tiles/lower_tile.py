"""`lowbit-lower-tile`: register tiles become reduction loops of `simd` operations."""

from __future__ import annotations

from dataclasses import dataclass

from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp
from xdsl.passes import ModulePass

from lowbit_dialect.ops.dot_tile import DotTileOp
from lowbit_dialect.ops.lut_tile import BuildTablesOp, LutSumsOp, LutTileOp
from lowbit_dialect.ops.product_lut_tile import ProductLutTileOp
from lowbit_dialect.ops.tile import BitserialTileOp
from lowering.single_walk import rewrite_each
from lowering.targets import get_target
from lowering.tiles.lower_bitserial_tile import LowerBitserialTile
from lowering.tiles.lower_build_tables import LowerBuildTables
from lowering.tiles.lower_dot_tile import LowerDotTile
from lowering.tiles.lower_lut_tile import LowerLutSums, LowerLutTile
from lowering.tiles.lower_product_lut_tile import LowerProductLutTile


@dataclass(frozen=True)
class LowerTilePass(ModulePass):
    """Expand register tiles into reduction loops of `simd` operations.

    Raises:
        ValueError: there is no such target.
    """

    name = "lowbit-lower-tile"
    target: str = "host"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        """Rewrite every tile."""
        rewrite_each(
            op,
            {
                BitserialTileOp: LowerBitserialTile(get_target(self.target)),
                DotTileOp: LowerDotTile(),
                LutTileOp: LowerLutTile(get_target(self.target)),
                LutSumsOp: LowerLutSums(),
                ProductLutTileOp: LowerProductLutTile(),
                BuildTablesOp: LowerBuildTables(get_target(self.target)),
            },
        )
