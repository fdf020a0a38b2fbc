"""How many products an instruction computes, of the kind of which there are most."""

from __future__ import annotations

from collections.abc import Iterable

from lowering.strategies import all_strategies
from runtime.analysis.assembly import Instruction


def most_products(instructions: Iterable[Instruction]) -> int:
    """Products of some instructions of whichever kind there are most of."""
    listed = list(instructions)
    return max(sum(map(strategy.products, listed)) for strategy in all_strategies())
