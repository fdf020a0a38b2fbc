"""Write `passes.md`, the reference of the passes, from their docstrings and options.

python -m docs.generate_passes            rewrite the page
python -m docs.generate_passes --check    only say whether it is out of date, and fail if so
"""

from __future__ import annotations

import inspect
import re
import sys
from dataclasses import MISSING, fields
from pathlib import Path
from types import ModuleType

from xdsl.passes import ModulePass
from xdsl.pattern_rewriter import RewritePattern

from docs.docstrings import escape
from lowbit.targets import get_target
from lowering.pipeline import LEVELS
from lowering.tiles import lower_tile
from lowering.universe import LOWBIT_UNIVERSE

PAGE = Path(__file__).parent / "passes.md"

INTRODUCTION = """\
# Passes

Made by `python -m docs.generate_passes` from the code; do not edit by hand. The sketches show IR
before and after, types and clauses left out.

A pass runs by its name in `lowbit-opt FILE -p 'name{option=value},other-name'`, and in plain
`xdsl-opt` too. `lowbit-pipeline` runs them all, in this order:

| reaches level | passes |
|---|---|
"""


def sketched(text: str) -> str:
    """A docstring in Markdown, where paragraphs of IR become code."""
    parts = []
    code: list[str] = []
    for block in [*inspect.cleandoc(text).split("\n\n"), ""]:
        if block and re.match(
            r"\s*(%|->|func\.|scf\.|affine\.for|linalg\.|memref\.copy|lowbit\.compute|llvm\.func|\^"
            r"|uses of)|\s{4}",
            block,
        ):
            code.append(block)
            continue
        if code:
            parts.append(f"```mlir\n{_dedented(code)}\n```")
            code = []
        parts += [escape(" ".join(block.split()))] if block else []
    return "\n\n".join(parts)


def _dedented(blocks: list[str]) -> str:
    """Paragraphs of IR without the indentation that all lines but the arrows share."""
    lines = "\n".join(blocks).split("\n")
    indent = min(len(line) - len(line.lstrip()) for line in lines if line not in ("", "->"))
    return "\n".join(line if line == "->" else line[indent:] for line in lines)


def pass_entry(kind: type[ModulePass]) -> str:
    """The entry of a pass: what its file says, its options, and its patterns."""
    module = inspect.getmodule(kind)
    assert module is not None
    about = re.sub(rf"^`{kind.name}`: ", "", inspect.cleandoc(module.__doc__ or ""))
    parts = [
        f"## `{kind.name}`",
        f"File [{_path(module)}](../{_path(module)}).",
        sketched(about[:1].upper() + about[1:]),
    ]
    options = [(f.name, f.default) for f in fields(kind) if f.name != "name"]
    if options:
        rows = [
            f"| `{name}` | {'must be given' if default is MISSING else f'`{default}`'} |"
            for name, default in options
        ]
        parts.append("\n".join(["| option | default |", "|---|---|", *rows]))
    parts += [f"### {p.__name__}\n\n{sketched(p.__doc__ or '')}" for p in _patterns(module)]
    return "\n\n".join(parts)


def _patterns(module: ModuleType) -> list[type[RewritePattern]]:
    """The patterns of the pass of a module: those of strategies, or those that it names."""
    if module is lower_tile:
        return [type(pattern) for pattern in lower_tile.tile_patterns(get_target("host")).values()]
    package = module.__name__.rpartition(".")[0] + "."  # patterns may have files of their own
    return [
        pattern
        for pattern in vars(module).values()
        if inspect.isclass(pattern)
        and pattern.__module__.startswith(package)
        and issubclass(pattern, RewritePattern)
        and pattern.__doc__
    ]


def _path(module: ModuleType) -> str:
    return module.__name__.replace(".", "/") + ".py"


def render() -> str:
    """The whole page."""
    rows = []
    for level, steps in LEVELS.items():
        names = ", ".join(f"`{step.name}`" for step in steps)
        rows.append(f"| {level} | {names or 'none: this is where it starts'} |")
    entries = [pass_entry(load()) for load in LOWBIT_UNIVERSE.all_passes.values()]
    return INTRODUCTION + "\n".join(rows) + "\n\n" + "\n\n".join(entries) + "\n"


def main(check: bool) -> int:
    """Rewrite or check the page; the exit code."""
    new = render()
    if PAGE.exists() and PAGE.read_text() == new:
        return 0
    if check:
        print("passes.md is out of date: run python -m docs.generate_passes")
        return 1
    PAGE.write_text(new)
    print("rewritten: passes.md")
    return 0


if __name__ == "__main__":
    sys.exit(main("--check" in sys.argv[1:]))
