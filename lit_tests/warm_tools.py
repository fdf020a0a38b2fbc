"""The tools of the lit tests, started once: each command of a test is a fork of one warm process.

A RUN line starts `lowbit-opt` some hundred times, and most of its time is the import of xDSL and of
the passes. `WarmTools` keeps a server with everything imported; the scripts that it puts into a
folder for `PATH` send it their arguments, environment, folder and three open files, and end with
the exit code that comes back. `tests/opt` and `tests/cli` start the tools themselves.
"""

from __future__ import annotations

import contextlib
import os
import shlex
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

SEPARATOR = "\0"


class WarmTools:
    """A server of tools, which ends with the process that made it."""

    def __init__(self, folder: Path, environment: Mapping[str, str]) -> None:
        """Start the server, and write a script for each tool into `folder`."""
        folder.mkdir(parents=True, exist_ok=True)
        address = f"\0lowbit-warm-tools-{os.getpid()}"
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(address)
        listener.listen(64)
        command = [sys.executable, __file__, "serve", str(listener.fileno())]
        self._server = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            env=dict(environment),
            pass_fds=[listener.fileno()],
        )
        listener.close()
        for tool in TOOLS:
            script = folder / tool
            words = [sys.executable, "-SI", __file__, "ask", address[1:], tool]
            script.write_text(f'#!/bin/sh\nexec {shlex.join(words)} "$@"\n')
            script.chmod(0o755)


def ask(address: str, arguments: list[str]) -> int:
    """Have the server run a tool on the files of this process, and return its exit code."""
    connection = socket.socket(socket.AF_UNIX)
    connection.connect(f"\0{address}")
    pairs = [f"{key}={value}" for key, value in os.environ.items()]
    request = SEPARATOR.join([os.getcwd(), str(len(arguments)), *arguments, *pairs]).encode()
    socket.send_fds(connection, [len(request).to_bytes(4, "little")], [0, 1, 2])
    connection.sendall(request)
    answer = connection.recv(1)
    return answer[0] if answer else 70  # the fork died of a signal


def serve(listener: socket.socket) -> None:
    """Answer requests in forks until the process that started this one ends."""
    mains = {tool: load() for tool, load in TOOLS.items()}
    os.register_at_fork(after_in_child=lambda: signal.signal(signal.SIGCHLD, signal.SIG_DFL))
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    parent = os.getppid()
    listener.settimeout(1.0)
    while os.getppid() == parent:
        try:
            connection, _ = listener.accept()
        except TimeoutError:
            continue
        if os.fork() == 0:
            listener.close()
            connection.settimeout(None)
            _answer(connection, mains)
        connection.close()


def _answer(connection: socket.socket, mains: Mapping[str, Callable[[], int | None]]) -> None:
    """Run what a request asks for as a process of its own would; does not return."""
    head, files, _, _ = socket.recv_fds(connection, 4, 3)
    size, data = int.from_bytes(head, "little"), bytearray()
    while len(data) < size:
        data += connection.recv(size - len(data))
    folder, count, *words = data.decode().split(SEPARATOR)
    (tool, *arguments), pairs = words[: int(count)], words[int(count) :]
    for place, file in enumerate(files):
        os.dup2(file, place)
        os.close(file)
    # The streams of the server know whether its own files can seek.
    sys.stdin, sys.stdout, sys.stderr = (
        open(place, mode, closefd=False)  # noqa: SIM115
        for place, mode in enumerate(("r", "w", "w"))
    )
    os.chdir(folder)
    os.environ.clear()
    os.environ.update((key, value) for key, _, value in (pair.partition("=") for pair in pairs))
    sys.argv = [tool, *arguments]
    try:
        code = mains[tool]() or 0
    except SystemExit as stop:
        code = stop.code if isinstance(stop.code, int) else int(stop.code is not None)
    for file in (sys.stdout, sys.stderr):
        file.flush()
    connection.send(bytes([code & 255]))
    os._exit(0)


def _lowbit_opt() -> Callable[[], int | None]:
    from lowering.opt_main import main  # noqa: PLC0415

    example = Path(__file__).parents[1] / "docs" / "examples" / "conv.mlir"
    with open(os.devnull, "w") as nowhere, contextlib.redirect_stdout(nowhere):
        main([str(example), "-p", "lowbit-pipeline{target=znver5}"])  # imports every level
    return main


def _filecheck() -> Callable[[], int | None]:
    from filecheck.main import main  # noqa: PLC0415

    return main


TOOLS = {"lowbit-opt": _lowbit_opt, "filecheck": _filecheck}
"""The main function of each tool, which comes with what it imports."""


if __name__ == "__main__":
    what, where, *rest = sys.argv[1:]
    if what == "ask":
        sys.exit(ask(where, rest))
    serve(socket.socket(fileno=int(where)))
