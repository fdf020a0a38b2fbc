"""What installed packages add to lowbit, by entry points."""

from __future__ import annotations

import hashlib
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from importlib.util import find_spec
from pathlib import Path
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


@cache
def fingerprint() -> str:
    """The installed packages that add something: entry points, versions and sources of each.

    The content of the sources counts, for a package that is being written keeps its version.
    """
    digest = hashlib.sha256()
    for group in (STRATEGIES, TARGETS, LOWERINGS):
        for name, entry in sorted(found(group).items()):
            version = entry.dist.version if entry.dist is not None else ""
            digest.update(f"{group} {name} {entry.value} {version};".encode())
            for path in _sources(entry.module.partition(".")[0]):
                digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def _sources(package: str) -> list[Path]:
    """The Python files of a package or module, which is not imported."""
    spec = find_spec(package)
    if spec is None:
        return []
    if spec.submodule_search_locations is None:
        return [Path(spec.origin)] if spec.origin is not None else []
    folders = map(Path, spec.submodule_search_locations)
    return sorted(path for folder in folders for path in folder.rglob("*.py"))


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
