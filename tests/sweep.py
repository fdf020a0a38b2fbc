"""Two tiers of cases: some in `make test`, all of them in `make test-all`.

Cases that take the same path through the compiler are thinned: of neighbours in a list, which
differ in an extent or a code, some run in `make test`. What is left out has the marker `sweep`, or
stands in a loop that `LOWBIT_EXAMPLES` widens.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from typing import Any, TypeVar

import pytest

T = TypeVar("T")

SCALE = float(os.environ.get("LOWBIT_EXAMPLES", "1"))
"""How many times the usual number of examples is drawn; loops over cases are whole above 1."""


def swept(*cases: Any) -> list[Any]:
    """Parameters of `make test-all` only; a tuple has the values of several arguments."""
    return [
        pytest.param(*(case if isinstance(case, tuple) else (case,)), marks=pytest.mark.sweep)
        for case in cases
    ]


def thinned(cases: Iterable[Any], every: int = 2, first: int = 0) -> list[Any]:
    """Parameters: each `every`-th case in `make test`, the others in `make test-all` only."""
    return [
        case if number % every == first % every else swept(case)[0]
        for number, case in enumerate(cases)
    ]


def some(cases: Sequence[T], first: int = 0, every: int = 2) -> list[tuple[int, T]]:
    """Places and cases for a loop: each `every`-th, or all where `LOWBIT_EXAMPLES` is above 1."""
    numbered = list(enumerate(cases))
    return numbered if SCALE > 1 else numbered[first % every :: every]
