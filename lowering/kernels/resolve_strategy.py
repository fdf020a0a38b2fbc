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

    Raises:
        ValueError: there is no such strategy, or it cannot compute the contraction, or with `auto`
            none can.
    """
    check_strategy(wanted)
    allowed = competing(c) if wanted == AUTO else [get_strategy(wanted)]
    reasons = {strategy: strategy.why_not(c) for strategy in allowed}
    possible = [strategy for strategy, reason in reasons.items() if reason is None]
    if not possible:
        strategy, reason = next(iter(reasons.items()))
        raise ValueError(f"strategy {strategy.name} is impossible: {reason}")
    return possible


def resolve_strategy(wanted: str, c: Contraction) -> Strategy:
    """The strategy that computes a contraction: the one wanted, or the fastest one for `auto`.

    Raises:
        ValueError: as for `possible_strategies`.
    """
    possible = possible_strategies(c, wanted)
    if len(possible) == 1:
        return possible[0]
    return min(possible, key=lambda strategy: strategy.best_tile(c)[0])
