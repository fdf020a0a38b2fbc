"""Linking and compiling with the programs that `runtime.tools` finds."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from pathlib import Path

from lowering.targets import Target
from runtime.tools.c_tools import find_c_compiler, find_linker

_TIME_LIMIT = 900
"""Seconds; the first program that `ziglang` makes for a target takes minutes, for its libc."""


class ToolFailedError(ValueError):
    """A program failed; the message is what it said."""


def link_shared(
    objects: Sequence[Path], output: Path, target: Target, *, soname: str | None = None
) -> None:
    """Link objects as a shared library that needs no other.

    Raises:
        ToolMissingError: there is no linker.
        ToolFailedError: it failed, for example because a symbol is nowhere defined.
    """
    command = find_linker(target)
    # -Bsymbolic: its functions call each other straight, nobody can come between.
    options = ["-shared", "--no-undefined", "-Bsymbolic", f"-soname={soname or output.name}"]
    if "-nostdlib" in command:  # a compiler, which hands options on
        options = [options[0], *(f"-Wl,{option}" for option in options[1:])]
    _run([*command, *options, "-o", str(output), *map(str, objects)])


def link_program(objects: Sequence[Path], output: Path, target: Target, *, entry: str) -> None:
    """Link objects as a static program at fixed addresses, without any library, that starts at
    `entry`.

    Raises:
        ToolMissingError: there is no linker.
        ToolFailedError: it failed, for example because a symbol is nowhere defined.
    """
    command = find_linker(target)
    start = f"-Wl,-e,{entry}" if "-nostdlib" in command else f"--entry={entry}"
    _run([*command, "-static", start, "-o", str(output), *map(str, objects)])


def build_program(
    sources: Sequence[Path],
    output: Path,
    target: Target,
    *,
    static: bool = True,
    options: Sequence[str] = (),
) -> None:
    """Compile and link C sources, objects and libraries as a program.

    `options` come before the files, with the exception of libraries (`-l..`), which come last.

    Raises:
        ToolMissingError: there is no C compiler.
        ToolFailedError: it failed.
    """
    libraries = [option for option in options if option.startswith("-l")]
    others = [option for option in options if not option.startswith("-l")]
    kind = ["-static"] if static else []
    command = [*find_c_compiler(target), "-O2", *kind, *others, "-o", str(output)]
    _run([*command, *map(str, sources), *libraries])


def _run(command: Sequence[str]) -> None:
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=_TIME_LIMIT, check=False
        )
    except subprocess.TimeoutExpired:
        raise ToolFailedError(f"{command[0]} took more than {_TIME_LIMIT} s") from None
    if done.returncode != 0:
        said = " ".join((done.stderr or done.stdout).split())[:500]
        raise ToolFailedError(f"{command[0]} failed: {said or f'exit code {done.returncode}'}")
