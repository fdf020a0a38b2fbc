"""Tables of the compiler that others may extend, and whether they did.

    LOWERINGS = {AddOp: lower_add, ..}
    note_shipped(LOWERINGS)
    ..
    LOWERINGS[ReluOp] = lower_relu     # in a program or a plug-in
    extensions()                       # now holds ReluOp and lower_relu

Code that was compiled before a table was changed must not be taken for what would be compiled
after it. So whatever keeps compiled code asks `extensions` first.
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any, NamedTuple


class Extension(NamedTuple):
    """An entry that was added, replaced or removed (its value is None then)."""

    table: int
    key: Hashable
    value: Any


_SHIPPED: list[tuple[dict[Any, Any], dict[Any, Any]]] = []
"""Each table, and a copy of what it held when it was made."""


def note_shipped(table: dict[Any, Any]) -> None:
    """Note what a table holds, right after it was made."""
    _SHIPPED.append((table, dict(table)))


def note_installed(table: dict[Any, Any], key: Hashable) -> None:
    """Note an entry that an installed package added by an entry point, or that is gone again.

    It is no extension: what is compiled depends on the packages that are installed, which whatever
    keeps compiled code has in its keys.
    """
    for known, shipped in _SHIPPED:
        if known is table:
            shipped.pop(key, None)
            if key in table:
                shipped[key] = table[key]


def extensions() -> frozenset[Extension]:
    """How the tables differ from those that were installed; empty where nobody extended them.

    A module that is not imported yet has no tables, and none of its entries can have changed.
    """
    return frozenset(
        Extension(number, key, table.get(key))
        for number, (table, shipped) in enumerate(_SHIPPED)
        if table != shipped
        for key in {**table, **shipped}
        if table.get(key) is not shipped.get(key)
    )
