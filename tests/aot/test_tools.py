"""A tool is chosen by what it can do; a message says what the others lack."""

from __future__ import annotations

from pathlib import Path

import pytest

from lowering.targets import TARGETS, get_target
from runtime.tools import Command, Tool, ToolMissingError, UnfitError, c_tools, find, llvm_tools
from runtime.tools.__main__ import main
from runtime.tools.c_tools import find_c_compiler, find_cxx_compiler, find_linker
from runtime.tools.emulators import emulator, find_emulator
from runtime.tools.platforms import is_native
from tests.tools import needed

FOREIGN = [name for name, target in TARGETS.items() if not is_native(target)]
HOST = get_target("host")


@pytest.fixture
def bin_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The only folder on the PATH; there is no ziglang."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(c_tools, "find_spec", lambda name: None)
    return tmp_path


def write(folder: Path, name: str, text: str) -> str:
    path = folder / name
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return str(path)


def version(number: str) -> str:
    return f"echo 'Debian LLVM version {number}'"


@pytest.mark.usefixtures("bin_folder")
@pytest.mark.parametrize("target", FOREIGN)
@pytest.mark.parametrize(
    ("find_command", "package"),
    [
        (find_linker, "lld"),
        (find_c_compiler, r"gcc-\w+-linux"),
        (find_cxx_compiler, r"g\+\+-\w+-linux"),
        (find_emulator, "qemu-user"),
    ],
)
def test_a_missing_tool_is_a_line_that_says_how_to_get_it(target, find_command, package) -> None:
    with pytest.raises(ToolMissingError, match=package) as raised:
        find_command(get_target(target))
    assert "\n" not in str(raised.value)


@pytest.mark.usefixtures("bin_folder")
@pytest.mark.usefixtures("bin_folder")
def test_the_table_shows_messages_as_they_are(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["tools"])
    main()
    assert "(pip install 'lowbit[ziglang]')" in " ".join(capsys.readouterr().out.split())


def test_this_machine_needs_no_emulator() -> None:
    assert find_emulator(HOST) == ()


def test_an_old_llvm_mca_is_passed_over(bin_folder: Path) -> None:
    old = write(bin_folder, "llvm-mca", version("14.0.6"))
    with pytest.raises(ToolMissingError, match=f"LLVM 19 or later .*{old} is version 14.*llvm-19"):
        llvm_tools.find_mca()


def test_the_newest_version_is_taken_whatever_its_name(bin_folder: Path) -> None:
    write(bin_folder, "llvm-mca-19", version("19.1.7"))
    plain = write(bin_folder, "llvm-mca", version("22.1.8"))
    assert llvm_tools.find_mca() == (plain,)


def test_a_later_installation_is_found_on_a_new_path(
    bin_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(ToolMissingError):
        llvm_tools.find_mca()
    folder = bin_folder / "more"
    folder.mkdir()
    found = write(folder, "llvm-mca-20", version("20.1.0"))
    monkeypatch.setenv("PATH", f"{bin_folder}:{folder}")
    assert llvm_tools.find_mca() == (found,)


def test_a_compiler_without_a_c_library_is_no_c_compiler(bin_folder: Path) -> None:
    gcc = write(
        bin_folder, "gcc", "echo 'probe.c:1:10: fatal error: stdio.h: No such file'; exit 1"
    )
    with pytest.raises(ToolMissingError, match=f"{gcc} fails: .*stdio.h.*gcc libc6-dev"):
        find_c_compiler(HOST)


def test_a_program_that_cannot_run_what_it_builds_is_none(bin_folder: Path) -> None:
    write(bin_folder, "cc", 'while [ "$1" != -o ]; do shift; done; : > "$2"; /bin/chmod 755 "$2"')
    with pytest.raises(ToolMissingError, match="cc does not run"):
        find_c_compiler(HOST)


def test_the_next_one_is_taken_where_the_first_fails(bin_folder: Path) -> None:
    write(bin_folder, "first", "exit 3")
    second = write(bin_folder, "second", "exit 0")

    def probe(command: Command) -> tuple[int, ...]:
        if not command[0].endswith("second"):
            raise UnfitError("is not the second")
        return ()

    tool = Tool("program", (("first",), ("second", "-x")), probe, ("package",))
    assert find(tool) == (second, "-x")


def test_a_hanging_program_does_not_hang_the_search(
    bin_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("runtime.tools.tool._PROBE_SECONDS", 0.2)
    write(bin_folder, "llvm-mca", "exec /bin/sleep 60")
    with pytest.raises(ToolMissingError, match="timed out"):
        llvm_tools.find_mca()


def test_an_emulator_that_does_not_know_the_processor_is_none(bin_folder: Path) -> None:
    write(bin_folder, "qemu-aarch64", "echo 'Available CPUs:'; echo '  cortex-a53'; exit 1")
    assert find(emulator(get_target("cortex-a53")))
    with pytest.raises(ToolMissingError, match="does not know the processor neoverse-n1"):
        find(emulator(get_target("neoverse-n1")))


def test_what_is_found_here_builds_programs() -> None:
    for find_command in (find_c_compiler, find_cxx_compiler, find_linker):
        assert needed(lambda find_command=find_command: find_command(HOST))
