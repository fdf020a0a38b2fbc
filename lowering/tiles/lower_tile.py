"""`lowbit-lower-tile`: register tiles become reduction loops of `simd` operations."""

from __future__ import annotations

from dataclasses import dataclass

from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp
from xdsl.ir import Operation
from xdsl.passes import ModulePass
from xdsl.pattern_rewriter import RewritePattern

from lowering.strategies import all_strategies
from lowering.support.single_walk import rewrite_each
from lowering.targets import Target, get_target


def tile_patterns(target: Target) -> dict[type[Operation], RewritePattern]:
    """What lowers each operation of a register tile, of every strategy."""
    return {
        op: pattern
        for strategy in all_strategies()
        for op, pattern in strategy.tile_patterns(target).items()
    }


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
        rewrite_each(op, tile_patterns(get_target(self.target)))
