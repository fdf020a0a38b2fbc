"""Checkouts of commits beside this one, and processes of this Python that run their code."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).parent.parent


def _git(*arguments: str) -> str:
    found = subprocess.run(
        ["git", *arguments], cwd=ROOT, check=True, capture_output=True, text=True
    )
    return found.stdout.strip()


@contextmanager
def checkout(commit: str) -> Iterator[Path]:
    """A worktree of a commit, removed afterwards; for `.` the files as they are.

    Raises:
        ValueError: there is no such commit.
    """
    if commit == ".":
        yield ROOT
        return
    try:
        digest = _git("rev-parse", "--verify", "--quiet", f"{commit}^{{commit}}")
    except subprocess.CalledProcessError:
        raise ValueError(f"no commit {commit!r}") from None
    with tempfile.TemporaryDirectory(prefix="lowbit-") as folder:
        tree = Path(folder) / "tree"
        _git("worktree", "add", "--detach", str(tree), digest)
        try:
            yield tree
        finally:
            _git("worktree", "remove", "--force", str(tree))


def python(tree: Path, script: Path, *arguments: str) -> Sequence[str]:
    """The command that runs a script of this folder with the packages of a checkout."""
    return [sys.executable, "-P", str(script), *arguments]


def environment(tree: Path) -> dict[str, str]:
    """The environment in which the packages of a checkout come first."""
    return {**os.environ, "PYTHONPATH": str(tree)}
