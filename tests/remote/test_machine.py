"""Machines of every kind do the same, and say what is wrong in one line."""

import os
import signal
import threading
import time
from pathlib import Path

import pytest

from lowering.targets import get_target
from runtime.remote.machine import (
    LocalMachine,
    Machine,
    MachineError,
    ProgramError,
    QemuMachine,
    TimeLimitError,
    UnreachableError,
)
from tests.remote.conftest import Connect

SCRIPT = b'#!/bin/sh\nprintf "%s|" "$@"\ncat <in >out\necho warning >&2\n'


def test_files_go_there_and_come_back(machine: Machine, tmp_path: Path) -> None:
    content = bytes(range(256)) * 1000
    (tmp_path / "file").write_bytes(content)
    machine.put("in", tmp_path / "file")
    machine.put("it's", b"")
    machine.put("script", SCRIPT, executable=True)
    arguments = ["a b", "$HOME", "it's", '"', "*", "", "\\", "; exit 3"]
    finished = machine.run(["./script", *arguments], 20)
    assert finished.output.decode().split("|")[:-1] == arguments
    assert finished.errors.endswith(b"warning\n")
    assert 0 < finished.seconds < 20
    assert machine.get("out") == content
    assert machine.get("it's") == b""


@pytest.mark.parametrize("name", ["", "../x", "a/b", "-rf", ".x", "a\nb"])
def test_names_stay_in_the_folder(machine: Machine, name: str) -> None:
    with pytest.raises(ValueError, match="expected the name of a file without its folder"):
        machine.put(name, b"")


def test_no_such_file(machine: Machine) -> None:
    with pytest.raises(MachineError, match=r"(?i)nothing.*no such file"):
        machine.get("nothing")


def failure(machine: Machine, command: list[str], limit: float = 20) -> ProgramError:
    with pytest.raises(ProgramError) as raised:
        machine.run(command, limit)
    assert "\n" not in str(raised.value)
    assert machine.name in str(raised.value)
    return raised.value


def test_exit_codes(machine: Machine) -> None:
    machine.put("script", b"#!/bin/sh\necho output\necho why >&2\nexit 3\n", executable=True)
    error = failure(machine, ["./script"])
    assert "failed with exit code 3: why" in str(error)
    assert error.output == b"output\n"


@pytest.mark.parametrize("number", [signal.SIGSEGV, signal.SIGILL, signal.SIGKILL])
def test_signals(machine: Machine, number: signal.Signals) -> None:
    text = f"#!/bin/sh\nulimit -c 0\necho output\nkill -{number.name[3:]} $$\n"
    machine.put("script", text.encode(), executable=True)
    error = failure(machine, ["./script"])
    assert f"was killed by {number.name} (" in str(error)
    assert error.output == b"output\n"


def test_what_cannot_be_run(machine: Machine) -> None:
    assert "cannot be run" in str(failure(machine, ["./nothing"]))
    machine.put("data", b"\x7fELF\x02 another machine's", executable=True)
    assert "xec format error" in str(failure(machine, ["./data"]))
    machine.put("plain", b"#!/bin/sh\n")
    assert "ermission denied" in str(failure(machine, ["./plain"]))


def is_running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


SLEEPER = b"#!/bin/sh\n%s\necho $$ >pid\nwhile true; do sleep 60; done\n"


@pytest.mark.parametrize("trap", [b"", b"trap '' TERM"])
def test_time_limit(machine: Machine, trap: bytes) -> None:
    """The program is gone, one that does not want to as well."""
    machine.put("sleeper", SLEEPER % trap, executable=True)
    start = time.monotonic()
    with pytest.raises(TimeLimitError, match=r"\./sleeper on .* took more than 1 s"):
        machine.run(["./sleeper"], 1)
    assert time.monotonic() - start < 10
    assert not is_running(int(machine.get("pid")))


def test_stop(machine: Machine) -> None:
    machine.put("sleeper", SLEEPER % b"", executable=True)
    timer = threading.Timer(1, machine.stop)
    timer.start()
    start = time.monotonic()
    with pytest.raises(MachineError, match="was stopped"):
        machine.run(["./sleeper"], 5)
    assert time.monotonic() - start < 4
    timer.join()


def test_the_folder_is_removed(connect: Connect, remote_folder: Path, tmp_path: Path) -> None:
    with connect() as machine:
        machine.put("file", b"x")
        (folder,) = remote_folder.iterdir()
        assert (folder / "file").read_bytes() == b"x"
    assert list(remote_folder.iterdir()) == []
    log = (tmp_path / "log").read_text().splitlines()
    assert all("BatchMode=yes" in line and "ControlMaster=auto" in line for line in log)
    assert " -O exit" in log[-1]


def test_local_folders_are_removed() -> None:
    with LocalMachine() as machine:
        machine.put("script", b"#!/bin/sh\npwd\n", executable=True)
        folder = machine.run(["./script"], 10).output.decode().strip()
        assert os.path.isdir(folder)
    assert not os.path.exists(folder)


@pytest.mark.parametrize(
    ("host", "message"),
    [
        ("nowhere", "nowhere cannot be reached: ssh: Could not resolve hostname nowhere"),
        ("locked", r"locked cannot be reached: pi@locked: Permission denied \(publickey\)"),
        ("chatty", "expected the name of a folder, it said: Welcome to the machine!"),
    ],
)
def test_unreachable_machines(connect: Connect, host: str, message: str) -> None:
    with pytest.raises(UnreachableError, match=message):
        connect(host)


def test_no_folder_can_be_made(connect: Connect) -> None:
    with pytest.raises(ProgramError, match=r"the shell on pi@board failed .*mktemp"):
        connect(folder="/nothing/here")


def test_a_folder_that_somebody_removed(connect: Connect, remote_folder: Path) -> None:
    with connect() as machine:
        next(remote_folder.iterdir()).rmdir()
        with pytest.raises(MachineError, match="our folder is gone"):
            machine.put("file", b"")


def test_no_ssh(connect: Connect) -> None:
    with pytest.raises(UnreachableError, match="no-ssh-here cannot be run: No such file"):
        connect(ssh=("no-ssh-here",))
    for host in ("", "-oProxyCommand=reboot"):
        with pytest.raises(ValueError, match=r"expected a machine, for example pi@"):
            connect(host)


def test_no_emulator_says_how_to_get_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nothing")
    monkeypatch.setattr("platform.machine", lambda: "riscv64")
    with pytest.raises(ValueError, match="in the package qemu-user"):
        QemuMachine(get_target("cortex-a53"))
