"""Names of the strategies, apart from what implements them."""

from __future__ import annotations

STRATEGIES = ("auto", "bit_serial", "dot", "table", "product")
"""What a caller may ask for."""


def check_strategy(strategy: str) -> None:
    """Raise a ValueError where there is no such strategy."""
    if strategy not in STRATEGIES:
        raise ValueError(f"unknown strategy {strategy!r}: expected one of {', '.join(STRATEGIES)}")
