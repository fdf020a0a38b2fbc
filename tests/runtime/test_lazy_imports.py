"""Imports that wait until they are needed, which a fork in another thread must not cut in two."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

COMMANDS = ("tools", "cli", "measure", "emulation", "tuner", "remote", "tools", "aot", "analysis")
"""Folders that nothing imports which runs beside a program's own threads."""

ENTRIES = ("opt_main.py", "interrupts.py")
"""Where a command starts, before there is another thread."""

IMPORTS = {"import_module", "__import__", "entry.load"}
"""Functions that import; the last one is that of an entry point."""


def lazy_imports(node: ast.AST, is_guarded: bool = True) -> Iterator[ast.AST]:
    """The imports in functions that do not hold `COMPILER_LOCK`."""
    if isinstance(node, ast.FunctionDef | ast.Lambda):
        is_guarded = False
    if isinstance(node, ast.With):
        names = [ast.unparse(item.context_expr) for item in node.items]
        is_guarded = is_guarded or "COMPILER_LOCK" in names
    is_import = isinstance(node, ast.Import | ast.ImportFrom)
    is_call = isinstance(node, ast.Call) and ast.unparse(node.func) in IMPORTS
    if not is_guarded and (is_import or is_call):
        yield node
    for child in ast.iter_child_nodes(node):
        yield from lazy_imports(child, is_guarded)


def test_every_lazy_import_holds_the_lock():
    files = [
        *ROOT.glob("lowbit/**/*.py"),
        *ROOT.glob("lowbit_dialect/**/*.py"),
        *ROOT.glob("lowering/**/*.py"),
        *ROOT.glob("runtime/**/*.py"),
    ]
    unguarded = [
        f"{path.relative_to(ROOT)}:{node.lineno}"  # pyright: ignore
        for path in files
        if path.relative_to(ROOT).parts[1] not in COMMANDS and path.name not in ENTRIES
        for node in lazy_imports(ast.parse(path.read_text()))
    ]
    assert len(files) > 200
    assert unguarded == []


@pytest.mark.parametrize(
    ("code", "count"),
    [
        ("import a", 0),
        ("def f():\n    import a", 1),
        ("def f():\n    return import_module('a')", 1),
        ("f = lambda: import_module('a')", 1),
        ("def f():\n    entry.load()", 1),
        ("def f():\n    with COMPILER_LOCK:\n        from a import b", 0),
        ("with COMPILER_LOCK:\n    def f():\n        import a", 1),
    ],
)
def test_a_lazy_import_is_found(code: str, count: int):
    assert len(list(lazy_imports(ast.parse(code)))) == count
