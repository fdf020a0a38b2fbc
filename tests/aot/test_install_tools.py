"""What is missing is installed where that can be done, and named where it cannot."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from runtime.tools import ToolMissingError
from tests.tools import needed

SCRIPT = Path(__file__).parents[2] / ".ci" / "install_tools"
APT_GET = """#!/bin/sh
echo "$*" >>"$LOG"
case "$*" in
  *llvm-19*lld*|*lld*llvm-19*) exit 100 ;;
  *" lld") ln -s "$LLD" "$FOLDER/ld.lld" ;;
esac
"""


def run(folder: Path, user: int) -> subprocess.CompletedProcess[str]:
    """The script where the PATH has hardly anything, as root or not."""
    for name in ("bash", "sh", "sort", "tr", "timeout", "ln", "env", "dirname"):
        path = shutil.which(name)
        assert path is not None
        (folder / name).symlink_to(path)
    for name, text in (("apt-get", APT_GET), ("id", f"#!/bin/sh\necho {user}\n")):
        (folder / name).write_text(text)
        (folder / name).chmod(0o755)
    env = {
        "PATH": str(folder),
        "LOG": str(folder / "log"),
        "FOLDER": str(folder),
        "LLD": shutil.which("ld.lld") or "/bin/false",
    }
    return subprocess.run(
        [SCRIPT, sys.executable], env=env, capture_output=True, text=True, check=True
    )


def test_root_installs_what_is_missing(tmp_path: Path) -> None:
    done = run(tmp_path, 0)
    calls = (tmp_path / "log").read_text().splitlines()
    assert calls[0].endswith("update")
    together, *each = [line for line in calls if " install " in line]
    packages = together.partition("recommends ")[2].split()
    cross = {"gcc-aarch64-linux-gnu", "gcc-riscv64-linux-gnu"}
    expected = {"gcc", "libc6-dev", "qemu-user", *cross, "lld", "llvm-19"}
    assert expected <= set(packages)
    assert [line.rpartition(" ")[2] for line in each] == packages, "one by one where that failed"
    assert done.stdout.startswith("installing ")
    assert done.stderr.startswith("not installed: ")
    assert "qemu-user" in done.stderr
    if shutil.which("ld.lld"):
        assert " lld " not in done.stderr, "it was installed"


def test_others_are_told(tmp_path: Path) -> None:
    done = run(tmp_path, 1000)
    assert not (tmp_path / "log").exists()
    assert "(Debian, Ubuntu: apt-get install " in done.stderr
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("ci", "outcome"), [("", pytest.skip.Exception), ("true", pytest.fail.Exception)]
)
def test_tests_are_skipped_but_never_in_ci(ci: str, outcome, monkeypatch) -> None:
    def find() -> str:
        raise ToolMissingError("no such tool: it is in the package tools")

    monkeypatch.setitem(os.environ, "CI", ci)
    with pytest.raises(outcome, match="in the package tools"):
        needed(find)
    assert needed(lambda: "tool") == "tool"
