"""Where the contenders of a source live: here, in this process."""

from __future__ import annotations

import time
from typing import Protocol

from runtime.measure.contender import Contender, Entry, Source
from runtime.measure.samples import Samples, visit
from runtime.measure.workloads import Workload


class StationError(ChildProcessError):
    """A child process died or hung."""


class Station(Protocol):
    """Contenders that can be prepared and timed."""

    source: Source

    def prepare(self, workload: Workload, check: bool) -> list[Entry]:
        """Make the contenders for a layer, in place of those of the last one."""
        ...

    def run(self, name: str, seconds: float) -> Samples:
        """Time a contender for a while."""
        ...

    def stop(self) -> None:
        """Release what the station holds."""
        ...


class LocalStation:
    """Contenders in this process."""

    def __init__(self, source: Source, raise_errors: bool = True):
        self.source, self._raise_errors = source, raise_errors
        self._contenders: dict[str, Contender] = {}

    def prepare(self, workload: Workload, check: bool) -> list[Entry]:
        """Make the contenders; one that cannot be made is an entry with an error, or raises it."""
        self._contenders.clear()
        entries = []
        for name, make in self.source.makers(workload, check).items():
            try:
                contender = make()
                contender.run()
            except Exception as error:
                if self._raise_errors:
                    raise
                text = " ".join(str(error).split())[:300]
                entries.append(Entry(name, error=f"{type(error).__name__}: {text}"))
                continue
            self._contenders[name] = contender
            entries.append(Entry(name, contender.verdict, contender.facts))
        return entries

    def run(self, name: str, seconds: float) -> Samples:
        """Time a contender for a while."""
        contender = self._contenders[name]
        return visit(contender.run, seconds, contender.own_seconds, self.source.counts_cycles)

    def stop(self) -> None:
        """Forget the contenders."""
        self._contenders.clear()


def warm(station: Station, entries: list[Entry], seconds: float) -> None:
    """Run what a station has for a while, so that the core reaches its clock."""
    ready = [entry for entry in entries if not entry.error]
    end = time.perf_counter() + seconds
    while ready and (left := end - time.perf_counter()) > 0:
        for entry in ready:
            station.run(entry.name, left / len(ready))
