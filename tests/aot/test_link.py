"""Programs built with what is found, and what is said where that fails."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from lowering.targets import get_target
from runtime.aot.link import ToolFailedError, build_program
from runtime.tools.c_tools import find_c_compiler
from tests.tools import needed


def test_a_failed_build_says_what_the_compiler_said(tmp_path: Path) -> None:
    target = get_target("host")
    needed(lambda: find_c_compiler(target))
    source = tmp_path / "main.c"
    source.write_text("int main(void) { return undeclared; }\n")
    with pytest.raises(ToolFailedError, match="undeclared"):
        build_program([source], tmp_path / "main", target)
    source.write_text("int main(void) { return 3; }\n")
    build_program([source], tmp_path / "main", target)
    assert subprocess.run([tmp_path / "main"], check=False).returncode == 3
