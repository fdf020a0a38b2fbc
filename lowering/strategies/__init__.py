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
from typing import TYPE_CHECKING

from lowbit_dialect.at_fork import COMPILER_LOCK, load_module
from lowering.support import plugins

if TYPE_CHECKING:
    from lowbit_dialect.ops.kernel import KernelOp
    from lowering.strategies.base import Strategy

AUTO = "auto"
"""Stands for the strategy that is predicted to be the fastest."""

BUILT_IN = tuple(m.name for m in pkgutil.iter_modules(__path__) if m.ispkg)
"""The strategies of lowbit, in the order in which they are asked."""


def strategy_names() -> tuple[str, ...]:
    """The strategies, those of installed packages last."""
    return (*BUILT_IN, *(name for name in plugins.found(plugins.STRATEGIES) if _is_new(name)))


def strategy_choices() -> tuple[str, ...]:
    """What a caller may ask for."""
    return (AUTO, *strategy_names())


def check_strategy(strategy: str) -> None:
    """Raise a ValueError where there is no such strategy."""
    if strategy not in (AUTO, *BUILT_IN) and strategy not in strategy_choices():
        names = ", ".join(strategy_choices())
        raise ValueError(f"unknown strategy {strategy!r}: expected one of {names}")


def _is_new(name: str) -> bool:
    """Whether a package may have a strategy of this name.

    Raises:
        ValueError: the name is taken.
    """
    if name in (AUTO, *BUILT_IN):
        raise ValueError(f"entry point {plugins.STRATEGIES}: the name {name!r} is taken")
    return True


@cache
def get_strategy(name: str) -> Strategy:
    """The strategy of a name, which is not `auto`; its operations become known to the dialect.

    Raises:
        ValueError: there is none, or its package is broken.
    """
    if name in BUILT_IN:
        strategy: Strategy = load_module(f"{__name__}.{name}").STRATEGY
        return strategy
    if name not in strategy_names():
        raise ValueError(
            f"unknown strategy {name!r}: expected one of {', '.join(strategy_names())}"
        )
    with COMPILER_LOCK:
        from lowbit_dialect.strategies import register  # noqa: PLC0415  takes long
        from lowering.strategies.base import Strategy as Base  # noqa: PLC0415  takes long

    found: Strategy = plugins.load(plugins.found(plugins.STRATEGIES)[name], Base)
    register(found.ops, is_installed=True)
    return found


@cache
def all_strategies() -> tuple[Strategy, ...]:
    """Every strategy, in the order of `strategy_names`."""
    return tuple(map(get_strategy, strategy_names()))


def strategy_of(op: KernelOp) -> Strategy:
    """The strategy of a kernel."""
    return next(strategy for strategy in all_strategies() if strategy.ops.has(op))


@cache
def latest_name(name: str) -> str:
    """The name of a strategy that an earlier version may have called otherwise."""
    if name in BUILT_IN:
        return name
    return next((s.name for s in all_strategies() if name in s.former_names), name)
