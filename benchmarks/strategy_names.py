"""Names of strategies, those of earlier commits included."""

from __future__ import annotations

from lowering.strategies import STRATEGIES

NAMES = (("bitserial", "bit_serial"), ("lut", "table"), ("product_lut", "product"))
"""What a strategy was called in turn, the latest name first."""


def names_of(strategy: str) -> list[str]:
    """All names of a strategy, the latest first."""
    return list(next((names for names in NAMES if strategy in names), (strategy,)))


def known(strategy: str) -> str:
    """The name that this checkout knows a strategy by."""
    return next(name for name in names_of(strategy) if name in STRATEGIES)
