"""The strategies, by name: each is a folder here, or an entry point `lowbit.strategies`.

A strategy is one object (`base.Strategy`), the value `STRATEGY` of its folder. It has a half in the
dialect, `lowbit_dialect.ops.strategy.StrategyOps`. Everything else asks the object; nothing else
knows a name.

The names are here without the implementations, which are imported when they are asked for: what is
compiled already needs none of them.
"""

from __future__ import annotations

import pkgutil
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lowbit_dialect.ops.kernel import KernelOp
    from lowering.strategies.base import Strategy

AUTO = "auto"
"""Stands for the strategy that is predicted to be the fastest."""

NAMES = tuple(m.name for m in pkgutil.iter_modules(__path__) if m.ispkg)
"""The strategies, in the order in which they are asked."""

STRATEGIES = (AUTO, *NAMES)
"""What a caller may ask for."""


def check_strategy(strategy: str) -> None:
    """Raise a ValueError where there is no such strategy."""
    if strategy not in STRATEGIES:
        raise ValueError(f"unknown strategy {strategy!r}: expected one of {', '.join(STRATEGIES)}")


@cache
def get_strategy(name: str) -> Strategy:
    """The strategy of a name, which is not `auto`.

    Raises:
        ValueError: there is none.
    """
    if name not in NAMES:
        raise ValueError(f"unknown strategy {name!r}: expected one of {', '.join(NAMES)}")
    strategy: Strategy = import_module(f"{__name__}.{name}").STRATEGY
    return strategy


@cache
def all_strategies() -> tuple[Strategy, ...]:
    """Every strategy, in the order of `NAMES`."""
    return tuple(map(get_strategy, NAMES))


def strategy_of(op: KernelOp) -> Strategy:
    """The strategy of a kernel."""
    return next(strategy for strategy in all_strategies() if strategy.ops.has(op))


@cache
def latest_name(name: str) -> str:
    """The name of a strategy that an earlier version may have called otherwise."""
    if name in NAMES:
        return name
    return next((s.name for s in all_strategies() if name in s.former_names), name)
