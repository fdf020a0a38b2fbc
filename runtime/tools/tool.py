"""A tool, and the search for a program that can do its work."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

Command = tuple[str, ...]
"""A program and its first arguments."""

Version = tuple[int, ...]
"""Numbers of a version, the most significant first; empty where versions do not matter."""

_PROBE_SECONDS = 60
"""The time limit of a trial."""


class ToolMissingError(ValueError):
    """No program can do the work of a tool; the message says how to get one."""


class UnfitError(Exception):
    """A program is there and cannot do the work of a tool; the message says why."""


@dataclass(frozen=True)
class Tool:
    """Work that a program from elsewhere does.

    Attributes:
        name: the subject of messages, for example "C compiler for cortex-a53".
        candidates: commands that may do it. The first word is looked up on the PATH.
        probe: tries a command, whose first word is a path. It returns the version of the program,
            or raises `UnfitError`.
        packages: packages of Debian and Ubuntu that have it.
        instead: what a user may install in place of the packages, as the end of a sentence.
    """

    name: str
    candidates: tuple[Command, ...]
    probe: Callable[[Command], Version]
    packages: tuple[str, ...]
    instead: str = ""


def find(tool: Tool) -> Command:
    """The newest command on the PATH that passes the probe of a tool.

    Of commands of the same version, and of those whose version does not matter, the first is taken.
    A search is remembered as long as the PATH stays the same.

    Raises:
        ToolMissingError: there is none; the message is one line, which names the programs that were
            tried, what they lack, and the packages to install.
    """
    found = _find(tool, os.environ.get("PATH", ""))
    if isinstance(found, str):
        raise ToolMissingError(found)
    return found


def run_probe(command: Sequence[str], *, codes: Sequence[int] = (0,)) -> str:
    """The standard output of a trial, which has to end with one of the exit `codes`.

    Raises:
        UnfitError: the program cannot be run, fails, or takes more than a minute.
    """
    try:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_PROBE_SECONDS,
            check=False,
            errors="replace",
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise UnfitError(f"does not run ({error})") from None
    if done.returncode not in codes:
        lines = (done.stderr or done.stdout).strip().splitlines()
        said = next((line for line in lines if "error" in line), next(iter(lines), ""))
        raise UnfitError(f"fails: {said.strip()[:200] or f'exit code {done.returncode}'}")
    return done.stdout


@cache
def _find(tool: Tool, path: str) -> Command | str:
    """A command, or the message where there is none. `path` is a key of the memory only."""
    best: tuple[Version, Command] | None = None
    unfit = []
    for command in _installed(tool.candidates):
        try:
            version = tool.probe(command)
        except UnfitError as error:
            unfit.append(f"{command[0]} {error}")
            continue
        if not version:
            return command
        if best is None or version > best[0]:
            best = version, command
    if best is not None:
        return best[1]
    tried = f" ({'; '.join(unfit)})" if unfit else ""
    packages = " ".join(tool.packages)
    plural = "s" if len(tool.packages) > 1 else ""
    return (
        f"no {tool.name} on the PATH{tried}:"
        f" Debian and Ubuntu have it in the package{plural} {packages}{tool.instead}"
    )


def _installed(candidates: Sequence[Command]) -> Iterator[Command]:
    """The candidates that are on the PATH, with their paths; each program once."""
    seen = set()
    for name, *arguments in candidates:
        path = shutil.which(name)
        if path is None or (key := (Path(path).resolve(), *arguments)) in seen:
            continue
        seen.add(key)
        yield (path, *arguments)
