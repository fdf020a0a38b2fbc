"""A process that answers requests in JSON, a line each, and may die or hang over any of them."""

from __future__ import annotations

import json
import os
import selectors
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import runtime
from runtime.tuner.task import Failed

WORKER = (sys.executable, "-m", "runtime.tuner.worker")
_LAST_WORDS = 300
"""Characters of a dead worker's standard error that its failure quotes."""


class WorkerProcess:
    """A worker process of this machine; one that dies or takes too long is replaced."""

    def __init__(
        self, time_limit: float = 60.0, cpu: int | None = None, command: Sequence[str] = WORKER
    ):
        """Start nothing yet.

        Args:
            time_limit: seconds that a reply may take, the start of a process included.
            cpu: the processor that the worker is bound to, or None for those of this process.
            command: how to start a worker.
        """
        self.time_limit = time_limit
        self._command = [*command, *([] if cpu is None else [str(cpu)])]
        self._worker: subprocess.Popen[bytes] | None = None
        self._errors: Any = None
        self._stopped = threading.Event()

    def ask(self, request: Mapping[str, Any]) -> dict[str, Any] | Failed:
        """The reply to a request, or what became of the worker over it."""
        worker = self._started()
        if worker is None:
            return Failed("aborted", "the search was stopped")
        assert worker.stdin is not None
        try:
            worker.stdin.write(json.dumps(request).encode() + b"\n")
            worker.stdin.flush()
            reply = self._reply(worker)
        except BrokenPipeError:
            reply = b""
        if reply is None:
            worker.kill()
            self._end()
            return Failed("time limit", f"it took more than {self.time_limit:g} s")
        if not reply.endswith(b"\n"):
            return Failed("aborted", self._end())
        return json.loads(reply)

    def stop(self) -> None:
        """End what is going on, from any thread; `ask` then returns a failure, always."""
        self._stopped.set()
        if self._worker is not None:
            self._worker.kill()

    def _started(self) -> subprocess.Popen[bytes] | None:
        """The worker, started where there is none."""
        if self._worker is None and not self._stopped.is_set():
            self._errors = tempfile.TemporaryFile()  # noqa: SIM115  closed with the worker
            root = str(Path(runtime.__file__).parent.parent)
            path = os.pathsep.join([root, *filter(None, [os.environ.get("PYTHONPATH")])])
            # In a session of its own: an interrupt from the keyboard is for the search alone.
            self._worker = subprocess.Popen(
                self._command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._errors,
                env={**os.environ, "PYTHONPATH": path},
                start_new_session=True,
            )
        if self._stopped.is_set():
            self.stop()  # which may have come before there was anything to kill
            return None
        return self._worker

    def _reply(self, worker: subprocess.Popen[bytes]) -> bytes | None:
        """A line, or less where the worker has ended, or None where its time has passed."""
        assert worker.stdout is not None
        end, reply = time.monotonic() + self.time_limit, b""
        with selectors.DefaultSelector() as selector:
            selector.register(worker.stdout, selectors.EVENT_READ)
            while not reply.endswith(b"\n"):
                if not selector.select(max(0.0, end - time.monotonic())):
                    return None
                part = os.read(worker.stdout.fileno(), 1 << 16)
                if not part:
                    break
                reply += part
        return reply

    def _end(self) -> str:
        """Let the worker end, or make it; how it ended, and what it said last."""
        worker, self._worker = self._worker, None
        assert worker is not None
        try:
            # Its output ended a moment before it did.
            worker.wait(timeout=1)
        except subprocess.TimeoutExpired:
            worker.kill()
        code = worker.wait()
        for pipe in (worker.stdin, worker.stdout):
            assert pipe is not None
            with suppress(BrokenPipeError):  # a request that nobody reads any more
                pipe.close()
        self._errors.seek(0)
        said = self._errors.read().decode(errors="replace")
        self._errors.close()
        how = signal.Signals(-code).name if code < 0 else f"exit code {code}"
        words = " ".join(said.split())[-_LAST_WORDS:]
        return f"its process ended with {how}" + (f": {words}" if words else "")

    def close(self) -> None:
        """End the worker, whatever it does."""
        self.stop()
        if self._worker is not None:
            self._end()
