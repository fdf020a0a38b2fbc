"""Names of the strategies, apart from what implements them."""

from __future__ import annotations

STRATEGIES = ("auto", "bitserial", "dot", "lut", "product_lut")
"""What a caller may ask for."""

FORMER_NAMES = {"bit_serial": "bitserial", "table": "lut", "product": "product_lut"}
"""What records of earlier versions call a strategy, and its name."""


def check_strategy(strategy: str) -> None:
    """Raise a ValueError where there is no such strategy."""
    if strategy not in STRATEGIES:
        raise ValueError(f"unknown strategy {strategy!r}: expected one of {', '.join(STRATEGIES)}")
