"""Packages that add strategies and targets to lowbit, made known without installing them."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path

import pytest

from lowbit_dialect.extensions import note_installed
from lowbit_dialect.strategies import STRATEGY_OPS
from lowering import strategies, targets
from lowering.loops import lowerings
from lowering.support import plugins


def forget() -> None:
    """Nothing of what packages add stays known."""
    plugins.found.cache_clear()
    plugins.fingerprint.cache_clear()
    for function in (strategies.get_strategy, strategies.all_strategies, strategies.latest_name):
        function.cache_clear()
    targets._target.cache_clear()
    lowerings._load_entry_points.cache_clear()
    for name in STRATEGY_OPS.keys() - set(strategies.BUILT_IN):
        del STRATEGY_OPS[name]
        note_installed(STRATEGY_OPS, name)


def entry_points_text(groups: Mapping[str, Mapping[str, str]]) -> str:
    """What a file `entry_points.txt` says of entry points by group and name."""
    return "".join(
        f"[{group}]\n" + "".join(f"{name} = {value}\n" for name, value in entries.items())
        for group, entries in groups.items()
    )


def install(folder: Path, name: str, entries: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Put a distribution with these entry points into a folder, and the folder on the path."""
    info = folder / f"{name}-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(entries)
    monkeypatch.syspath_prepend(folder)
    forget()


def install_example(
    package: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> tuple[Path, Path]:
    """Make a package known by its pyproject.toml; the two folders that are now on the path."""
    project = tomllib.loads((package / "pyproject.toml").read_text())["project"]
    monkeypatch.syspath_prepend(package)
    entries = entry_points_text(project["entry-points"])
    install(folder, project["name"].replace("-", "_"), entries, monkeypatch)
    return package, folder
