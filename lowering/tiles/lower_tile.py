"""`lowbit-lower-tile`: register tiles become reduction loops of `simd` operations."""

from __future__ import annotations

from dataclasses import dataclass

from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp
from xdsl.passes import ModulePass
from xdsl.pattern_rewriter import GreedyRewritePatternApplier, PatternRewriteWalker

from lowering.tiles.lower_bitserial_tile import LowerBitserialTile
from lowering.tiles.lower_dot_tile import LowerDotTile


@dataclass(frozen=True)
class LowerTilePass(ModulePass):
    """Expand register tiles into reduction loops of `simd` operations."""

    name = "lowbit-lower-tile"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        """Rewrite every tile."""
        PatternRewriteWalker(
            GreedyRewritePatternApplier([LowerBitserialTile(), LowerDotTile()]),
            apply_recursively=False,
        ).rewrite_module(op)
