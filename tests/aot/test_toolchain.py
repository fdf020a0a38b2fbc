"""What is found, and what is said where nothing is."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from lowering.targets import TARGETS, get_target
from runtime.aot import toolchain
from runtime.aot.toolchain import (
    ToolFailedError,
    ToolMissingError,
    build_program,
    find_c_compiler,
    find_emulator,
    find_linker,
    is_native,
)

FOREIGN = [name for name, target in TARGETS.items() if not is_native(target)]


@pytest.fixture
def _no_tools(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda name: None)
    monkeypatch.setattr(toolchain, "find_spec", lambda name: None)


@pytest.mark.usefixtures("_no_tools")
@pytest.mark.parametrize("target", FOREIGN)
@pytest.mark.parametrize(
    ("find", "package"),
    [(find_linker, "lld"), (find_c_compiler, "gcc-a"), (find_emulator, "qemu-user")],
)
def test_a_missing_tool_is_a_line_that_says_how_to_get_it(target, find, package) -> None:
    with pytest.raises(ToolMissingError, match=package) as raised:
        find(get_target(target))
    assert "\n" not in str(raised.value)


@pytest.mark.usefixtures("_no_tools")
def test_this_machine_needs_no_emulator() -> None:
    assert find_emulator(get_target("host")) == ()


def test_a_failed_build_says_what_the_compiler_said(tmp_path: Path) -> None:
    target = get_target("host")
    try:
        find_c_compiler(target)
    except ToolMissingError as missing:
        pytest.skip(str(missing))
    source = tmp_path / "main.c"
    source.write_text("int main(void) { return undeclared; }\n")
    with pytest.raises(ToolFailedError, match="undeclared"):
        build_program([source], tmp_path / "main", target)
    source.write_text("int main(void) { return 3; }\n")
    build_program([source], tmp_path / "main", target)
    assert subprocess.run([tmp_path / "main"], check=False).returncode == 3
