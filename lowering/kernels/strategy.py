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
    if strategy == "product_lut":
        return ProductTable(x, w).obstacle
    for code in (x, w):
        if not isinstance(code, AffineCode):
            return f"{code} is not affine in its bits"
    if strategy == "dot":
        return LevelProduct(affine(x), affine(w)).obstacle(geometry)
    if strategy == "lut":
        tile = min(tiles(target, strategy, (x, w)))
        return plan_tables(affine(x), affine(w), geometry, target, tile).obstacle
    return None


def candidates(x: Code, w: Code) -> tuple[str, ...]:
    """The strategies among which `auto` means one: for codebooks there is only `product_lut`."""
    has_codebook = not (isinstance(x, AffineCode) and isinstance(w, AffineCode))
    return ("product_lut",) if has_codebook else ("bitserial", "dot", "lut")


def resolve_strategy(wanted: str, x: Code, w: Code, geometry: ConvGeometry, target: Target) -> str:
    """What a strategy becomes for a contraction: `auto` the one predicted to be fastest.

    A strategy that cannot take the contraction becomes `bitserial`, which takes all affine codes;
    codebooks always become `product_lut`, the only strategy for them.

    Raises:
        ValueError: there is no such strategy, or there is no table of products for the codes, but
            one is wanted or the codes need it.
    """
    check_strategy(wanted)
    by_default = candidates(x, w)
    if "product_lut" in (wanted, *by_default):
        if reason := obstacle("product_lut", x, w, geometry, target):
            raise ValueError(f"strategy product_lut is impossible: {reason}")
        return "product_lut"
    allowed = by_default if wanted == "auto" else (wanted,)
    possible = [s for s in allowed if obstacle(s, x, w, geometry, target) is None]
    contraction = Contraction(geometry, x, w, target)
    return min(possible, key=lambda s: best_tile(contraction, s)[0], default="bitserial")
