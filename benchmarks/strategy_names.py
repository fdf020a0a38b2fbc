"""Names of strategies, those of earlier commits included."""

from __future__ import annotations

from lowering.strategies import AUTO, get_strategy


def names_of(strategy: str) -> list[str]:
    """All names of a strategy, the latest first."""
    return [strategy] if strategy == AUTO else [strategy, *get_strategy(strategy).former_names]
