"""What the cost model says of a layer, to stand beside what was measured."""

from __future__ import annotations

from math import isfinite

from lowbit_dialect.codes import AffineCode, Code
from lowbit_dialect.geometry import ConvGeometry
from lowering.kernels.cost_model import REDUCTIONS, Contraction
from lowering.kernels.default_schedule import best_tile
from lowering.kernels.strategy import obstacle
from lowering.targets import Target


def predicted_mac_per_cycle(
    x: Code, w: Code, geometry: ConvGeometry, strategy: str, target: Target
) -> float | None:
    """Multiply-accumulates a cycle with the schedule that the model likes best.

    None where the model does not know the strategy, or the strategy cannot take the layer.
    """
    if not isinstance(x, AffineCode) or not isinstance(w, AffineCode):
        return None
    if strategy not in REDUCTIONS or obstacle(strategy, x, w, geometry, target) is not None:
        return None
    cycles, _ = best_tile(Contraction(geometry, x, w, target), strategy)
    return geometry.macs / cycles if isfinite(cycles) else None
