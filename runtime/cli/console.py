"""Tables and numbers for people, also where stdout is a pipe."""

from __future__ import annotations

import sys

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

_UNITS = ((1.0, "s"), (1e-3, "ms"), (1e-6, "us"))
_PIPE_WIDTH = 10_000
"""Columns where nobody's screen sets a limit: no line is wrapped or cut."""


def show(table: Table) -> None:
    """Print a table; into a pipe at its natural width, whatever that is."""
    table.box = SIMPLE_HEAD
    table.pad_edge = table.show_edge = False
    width = None if sys.stdout.isatty() else _PIPE_WIDTH
    Console(width=width, highlight=False, markup=False).print(table)


def duration(seconds: float) -> str:
    """Seconds in the unit that suits them, with four digits."""
    for size, unit in _UNITS:
        if seconds >= size:
            return f"{seconds / size:.4g} {unit}"
    return f"{seconds * 1e9:.4g} ns"


def count(number: float) -> str:
    """A number with its thousands apart."""
    return f"{number:,.0f}"
