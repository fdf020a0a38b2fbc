"""A machine that ssh reaches: nothing is installed there, and nothing stays there."""

from __future__ import annotations

import math
import shlex
import shutil
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from runtime.remote.machine import (
    Ended,
    Finished,
    MachineError,
    Process,
    ProgramError,
    UnreachableError,
    checked,
    file_name,
    last_words,
)

_SSH_FAILED = 255
"""Exit code of ssh where the machine, or the connection to it, is the reason."""
_TIMED_OUT = 124
"""Exit code of `timeout` there."""
_NO_FOLDER = 97
"""Exit code of our own scripts where the folder is gone."""
_ELF = b"\x7fELF"
_GRACE = 15.0
"""Seconds that connecting and answering may take beside the command."""
_COPY_LIMIT = 600.0
"""Seconds that copying a file may take."""


class SshMachine:
    """A machine with ssh, a POSIX shell and `timeout`.

    All connections share one (ControlMaster), so that a command costs a round trip and no login.
    Nobody is asked for anything (BatchMode): a key must be known to the machine, for example by
    `ssh-copy-id`, and the machine to this one.
    """

    def __init__(
        self, host: str, *, ssh: Sequence[str] = ("ssh",), folder: str = "", connect: float = 10
    ):
        """Connect, and make a folder there.

        Args:
            host: what ssh takes: `pi@raspberrypi.local`, or a name of its configuration.
            ssh: the command, with options such as `-p 2222`.
            folder: where to make the folder, or the machine's own place for temporary files.
            connect: seconds that connecting may take.

        Raises:
            UnreachableError: the machine does not answer, or does not let us in.
        """
        if host.startswith("-") or not host:
            raise ValueError(f"{host!r}: expected a machine, for example pi@raspberrypi.local")
        self.name = f"on {host}"
        self._host, self._process = host, Process()
        self._binaries = set[str]()
        # Short: the path of a socket has 104 bytes at most on some systems.
        self._sockets = tempfile.mkdtemp(prefix="lb-")
        self._ssh = [
            *ssh,
            *("-T", "-o", "BatchMode=yes", "-o", f"ConnectTimeout={math.ceil(connect)}"),
            *("-o", "ControlMaster=auto", "-o", f"ControlPath={self._sockets}/s"),
            *("-o", "ControlPersist=60", "-o", "ServerAliveInterval=5"),
        ]
        parent = shlex.quote(folder) if folder else '"${TMPDIR:-/tmp}"'
        try:
            made = self._script(
                f"command -v timeout >/dev/null || {{ echo 'it has no timeout' >&2; exit 1; }}\n"
                f"mktemp -d {parent}/lowbit.XXXXXX",
                connect + _GRACE,
            )
            self._folder = made.output.decode(errors="replace").strip()
            if "\n" in self._folder or not self._folder.startswith("/"):
                raise UnreachableError(
                    f"{host}: expected the name of a folder, it said{last_words(made.output)}"
                )
        except BaseException:
            self._disconnect()
            raise

    def put(self, name: str, content: bytes | Path, *, executable: bool = False) -> None:
        """See `Machine`."""
        if _is_binary(content):
            self._binaries.add(f"./{name}")
        file, part = shlex.quote(file_name(name)), shlex.quote(f"{name}.part")
        mode = f"chmod 755 {part} && " if executable else ""
        script = f"cat > {part} && {mode}mv {part} {file}"
        self._script(f"{self._enter}\n{script}", _COPY_LIMIT, content)

    def get(self, name: str) -> bytes:
        """See `Machine`."""
        file = shlex.quote(file_name(name))
        return self._script(f"{self._enter}\ncat {file}", _COPY_LIMIT).output

    def run(self, command: Sequence[str], time_limit: float) -> Finished:
        """See `Machine`; the limit holds there, whether or not the connection does."""
        limit = f"timeout -k 1 {math.ceil(time_limit)}"
        # Not the last command: the shell stays, and turns a signal into an exit code of its own,
        # where ssh would only say that something went wrong.
        script = f"{self._enter}\n{limit} {shlex.join(command)}\nexit $?"
        try:
            return self._script(script, time_limit + _GRACE, command=command, limit=time_limit)
        except ProgramError as error:
            # What the system cannot execute, `timeout` lets the shell try as a script.
            words = ("yntax error", "not found", "unexpected")
            if command[0] in self._binaries and any(word in str(error) for word in words):
                raise ProgramError(
                    f"{command[0]} {self.name} cannot be run: exec format error, it is a program"
                    " for another processor"
                ) from error
            raise

    def stop(self) -> None:
        """See `Machine`; what runs there ends with its own time limit at the latest."""
        self._process.stop()

    def close(self) -> None:
        """See `Machine`."""
        remove = f"rm -rf -- {shlex.quote(self._folder)}"
        with suppress(OSError):
            Process().run([*self._ssh, self._host, remove], _GRACE)
        self._disconnect()

    @property
    def _enter(self) -> str:
        return f"cd {shlex.quote(self._folder)} || exit {_NO_FOLDER}"

    def _disconnect(self) -> None:
        with suppress(OSError):
            Process().run([*self._ssh, "-O", "exit", self._host], _GRACE)
        shutil.rmtree(self._sockets, ignore_errors=True)

    def _script(
        self,
        script: str,
        time_limit: float,
        given: bytes | Path | None = None,
        *,
        command: Sequence[str] = ("the shell",),
        limit: float | None = None,
    ) -> Finished:
        """Run lines of the POSIX shell there, whatever the shell of the user is."""
        remote = f"sh -c {shlex.quote(script)}"
        try:
            ended = self._process.run([*self._ssh, self._host, remote], time_limit, given=given)
        except OSError as error:
            reason = error.strerror or str(error)
            raise UnreachableError(f"{self._ssh[0]} cannot be run: {reason}") from error
        if self._process.is_stopped:
            raise MachineError(f"{command[0]} {self.name} was stopped")
        if ended.code is None:
            raise UnreachableError(f"{self._host} did not answer within {time_limit:g} s")
        if ended.code == _SSH_FAILED or ended.code < 0:
            raise UnreachableError(f"{self._host} cannot be reached{last_words(ended.errors)}")
        if ended.code == _NO_FOLDER:
            raise MachineError(f"{self._host}: our folder is gone{last_words(ended.errors)}")
        code: int | None = ended.code
        if limit is not None and (code == _TIMED_OUT or _was_killed(ended, limit)):
            code = None
        elif ended.code > 128:
            code = 128 - ended.code
        there = Ended(code, ended.output, ended.errors, ended.seconds)
        return checked(command, self.name, there, limit or time_limit)

    def __enter__(self) -> SshMachine:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _is_binary(content: bytes | Path) -> bool:
    if isinstance(content, bytes):
        return content.startswith(_ELF)
    try:
        with content.open("rb") as file:
            return file.read(len(_ELF)) == _ELF
    except OSError as error:
        raise MachineError(f"{content} cannot be read: {error.strerror}") from error


def _was_killed(ended: Ended, limit: float) -> bool:
    """Whether `timeout` had to kill what a gentle signal did not end."""
    return ended.code == 137 and ended.seconds >= limit
