"""Contenders of a source in a child process, pinned to a core."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing import get_context
from multiprocessing.connection import Connection
from tempfile import NamedTemporaryFile
from typing import Any

from runtime.measure.candidate import Entry, Source
from runtime.measure.samples import Samples
from runtime.measure.worker import LocalWorker, WorkerError
from runtime.measure.workloads import Workload

ONE_THREAD = {
    name: "1"
    for name in (
        *("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMEXPR_NUM_THREADS"),
    )
}
"""Set before a child starts: libraries read them when they are loaded."""
QUIET = {"TF_CPP_MIN_LOG_LEVEL": "3", "OMP_WAIT_POLICY": "PASSIVE", "KMP_BLOCKTIME": "0"}
"""Idle threads that spin would take the core from whoever is measured next."""

SECONDS_TO_ANSWER = 300
"""A child that says nothing for so long has hung."""


class RemoteWorker:
    """Contenders in a child process of their own, on one core.

    Libraries that share a process fight over threads and signal handlers; one that aborts must not
    take the benchmark with it.
    """

    def __init__(self, source: Source, core: int | None, raise_errors: bool = False):
        """Start the child.

        Args:
            source: what runs there.
            core: the core to pin it to; None leaves it free.
            raise_errors: whether a candidate that cannot be made ends the benchmark.
        """
        self.source = source
        self._log = NamedTemporaryFile(prefix=f"lowbit-{source.name}-")  # noqa: SIM115
        context = get_context("spawn")
        self._connection, other = context.Pipe()
        arguments = (other, source, core, raise_errors, self._log.name)
        self._process = context.Process(target=_serve, args=arguments, daemon=True)
        with _environment(ONE_THREAD | QUIET):
            self._process.start()
        other.close()

    def prepare(self, workload: Workload, check: bool) -> list[Entry]:
        """Make the candidates for a layer.

        Raises:
            WorkerError: the child died.
            Exception: what a candidate raised, where errors are to be raised.
        """
        return self._ask("prepare", workload, check)

    def run(self, name: str, seconds: float) -> Samples:
        """Time a candidate for a while.

        Raises:
            WorkerError: the child died.
        """
        return self._ask("run", name, seconds)

    def stop(self) -> None:
        """End the child."""
        self._connection.close()
        self._process.join(5)
        if self._process.is_alive():
            self._process.kill()
            self._process.join()
        self._log.close()

    def _ask(self, method: str, *arguments: Any) -> Any:
        try:
            self._connection.send((method, arguments))
            answer = self._connection.recv() if self._connection.poll(SECONDS_TO_ANSWER) else None
        except (EOFError, OSError) as error:
            self._process.join(5)
            said = self._log.read().decode(errors="replace").split("\n")
            last = next((f" ({line})" for line in reversed(said) if line.strip()), "")
            code = self._process.exitcode
            text = f"{self.source.name}: its process ended with code {code}{last[:300]}"
            raise WorkerError(text) from error
        if answer is None:
            raise WorkerError(f"{self.source.name}: no answer in {SECONDS_TO_ANSWER} s")
        if isinstance(answer, Exception):
            raise answer
        return answer


def _serve(
    connection: Connection, source: Source, core: int | None, raise_errors: bool, log: str
) -> None:
    """Body of a child: answer until the parent closes the connection."""
    with open(log, "wb") as file:  # libraries print what nobody asked for
        for stream in (1, 2):
            os.dup2(file.fileno(), stream)
    if core is not None:
        os.sched_setaffinity(0, {core})
    worker = LocalWorker(source, raise_errors)
    while True:
        try:
            method, arguments = connection.recv()
        except (EOFError, KeyboardInterrupt):
            return
        try:
            connection.send(getattr(worker, method)(*arguments))
        except KeyboardInterrupt:
            return
        except Exception as error:
            connection.send(_portable(error))


def _portable(error: Exception) -> Exception:
    """An error that can be sent: those of libraries may need their constructor's arguments."""
    if type(error).__module__ == "builtins":
        return error
    return RuntimeError(f"{type(error).__name__}: {error}")


@contextmanager
def _environment(values: dict[str, str]) -> Iterator[None]:
    """Environment variables for the children that are started inside."""
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
