"""`lowbit tune --on`: kernels measured on other machines, for which stand-ins run here."""

import sys
from pathlib import Path

import pytest

from lowering.kernels.records import load_records
from lowering.targets import get_target
from runtime.tools.c_tools import find_c_compiler
from runtime.tools.emulators import find_emulator
from tests.cli.conftest import Lowbit
from tests.cli.test_tune import GEMM, QUICK
from tests.remote import fake_ssh
from tests.tools import needed


@pytest.fixture(autouse=True)
def _gemm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A module with a small matrix product, in the current folder."""
    monkeypatch.chdir(tmp_path)
    Path("gemm.mlir").write_text(GEMM)


@pytest.fixture
def _ssh(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A stand-in for ssh on the PATH; what it was called with is in the file log."""
    program = tmp_path / "bin" / "ssh"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nexec {sys.executable} {fake_ssh.__file__} "$@"\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(program.parent), prepend=":")
    monkeypatch.setenv("FAKE_SSH_LOG", str(tmp_path / "log"))
    monkeypatch.setenv("TMPDIR", str(tmp_path))


def test_an_emulated_board_is_tuned_and_its_records_compile_for_it(lowbit: Lowbit):
    target = get_target("cortex-a7")
    needed(lambda: (find_c_compiler(target), find_emulator(target)))
    outcome = lowbit("tune", "gemm.mlir", "--on=qemu", "--target=cortex-a7", "--trials=3", *QUICK)
    assert outcome.code == 0, outcome.err
    (record,) = load_records(Path("records.jsonl"))
    assert record.target == "cortex-a7"
    for records in ("records.jsonl", "none"):
        compiled = lowbit(
            *("compile", "gemm.mlir", "--target=cortex-a7", "--emit=mlir", "--level=kernels"),
            *("--records", records),
        )
        assert compiled.code == 0
        if records != "none":
            assert str(record.schedule) in compiled.out


@pytest.mark.usefixtures("_ssh")
def test_boards_behind_ssh_share_the_work_and_are_left_clean(lowbit: Lowbit, tmp_path: Path):
    native = "x86-64-v3" if get_target("host").arch == "x86_64" else "cortex-a53"
    needed(lambda: find_c_compiler(get_target(native)))
    outcome = lowbit(
        *("tune", "gemm.mlir", "--target", native, "--trials", 4, *QUICK),
        *("--on=ssh://pi@one", "--on=ssh://two:2222"),
    )
    assert outcome.code == 0, outcome.err
    assert [r.target for r in load_records(Path("records.jsonl"))] == [get_target(native).cpu]
    calls = Path("log").read_text().splitlines()
    assert any(call.startswith("pi@one ") for call in calls)
    assert any(call.startswith("two ") and "-p" in call for call in calls)
    assert not list(tmp_path.glob("lowbit.*"))


@pytest.mark.usefixtures("_ssh")
@pytest.mark.parametrize(
    ("host", "said"), [("nowhere", "not known"), ("locked", "Permission denied")]
)
def test_a_board_that_cannot_be_reached_is_a_line(lowbit: Lowbit, host: str, said: str):
    needed(lambda: find_c_compiler(get_target("cortex-a53")))
    outcome = lowbit("tune", "gemm.mlir", f"--on=ssh://{host}", "--target=cortex-a53", *QUICK)
    assert outcome.code == 1
    assert said in outcome.err
    assert len(outcome.err.splitlines()) == 1
    assert not Path("records.jsonl").exists()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--on=qemu",), "--on goes with --target"),
        (("--target=cortex-a53",), "--target goes with --on"),
        (("--on=qemu", "--target=cortex-a53", "--isa=avx2"), "--isa is for this machine"),
        (("--on=qemu", "--target=cortex-a53", "--jobs=2"), "--jobs is for this machine"),
    ],
)
def test_arguments_that_do_not_go_together(lowbit: Lowbit, arguments, said: str):
    outcome = lowbit("tune", "gemm.mlir", *arguments)
    assert outcome.code == 1
    assert said in outcome.err


@pytest.mark.parametrize(
    "machine", ["pi@board", "ssh://", "ssh://board:none", "ssh://board/path", "http://board"]
)
def test_a_machine_must_be_a_url_of_ssh_or_the_emulator(lowbit: Lowbit, machine: str):
    outcome = lowbit("tune", "gemm.mlir", "--on", machine, "--target=cortex-a53")
    assert outcome.code == 2
    assert "expected ssh://[USER@]HOST[:PORT] or qemu" in outcome.err
