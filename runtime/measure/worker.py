"""Where the candidates of a source live: here, in this process."""

from __future__ import annotations

import time
from typing import Protocol

from runtime.measure.candidate import Candidate, Entry, Source
from runtime.measure.samples import Samples, time_calls
from runtime.measure.workloads import Workload


class WorkerError(ChildProcessError):
    """A child process died or hung."""


class Worker(Protocol):
    """Contenders that can be prepared and timed."""

    source: Source

    def prepare(self, workload: Workload, check: bool) -> list[Entry]:
        """Make the candidates for a layer, in place of those of the last one."""
        ...

    def run(self, name: str, seconds: float) -> Samples:
        """Time a candidate for a while."""
        ...

    def stop(self) -> None:
        """Release what the worker holds."""
        ...


class LocalWorker:
    """Contenders in this process."""

    def __init__(self, source: Source, raise_errors: bool = True):
        self.source, self._raise_errors = source, raise_errors
        self._candidates: dict[str, Candidate] = {}

    def prepare(self, workload: Workload, check: bool) -> list[Entry]:
        """Make the candidates; one that cannot be made is an entry with an error, or raises it."""
        self._candidates.clear()
        entries = []
        for name, make in self.source.makers(workload, check).items():
            try:
                candidate = make()
                candidate.run()
            except Exception as error:
                if self._raise_errors:
                    raise
                text = " ".join(str(error).split())[:300]
                entries.append(Entry(name, error=f"{type(error).__name__}: {text}"))
                continue
            self._candidates[name] = candidate
            entries.append(Entry(name, candidate.verdict, candidate.facts))
        return entries

    def run(self, name: str, seconds: float) -> Samples:
        """Time a candidate for a while."""
        candidate = self._candidates[name]
        return time_calls(candidate.run, seconds, candidate.own_seconds, self.source.counts_cycles)

    def stop(self) -> None:
        """Forget the candidates."""
        self._candidates.clear()


def warm(worker: Worker, entries: list[Entry], seconds: float) -> None:
    """Run what a worker has for a while, so that the core reaches its clock."""
    ready = [entry for entry in entries if not entry.error]
    end = time.perf_counter() + seconds
    while ready and (left := end - time.perf_counter()) > 0:
        for entry in ready:
            worker.run(entry.name, left / len(ready))
