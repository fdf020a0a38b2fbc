"""What installed packages add to lowbit, by entry points."""

from __future__ import annotations

from functools import cache
from importlib.metadata import EntryPoint, entry_points
from typing import Any

from lowbit_dialect.at_fork import COMPILER_LOCK

STRATEGIES, TARGETS = "lowbit.strategies", "lowbit.targets"
"""Groups: a strategy is a `Strategy`, a target a `Target`; each goes by the name of its entry."""

LOWERINGS = "lowbit.lowerings"
"""Group of functions without arguments that register lowerings of operations."""


@cache
def found(group: str) -> dict[str, EntryPoint]:
    """The entry points of a group, by name, nothing imported yet.

    Raises:
        ValueError: two packages have one of the same name.
    """
    entries: dict[str, EntryPoint] = {}
    for entry in entry_points(group=group):
        if entries.setdefault(entry.name, entry).value != entry.value:
            raise ValueError(
                f"entry point {group}: there are two of the name {entry.name!r},"
                f" {entries[entry.name].value} and {entry.value}"
            )
    return entries


def load(entry: EntryPoint, kind: type) -> Any:
    """What an entry point names.

    Raises:
        ValueError: it cannot be imported, or is none of the kind.
    """
    where = f"entry point {entry.group} {entry.name} = {entry.value}"
    try:
        with COMPILER_LOCK:
            value = entry.load()
    except Exception as error:  # whatever the package raises
        raise ValueError(f"{where}: {type(error).__name__}: {error}") from error
    if not isinstance(value, kind):
        raise ValueError(f"{where}: expected a {kind.__name__}, got {type(value).__name__}")
    if value.name != entry.name:
        raise ValueError(f"{where}: its name is {value.name!r}")
    return value
