"""Which strategy suits a contraction on a target, by the cost model."""

from __future__ import annotations

from lowbit_dialect.codes import AffineCode, Code, affine
from lowbit_dialect.geometry import ConvGeometry
from lowbit_dialect.level_product import LevelProduct
from lowbit_dialect.product_table import ProductTable
from lowering.kernels.cost_model import Contraction
from lowering.kernels.default_schedule import best_tile, tiles
from lowering.kernels.table_plan import plan_tables
from lowering.strategies import check_strategy
from lowering.targets import Target


def obstacle(strategy: str, x: Code, w: Code, geometry: ConvGeometry, target: Target) -> str | None:
    """Why a strategy cannot take a contraction, or None where it can."""
    if strategy == "product":
        return ProductTable(x, w).obstacle
    for code in (x, w):
        if not isinstance(code, AffineCode):
            return f"{code} is not affine in its bits"
    if strategy == "dot":
        return LevelProduct(affine(x), affine(w)).obstacle(geometry)
    if strategy == "table":
        tile = min(tiles(target, strategy, (x, w)))
        return plan_tables(affine(x), affine(w), geometry, target, tile).obstacle
    return None


def candidates(x: Code, w: Code) -> tuple[str, ...]:
    """The strategies among which `auto` means one: for codebooks there is only `product`."""
    has_codebook = not (isinstance(x, AffineCode) and isinstance(w, AffineCode))
    return ("product",) if has_codebook else ("bit_serial", "dot", "table")


def resolve_strategy(wanted: str, x: Code, w: Code, geometry: ConvGeometry, target: Target) -> str:
    """The strategy that takes a contraction: the one wanted, or the fastest one for `auto`.

    Raises:
        ValueError: there is no such strategy, or it cannot take the contraction, or with `auto`
            none can.
    """
    check_strategy(wanted)
    allowed = candidates(x, w) if wanted == "auto" else (wanted,)
    obstacles = {s: obstacle(s, x, w, geometry, target) for s in allowed}
    possible = [s for s, reason in obstacles.items() if reason is None]
    if not possible:
        strategy, reason = next(iter(obstacles.items()))
        raise ValueError(f"strategy {strategy} is impossible: {reason}")
    if len(possible) == 1:
        return possible[0]
    contraction = Contraction(geometry, x, w, target)
    return min(possible, key=lambda s: best_tile(contraction, s)[0])
