"""What one measurement found, and its form in a file of results."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any


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

    def to_json(self) -> dict[str, Any]:
        """As JSON-able data."""
        return asdict(self)

    @staticmethod
    def from_json(data: Any) -> Record:
        """The inverse of `to_json`.

        Raises:
            ValueError: the data is of another form.
        """
        names = {f.name for f in fields(Record)}
        if not isinstance(data, dict) or not set(data) <= names:
            raise ValueError("not a record of a benchmark")
        try:
            return Record(**data)
        except TypeError as error:
            raise ValueError(f"not a record of a benchmark: {error}") from error


def dump_records(records: Iterable[Record]) -> bytes:
    """The file of results."""
    return (json.dumps([r.to_json() for r in records], indent=1) + "\n").encode()


def load_records(path: Path) -> list[Record]:
    """The records of a file of results.

    Raises:
        OSError: the file cannot be read.
        ValueError: it holds something else; the message names it.
    """
    try:
        data = json.loads(path.read_text())
        if not isinstance(data, list):
            raise ValueError("not a list of records")
        return [Record.from_json(entry) for entry in data]
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from error
