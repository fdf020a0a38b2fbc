"""The assembly of the kernels of `kernels.json`, and what of it differs between two commits.

    python -m benchmarks.assembly write COMMIT FOLDER [--only TEXT]
    python -m benchmarks.assembly compare OLD NEW [--only TEXT]

OLD and NEW are commits, `.` for the files as they are, or folders that `write` made. The modules
are those of the files as they are, so both commits compile the same ones. The exit code is 1 where
any kernel differs.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from benchmarks.kernels import BenchmarkKernel, load_kernels
from benchmarks.strategy_names import names_of
from benchmarks.worktrees import checkout, environment, python

SCRIPT = Path(__file__).parent / "write_assembly.py"
_COMMENT = re.compile(r"\s*(?:#|@|//) .*$")
_UNTOLD = re.compile(r"\s*\.(?:file|ident)\b")
"""Directives that say who compiled."""


def write(kernels: Sequence[BenchmarkKernel], tree: Path, folder: Path) -> None:
    """Write the assembly of kernels, compiled by a checkout, to `<name>.s` in a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    entries = [
        {
            "name": kernel.name,
            "module": kernel.module_text(),
            "target": kernel.target,
            "strategies": names_of(kernel.strategy),
            "records": kernel.records,
        }
        for kernel in kernels
    ]
    (folder / "kernels.json").write_text(json.dumps(entries))
    command = python(tree, SCRIPT, str(folder))
    subprocess.run(command, cwd=tree, env=environment(tree), check=True)


def normalized(text: str) -> list[str]:
    """The lines that count, without comments."""
    lines = (_COMMENT.sub("", line).rstrip() for line in text.splitlines())
    return [line for line in lines if line and not _UNTOLD.match(line)]


def instructions(lines: Sequence[str]) -> list[str]:
    """The instructions among lines of assembly."""
    return [line for line in lines if line[0].isspace() and not line.lstrip().startswith(".")]


def difference(old: str, new: str) -> str | None:
    """What differs between two texts of assembly, or None where nothing does."""
    for name, text in (("the old commit", old), ("the new commit", new)):
        if text.startswith("# "):
            return f"{name} does not compile it: {text[2:].splitlines()[0]}"
    lines = normalized(old), normalized(new)
    if lines[0] == lines[1]:
        return None
    before, after = map(instructions, lines)
    if before == after:
        return f"{len(before)} instructions, all the same; the data differ"
    return f"{len(before)} instructions -> {len(after)} ({len(after) - len(before):+})"


def _folder_of(place: str, kernels: Sequence[BenchmarkKernel], scratch: Path) -> Path:
    """The folder with the assembly of a commit, or the one that is named."""
    if place != "." and Path(place).is_dir():
        return Path(place)
    with checkout(place) as tree:
        write(kernels, tree, scratch)
    return scratch


def compare(old: str, new: str, kernels: Sequence[BenchmarkKernel]) -> int:
    """Print which kernels differ and by how many instructions; the number of them."""
    differing = 0
    with tempfile.TemporaryDirectory(prefix="lowbit-") as scratch:
        before = _folder_of(old, kernels, Path(scratch) / "old")
        after = _folder_of(new, kernels, Path(scratch) / "new")
        for kernel in kernels:
            texts = ((side / f"{kernel.name}.s").read_text() for side in (before, after))
            found = difference(*texts)
            if found is not None:
                differing += 1
                print(f"{kernel.name}: {found}")
    print(f"{len(kernels) - differing} of {len(kernels)} kernels have the same assembly")
    return differing


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.assembly")
    parser.add_argument("--only", default="", help="the kernels whose name contains this")
    commands = parser.add_subparsers(dest="command", required=True)
    writer = commands.add_parser("write", help="write the assembly of a commit to a folder")
    writer.add_argument("commit")
    writer.add_argument("folder", type=Path)
    comparer = commands.add_parser("compare", help="say which kernels differ")
    comparer.add_argument("old")
    comparer.add_argument("new")
    given = parser.parse_args(arguments)
    kernels = [kernel for kernel in load_kernels() if given.only in kernel.name]
    try:
        if given.command == "compare":
            return int(compare(given.old, given.new, kernels) > 0)
        with checkout(given.commit) as tree:
            write(kernels, tree, given.folder)
    except ValueError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
