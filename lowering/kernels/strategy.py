"""Which strategy suits a contraction on a target, by the cost model."""

from __future__ import annotations

from lowbit_dialect.codes import AffineCode, Code
from lowbit_dialect.geometry import ConvGeometry
from lowbit_dialect.level_product import LevelProduct
from lowering.kernels.cost_model import Contraction
from lowering.kernels.default_schedule import best_tile, tiles
from lowering.kernels.table_plan import plan_tables
from lowering.strategies import check_strategy
from lowering.targets import Target


def obstacle(
    strategy: str, x: AffineCode, w: AffineCode, geometry: ConvGeometry, target: Target
) -> str | None:
    """Why a strategy cannot take a contraction, or None where it can."""
    if strategy == "dot":
        return LevelProduct(x, w).obstacle(geometry)
    if strategy == "table":
        return plan_tables(x, w, geometry, target, min(tiles(target, strategy))).obstacle
    return None


def resolve_strategy(wanted: str, x: Code, w: Code, geometry: ConvGeometry, target: Target) -> str:
    """What a strategy becomes for a contraction: `auto` the one predicted to be fastest.

    A strategy that cannot take the contraction becomes `bit_serial`, which takes all.

    Raises:
        ValueError: there is no such strategy.
    """
    check_strategy(wanted)
    if not isinstance(x, AffineCode) or not isinstance(w, AffineCode):
        return "bit_serial"
    candidates = ("bit_serial", "dot", "table") if wanted == "auto" else (wanted,)
    possible = [s for s in candidates if obstacle(s, x, w, geometry, target) is None]
    contraction = Contraction(geometry, x, w, target)
    return min(possible, key=lambda s: best_tile(contraction, s)[0], default="bit_serial")
