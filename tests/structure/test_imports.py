"""Imports run one way, without cycles, and no pass imports a tool."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

PACKAGES = ("lowbit_dialect", "lowering", "runtime", "lowbit", "benchmarks")
"""Each may import those before it."""

TOOLS = ("lowering.tools", "lowering.opt_main")
"""What the packages and folders of passes must not import."""


def modules(*packages: str) -> dict[str, ast.Module]:
    """The source of every module, by name; a package is called as its folder."""
    found = {}
    for package in packages:
        for path in sorted((ROOT / package).rglob("*.py")):
            parts = path.relative_to(ROOT).with_suffix("").parts
            name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
            found[name] = ast.parse(path.read_text())
    return found


MODULES = modules(*PACKAGES)


def imported(tree: ast.AST, *, only_at_start: bool) -> Iterator[str]:
    """The modules that a module imports.

    Args:
        tree: the module.
        only_at_start: whether to leave out what is imported inside of functions, or for types
            alone.
    """
    for node in ast.iter_child_nodes(tree):
        if only_at_start and isinstance(node, ast.FunctionDef):
            continue
        if only_at_start and isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            continue
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                name = f"{node.module}.{alias.name}"
                yield name if name in MODULES else node.module
        else:
            yield from imported(node, only_at_start=only_at_start)


def test_imports_run_one_way() -> None:
    upward = [
        f"{name} imports {other}"
        for name, tree in MODULES.items()
        for other in imported(tree, only_at_start=False)
        if (top := other.partition(".")[0]) in PACKAGES
        and PACKAGES.index(top) > PACKAGES.index(name.partition(".")[0])
    ]
    assert len(MODULES) > 300
    assert upward == []


def test_no_installed_module_imports_what_is_not_installed() -> None:
    outside = {"benchmarks", "docs", "examples", "tests"}
    found = [
        f"{name} imports {other}"
        for name, tree in MODULES.items()
        for other in imported(tree, only_at_start=False)
        if not name.startswith("benchmarks") and other.partition(".")[0] in outside
    ]
    assert found == []


def test_no_pass_imports_a_tool() -> None:
    found = [
        f"{name} imports {other}"
        for name, tree in MODULES.items()
        if name.startswith("lowering.") and not name.startswith(TOOLS)
        for other in imported(tree, only_at_start=False)
        if other.startswith(TOOLS)
    ]
    assert found == []


ROOMS = ("lowering.support", "lowering.loops", "lowering.stages", "lowering.tools")
"""Folders of the lowering; each may import those before it."""


def test_rooms_are_imported_one_way() -> None:
    def room(name: str) -> int:
        return next((k for k, room in enumerate(ROOMS) if name.startswith(f"{room}.")), -1)

    found = [
        f"{name} imports {other}"
        for name, tree in MODULES.items()
        for other in imported(tree, only_at_start=False)
        if -1 < room(name) < room(other)
    ]
    assert any(room(name) == len(ROOMS) - 1 for name in MODULES)
    assert found == []


def cycle(graph: dict[str, set[str]]) -> list[str]:
    """Some modules that import each other in a circle, or none."""
    finished: set[str] = set()

    def visit(name: str, path: list[str]) -> list[str]:
        if name in path:
            return [*path[path.index(name) :], name]
        if name in finished:
            return []
        for other in sorted(graph.get(name, ())):
            if found := visit(other, [*path, name]):
                return found
        finished.add(name)
        return []

    for name in graph:
        if found := visit(name, []):
            return found
    return []


def test_no_module_imports_itself_by_way_of_others() -> None:
    graph = {
        name: {other for other in imported(tree, only_at_start=True) if other in MODULES} - {name}
        for name, tree in MODULES.items()
    }
    assert cycle(graph) == []


@pytest.mark.parametrize(
    ("graph", "expected"),
    [
        ({"a": {"b"}, "b": {"c"}, "c": set[str]()}, []),
        ({"a": {"b"}, "b": {"c"}, "c": {"b"}}, ["b", "c", "b"]),
    ],
)
def test_cycles_are_found(graph: dict[str, set[str]], expected: list[str]) -> None:
    assert cycle(graph) == expected
