"""Somewhere that programs run: a folder there, files in and out, commands with a time limit."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from lowering.targets import Target
from runtime.tools.emulators import find_emulator

_LAST_WORDS = 300
"""Characters of a program's standard error that its failure quotes."""


class MachineError(Exception):
    """A machine did not do what it was asked for; the message is one line."""


class UnreachableError(MachineError):
    """The machine does not answer, or does not let us in."""


class TimeLimitError(MachineError):
    """A command took longer than it may, and was ended."""


class ProgramError(MachineError):
    """A command cannot be run there, failed, or was killed by a signal."""

    def __init__(self, message: str, output: bytes = b""):
        """`output` is what it wrote to its standard output before."""
        super().__init__(message)
        self.output = output


@dataclass(frozen=True)
class Finished:
    """A command that ended well: what it wrote, and how long it took as seen from here."""

    output: bytes
    errors: bytes
    seconds: float


class Machine(Protocol):
    """Runs programs in a folder of its own, which `close` removes.

    Files have names without folders; a command whose first word begins with `./` is one of them.
    Everything raises `MachineError`s. A machine serves one thread, but for `stop`.
    """

    name: str

    def put(self, name: str, content: bytes | Path, *, executable: bool = False) -> None:
        """Write a file there."""
        ...

    def get(self, name: str) -> bytes:
        """Read a file there."""
        ...

    def run(self, command: Sequence[str], time_limit: float) -> Finished:
        """Run a command there, in the folder, for so many seconds at most.

        Raises:
            TimeLimitError: it took longer; nothing of it is left running.
            ProgramError: it cannot be run, or ended with anything but exit code 0.
            UnreachableError: the machine does not answer.
        """
        ...

    def stop(self) -> None:
        """End the command that runs, from any thread; `run` then raises a `MachineError`."""
        ...

    def close(self) -> None:
        """Remove the folder; the machine cannot be used any more."""
        ...

    def __enter__(self) -> Machine: ...

    def __exit__(self, *_: object) -> None: ...


@dataclass(frozen=True)
class Ended:
    """How a process of this machine ended: its exit code, or minus a signal, or None if killed."""

    code: int | None
    output: bytes
    errors: bytes
    seconds: float


class Process:
    """At most one process of this machine at a time, with a time limit, in a session of its own."""

    def __init__(self) -> None:
        self._running: subprocess.Popen[bytes] | None = None
        self._is_stopped = False

    def run(
        self,
        command: Sequence[str],
        time_limit: float,
        *,
        folder: str | None = None,
        given: bytes | Path | None = None,
    ) -> Ended:
        """Run a command, `given` as its standard input, and wait for its end.

        Raises:
            OSError: it cannot be started.
        """
        # Files and no pipes: what outlives the process must not keep us waiting.
        with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as errors:
            source = tempfile.TemporaryFile() if isinstance(given, bytes) else None  # noqa: SIM115
            if isinstance(given, Path):
                source = given.open("rb")
            elif source is not None and isinstance(given, bytes):
                source.write(given)
                source.seek(0)
            start = time.monotonic()
            try:
                process = subprocess.Popen(
                    command,
                    cwd=folder,
                    stdin=source or subprocess.DEVNULL,
                    stdout=output,
                    stderr=errors,
                    start_new_session=True,
                )
            finally:
                if source is not None:
                    source.close()
            self._running = process
            if self._is_stopped:
                kill_session(process)
            try:
                code: int | None = process.wait(time_limit)
            except subprocess.TimeoutExpired:
                code = None
            finally:
                # Whatever happened, an interrupt too, nothing of it stays.
                kill_session(process)
                process.wait()
                self._running = None
            seconds = time.monotonic() - start
            output.seek(0)
            errors.seek(0)
            return Ended(code, output.read(), errors.read(), seconds)

    def stop(self) -> None:
        """Kill the process that runs and all that come, from any thread."""
        self._is_stopped = True
        if (running := self._running) is not None:
            kill_session(running)

    @property
    def is_stopped(self) -> bool:
        """Whether `stop` was called."""
        return self._is_stopped


def kill_session(process: subprocess.Popen[bytes]) -> None:
    """Kill a process that was started in a session of its own, with its group, unless it ended."""
    if process.returncode is not None:
        return  # its number may be that of another one by now
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)


def last_words(text: bytes) -> str:
    """The end of what a program said, as a part of one line."""
    words = " ".join(text.decode(errors="replace").split())
    return f": {words[-_LAST_WORDS:]}" if words else ""


def signal_name(number: int) -> str:
    """SIGILL (illegal instruction), for example."""
    try:
        name, text = signal.Signals(number).name, signal.strsignal(number)
    except ValueError:
        return f"signal {number}"
    return f"{name} ({text.lower()})" if text else name


def checked(command: Sequence[str], where: str, ended: Ended, time_limit: float) -> Finished:
    """What a command that ended well gave; signals are negative exit codes.

    Raises:
        TimeLimitError, ProgramError: it did not.
    """
    program = f"{command[0]} {where}"
    if ended.code is None:
        raise TimeLimitError(f"{program} took more than {time_limit:g} s")
    if ended.code < 0:
        how = signal_name(-ended.code)
        raise ProgramError(f"{program} was killed by {how}{last_words(ended.errors)}", ended.output)
    if ended.code in (126, 127):
        raise ProgramError(f"{program} cannot be run{last_words(ended.errors)}", ended.output)
    if ended.code != 0:
        words = last_words(ended.errors)
        raise ProgramError(f"{program} failed with exit code {ended.code}{words}", ended.output)
    return Finished(ended.output, ended.errors, ended.seconds)


class LocalMachine:
    """This machine, its programs run by an emulator where one is given."""

    def __init__(self, emulator: Sequence[str] = (), name: str = "on this machine"):
        """`name` says in messages where a program ran."""
        self.name = name
        self._emulator = tuple(emulator)
        self._folder = tempfile.mkdtemp(prefix="lowbit-")
        self._process = Process()

    def put(self, name: str, content: bytes | Path, *, executable: bool = False) -> None:
        """See `Machine`."""
        path = self._path(name)
        try:
            if isinstance(content, bytes):
                path.write_bytes(content)
            else:
                shutil.copyfile(content, path)
            if executable:
                path.chmod(0o755)
        except OSError as error:
            raise MachineError(f"{name} cannot be written: {error}") from error

    def get(self, name: str) -> bytes:
        """See `Machine`."""
        try:
            return self._path(name).read_bytes()
        except OSError as error:
            raise MachineError(f"{name} cannot be read: {error.strerror}") from error

    def run(self, command: Sequence[str], time_limit: float) -> Finished:
        """See `Machine`."""
        program = command[0]
        if self._emulator and program.startswith("./") and not self._path(program[2:]).exists():
            raise ProgramError(f"{program} {self.name} cannot be run: no such file")
        try:
            ended = self._process.run([*self._emulator, *command], time_limit, folder=self._folder)
        except OSError as error:
            reason = error.strerror or str(error)
            raise ProgramError(f"{program} {self.name} cannot be run: {reason}") from error
        if self._process.is_stopped:
            raise MachineError(f"{program} {self.name} was stopped")
        return checked(command, self.name, ended, time_limit)

    def stop(self) -> None:
        """See `Machine`."""
        self._process.stop()

    def close(self) -> None:
        """See `Machine`."""
        shutil.rmtree(self._folder, ignore_errors=True)

    def _path(self, name: str) -> Path:
        return Path(self._folder, file_name(name))

    def __enter__(self) -> LocalMachine:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class QemuMachine(LocalMachine):
    """A processor of a target, emulated: instructions that it lacks end the program."""

    def __init__(self, target: Target):
        """Find the emulator.

        Raises:
            ToolMissingError: there is none; the message says how to get it.
        """
        super().__init__(find_emulator(target), f"on an emulated {target.name}")


def file_name(name: str) -> str:
    """The name of a file in the folder of a machine.

    Raises:
        ValueError: it names a place outside of it.
    """
    if not name or name.startswith((".", "-")) or "/" in name or "\0" in name or "\n" in name:
        raise ValueError(f"{name!r}: expected the name of a file without its folder")
    return name
