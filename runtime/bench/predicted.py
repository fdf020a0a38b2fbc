"""What the cost model says of a layer, to stand beside what was measured."""

from __future__ import annotations

from lowbit_dialect.codes import AffineCode, Code
from lowbit_dialect.level_product import LevelProduct
from lowering.kernels.strategy import bit_serial_macs, dot_macs
from lowering.targets import Target


def predicted_mac_per_cycle(x: Code, w: Code, strategy: str, target: Target) -> float | None:
    """Multiply-accumulates a cycle of a strategy, or None where the model does not know it."""
    if not isinstance(x, AffineCode) or not isinstance(w, AffineCode):
        return None
    if strategy == "dot":
        return dot_macs(LevelProduct(x, w), target)
    if strategy == "bit_serial":
        return bit_serial_macs(x, w, target)
    return None
