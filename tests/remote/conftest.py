"""Machines of each kind, all of them this one."""

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from runtime.remote.machine import LocalMachine
from runtime.remote.ssh import SshMachine

FAKE_SSH = (sys.executable, str(Path(__file__).with_name("fake_ssh.py")))
Connect = Callable[..., SshMachine]


@pytest.fixture
def remote_folder(tmp_path: Path) -> Path:
    """Where the machine that ssh reaches makes its folders; the name needs quoting."""
    folder = tmp_path / "there's a $HOME"
    folder.mkdir()
    return folder


@pytest.fixture
def connect(tmp_path: Path, remote_folder: Path, monkeypatch: pytest.MonkeyPatch) -> Connect:
    """Machines behind a stand-in for ssh; what it was called with is in tmp_path / "log"."""
    monkeypatch.setenv("FAKE_SSH_LOG", str(tmp_path / "log"))

    def machine(host: str = "pi@board", **options) -> SshMachine:
        return SshMachine(host, **{"ssh": FAKE_SSH, "folder": str(remote_folder), **options})

    return machine


@pytest.fixture(params=["local", "ssh"])
def machine(request: pytest.FixtureRequest):
    """A machine of each kind."""
    connect: Connect = request.getfixturevalue("connect")
    with LocalMachine() if request.param == "local" else connect() as found:
        yield found
