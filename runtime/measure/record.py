"""What one measurement found, and its form in a file of results."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from runtime.measure.result_file import load_results


@dataclass(frozen=True)
class Setting:
    """A way to compute a layer: bit widths, a class of machine, an output, a strategy, threads."""

    pair: str
    isa: str = "host"
    out: str = "packed"
    strategy: str = "auto"
    threads: int = 1

    @property
    def name(self) -> str:
        """Tells it from all others."""
        return f"{self.pair} {self.isa} {self.out} {self.strategy} {self.threads}"


@dataclass(frozen=True)
class Record:
    """A result: lower quartiles of the time and the cycles of a call, and what is beside them.

    `checked` tells whether every output was equal to the reference. `predicted` is the MAC/cycle of
    the cost model where it has a say. `cold_seconds` is a compilation without the object cache,
    `cached_seconds` one that finds the object there. `bytes` is what has to move at least: packed
    inputs, packed weights and outputs, once each. `peers` holds the seconds of other libraries in
    the same run, `peer_checks` the verdict on their results, by their names.
    """

    id: str
    pair: str
    isa: str
    strategy: str
    out: str
    seconds: float
    cycles: float
    mac_per_cycle: float
    checked: bool
    threads: int = 1
    predicted: float | None = None
    cold_seconds: float | None = None
    cached_seconds: float | None = None
    bytes: int = 0
    peers: Mapping[str, float] = field(default_factory=dict)
    peer_checks: Mapping[str, str] = field(default_factory=dict)
    machine: Mapping[str, Any] = field(default_factory=dict)


def load_records(path: Path) -> list[Record]:
    """The records of a file of results; for errors see `load_results`."""
    return load_results(path, Record, "a benchmark")


def scaling(records: Sequence[Record]) -> Iterator[tuple[Record, float]]:
    """Records of several threads, and how much faster they are than those of one."""
    single = {_key(r): r.seconds for r in records if r.threads == 1}
    for record in records:
        if record.threads > 1 and _key(record) in single:
            yield record, single[_key(record)] / record.seconds


def _key(record: Record) -> tuple[str, ...]:
    return record.id, record.pair, record.isa, record.strategy, record.out
