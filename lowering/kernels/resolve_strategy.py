"""Which strategy computes a contraction on a target."""

from __future__ import annotations

from lowering.kernels.contraction import Contraction
from lowering.strategies import AUTO, all_strategies, check_strategy, get_strategy
from lowering.strategies.base import Strategy


def competing(c: Contraction) -> list[Strategy]:
    """The strategies among which `auto` means one, as far as the codes go."""
    return [strategy for strategy in all_strategies() if strategy.competes(c)]


def possible_strategies(c: Contraction, wanted: str = AUTO) -> list[Strategy]:
    """The strategies that can compute a contraction, of those wanted; never none.

    Where a strategy is wanted that cannot, the first competing one that can takes its place, unless
    the strategy refuses that (`Strategy.falls_back`).

    Raises:
        ValueError: there is no such strategy, or none that can compute the contraction.
    """
    check_strategy(wanted)
    allowed = competing(c) if wanted == AUTO else [get_strategy(wanted)]
    if possible := [strategy for strategy in allowed if strategy.why_not(c) is None]:
        return possible
    asked = allowed[0]
    if wanted != AUTO and asked.falls_back:
        others = competing(c)
        if possible := [strategy for strategy in others if strategy.why_not(c) is None]:
            return possible[:1]
        asked = others[0]
    raise ValueError(f"strategy {asked.name} is impossible: {asked.why_not(c)}")


def resolve_strategy(wanted: str, c: Contraction) -> Strategy:
    """What a strategy becomes for a contraction: `auto` the one predicted to be fastest.

    Raises:
        ValueError: as for `possible_strategies`.
    """
    return min(possible_strategies(c, wanted), key=lambda strategy: strategy.best_tile(c)[0])
