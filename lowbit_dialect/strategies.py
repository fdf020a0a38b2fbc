"""The strategies that the dialect knows, by their names."""

from __future__ import annotations

from importlib.metadata import entry_points

from lowbit_dialect.at_fork import COMPILER_LOCK
from lowbit_dialect.extensions import note_installed, note_shipped
from lowbit_dialect.ops.bitserial import BITSERIAL
from lowbit_dialect.ops.dot import DOT
from lowbit_dialect.ops.lut import LUT
from lowbit_dialect.ops.product_lut import PRODUCT_LUT
from lowbit_dialect.ops.strategy import StrategyOps

STRATEGY_OPS: dict[str, StrategyOps] = {
    strategy.name: strategy for strategy in (BITSERIAL, DOT, LUT, PRODUCT_LUT)
}
"""By name. A package that adds a strategy calls `register`."""
note_shipped(STRATEGY_OPS)

DEFAULT = BITSERIAL
"""The strategy of corrections that name none."""


def strategy_ops(name: str) -> StrategyOps | None:
    """The strategy of a name, one of an installed package too, or None where there is none.

    A package's entry point `lowbit.strategies` names an object with its operations, `ops`.
    """
    if name not in STRATEGY_OPS:
        for entry in entry_points(group="lowbit.strategies", name=name):
            with COMPILER_LOCK:
                ops = entry.load().ops
            register(ops, is_installed=True)
    return STRATEGY_OPS.get(name)


def register(strategy: StrategyOps, is_installed: bool = False) -> None:
    """Make a strategy known; a second time makes no difference.

    `is_installed` tells that an entry point of an installed package names it.

    Raises:
        ValueError: another one has its name.
    """
    known = STRATEGY_OPS.setdefault(strategy.name, strategy)
    if known != strategy:
        raise ValueError(f"there are two strategies {strategy.name!r}")
    if is_installed:
        note_installed(STRATEGY_OPS, strategy.name)
