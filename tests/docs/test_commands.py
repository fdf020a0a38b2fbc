"""Every command and every piece of Python in the documentation runs as it is written.

A document's ```sh and ```python blocks run in order, in a folder that looks like the root of the
repository, so that what one block writes the next can read; Python blocks share their names. A
block behind `<!-- not run: why -->` is not run: it may hold only what `.ci/run` runs anyway.
"""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.installed import forget, install_example

ROOT = Path(__file__).parents[2]
DOCUMENTS = [
    ROOT / "README.md",
    *sorted((ROOT / "docs").glob("*.md")),
    *sorted((ROOT / "examples").glob("*/README.md")),
]
SECONDS = 240
NOT_MIRRORED = {".git", ".venv", "build", ".pytest_cache", ".ruff_cache", ".hypothesis"}

BLOCK = re.compile(
    r"^(?P<marker><!-- not run: .+ -->\n+)?```(?P<language>sh|python)\n(?P<text>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)
EXAMPLE_INSTALLED = re.compile(r"^pip install -e (examples/\w+)$", re.MULTILINE)
COVERED_BY_CI = re.compile(r"make (run|test|help)|pip install |python3 -m venv |\. \.venv/|#")


@dataclass(frozen=True)
class Block:
    """A fenced block of a document, and the number of its first line."""

    language: str
    text: str
    line: int
    is_run: bool


def blocks_of(document: Path) -> list[Block]:
    text = document.read_text()
    return [
        Block(
            match["language"],
            match["text"],
            text.count("\n", 0, match.start("text")) + 1,
            match["marker"] is None,
        )
        for match in BLOCK.finditer(text)
    ]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with links to all that the root of the repository holds."""
    for path in ROOT.iterdir():
        if path.name not in NOT_MIRRORED:
            (tmp_path / path.name).symlink_to(path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    return tmp_path


def run_shell(block: Block, folder: Path) -> None:
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", block.text],
        cwd=folder,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert done.returncode == 0, f"exit {done.returncode}\n{done.stdout[-2000:]}{done.stderr}"


@pytest.fixture
def packages(document: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The packages that a document installs are known to its blocks, without an installation."""
    installed = EXAMPLE_INSTALLED.findall(document.read_text())
    paths = [install_example(ROOT / path, tmp_path, monkeypatch) for path in installed]
    if installed:
        monkeypatch.setenv("PYTHONPATH", os.pathsep.join(str(p) for of in paths for p in of))
    yield
    monkeypatch.undo()
    if installed:
        forget()


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
@pytest.mark.usefixtures("packages")
def test_blocks_run(document: Path, folder: Path) -> None:
    names: dict[str, object] = {"__name__": "__main__"}
    for block in blocks_of(document):
        if not block.is_run:
            continue
        where = f"{document.relative_to(ROOT)}:{block.line}"
        print(f"{where}\n{block.text}")
        if block.language == "sh":
            run_shell(block, folder)
        else:
            # Line numbers of a traceback are those of the document.
            exec(compile("\n" * (block.line - 1) + block.text, where, "exec"), names)


def test_what_is_not_run_here_is_run_by_ci() -> None:
    skipped = [block for document in DOCUMENTS for block in blocks_of(document) if not block.is_run]
    for block in skipped:
        for line in block.text.splitlines():
            assert COVERED_BY_CI.match(line), line


def test_the_readme_has_commands() -> None:
    languages = {block.language for block in blocks_of(ROOT / "README.md") if block.is_run}
    assert languages == {"sh", "python"}
