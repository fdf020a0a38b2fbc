"""What was measured: JSON lines that say which schedule is the fastest for a kernel on a CPU.

    {"target": "znver5", "kernel": {"op": "conv2d", "x": "unipolar<2>", ..}, "strategy": "dot",
     "schedule": "#lowbit.schedule<..>", "cycles": 123.0, "mac_per_cycle": 456.0, ..}

`lowbit tune` appends them and `lowbit-select-kernel` reads them. A line is written at once, so
that several processes may append to one file. Where lines are about the same kernel and strategy,
the last one counts; among strategies, the one with the fewest cycles.
"""

from __future__ import annotations

import errno
import json
import os
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from xdsl.context import Context
from xdsl.parser import Parser
from xdsl.utils.exceptions import ParseError, VerifyException

from lowbit_dialect.schedule import ScheduleAttr
from lowering.kernels.choice import Choice, Chooser, model_choice
from lowering.kernels.problem import Problem
from lowering.kernels.schedule_space import obstacle
from lowering.kernels.strategy import candidates, resolve_strategy
from lowering.kernels.strategy import obstacle as strategy_obstacle
from lowering.record_sources import SHIPPED_RECORDS, RecordSource, read_records, sources
from lowering.strategies import STRATEGIES, check_strategy
from lowering.targets import Target


@dataclass(frozen=True)
class TuningRecord:
    """The best schedule found for a kernel with a strategy; `predicted` is in MAC/cycle too."""

    target: str
    problem: Problem
    strategy: str
    schedule: ScheduleAttr
    cycles: float
    mac_per_cycle: float
    predicted: float
    version: str
    date: str

    def to_json(self) -> dict[str, Any]:
        """As JSON-able data."""
        return {
            "target": self.target,
            "kernel": self.problem.to_json(),
            "strategy": self.strategy,
            "schedule": str(self.schedule),
            "cycles": round(self.cycles, 1),
            "mac_per_cycle": round(self.mac_per_cycle, 2),
            "predicted": round(self.predicted, 2),
            "version": self.version,
            "date": self.date,
        }

    @staticmethod
    def from_json(data: dict[str, Any]) -> TuningRecord:
        """The inverse of `to_json`.

        Raises:
            ValueError, KeyError, TypeError: the data are no record.
        """
        if data["strategy"] not in STRATEGIES[1:]:
            raise ValueError(f"unknown strategy {data['strategy']!r}")
        return TuningRecord(
            str(data["target"]),
            Problem.from_json(data["kernel"]),
            str(data["strategy"]),
            parse_schedule(data["schedule"]),
            float(data["cycles"]),
            float(data["mac_per_cycle"]),
            float(data["predicted"]),
            str(data["version"]),
            str(data["date"]),
        )


@lru_cache(maxsize=4096)
def parse_schedule(text: str) -> ScheduleAttr:
    """The schedule of its text, such as `#lowbit.schedule<tile = 7x2, ..>`.

    Raises:
        ValueError: the text is none.
    """
    from lowbit_dialect.lowbit import Lowbit  # noqa: PLC0415  takes long, and only records need it

    context = Context()
    context.load_dialect(Lowbit)
    try:
        attribute = Parser(context, text).parse_attribute()
    except (ParseError, VerifyException) as error:
        raise ValueError(f"{text!r} is no schedule") from error
    if not isinstance(attribute, ScheduleAttr):
        raise ValueError(f"{text!r} is no schedule")
    return attribute


def parse_records(text: str, name: str) -> list[TuningRecord]:
    """The records of JSON lines; a line that is none gives a warning with `name` and its number."""
    records = []
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip():
            continue
        try:
            records.append(TuningRecord.from_json(json.loads(line)))
        except (ValueError, KeyError, TypeError, RecursionError, VerifyException) as error:
            reason = f"no {error}" if isinstance(error, KeyError) else error
            warnings.warn(f"{name}:{number}: not a record: {reason}", stacklevel=2)
    return records


def load_records(path: Path) -> list[TuningRecord]:
    """The records of a file.

    Raises:
        ValueError: it cannot be read.
    """
    return parse_records(read_records(path), str(path))


def append_records(path: Path, records: Sequence[TuningRecord]) -> None:
    """Append records to a file in one write, which other writers do not tear.

    Raises:
        OSError: it cannot be written.
    """
    text = "".join(json.dumps(record.to_json()) + "\n" for record in records)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o666)
    try:
        end = os.fstat(descriptor).st_size
        if end and os.pread(descriptor, 1, end - 1) != b"\n":
            text = "\n" + text  # behind a line that somebody cut off
        data = text.encode()
        if os.write(descriptor, data) < len(data):  # a part of the line, which readers warn of
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))
    finally:
        os.close(descriptor)


class RecordBook:
    """Records by the kernel that they are about."""

    def __init__(self, records: Sequence[TuningRecord], cpu: str, name: str = "records"):
        self.name = name
        self._exact: dict[Problem, dict[str, TuningRecord]] = {}
        self._similar: dict[Problem, dict[str, TuningRecord]] = {}
        for record in records:
            if record.target != cpu:
                continue
            problem = record.problem
            self._exact.setdefault(problem, {})[record.strategy] = record
            self._similar.setdefault(problem.any_stored(), {})[record.strategy] = record

    def find(self, problem: Problem, target: Target, strategy: str) -> TuningRecord | None:
        """The record with the fewest cycles for a problem, of a strategy or with `auto` of any.

        Where there is none, one that differs in what is stored serves. A record that does not
        suit the target, for example of another version of lowbit, gives a warning and is left out.

        Raises:
            ValueError: the strategy cannot take the problem.
        """
        if strategy != "auto":
            resolve_strategy(strategy, *problem.codes, problem.geometry, target)
        wanted = candidates(*problem.codes) if strategy == "auto" else (strategy,)
        for book, key in ((self._exact, problem), (self._similar, problem.any_stored())):
            found = [r for r in book.get(key, {}).values() if r.strategy in wanted]
            for record in sorted(found, key=lambda r: r.cycles):
                reason = _obstacle(record, problem, target)
                if reason is None:
                    return record
                warnings.warn(f"{self.name}: a record is left out: {reason}", stacklevel=2)
        return None


def _obstacle(record: TuningRecord, problem: Problem, target: Target) -> str | None:
    """Why the strategy or the schedule of a record cannot be, or None."""
    codes, geometry = problem.codes, problem.geometry
    return strategy_obstacle(record.strategy, *codes, geometry, target) or obstacle(
        record.schedule, problem, target, record.strategy
    )


@lru_cache(maxsize=16)
def _book(source: RecordSource) -> RecordBook:
    return RecordBook(parse_records(source.text, source.name), source.cpu, source.name)


def chooser(target: Target, strategy: str = "auto", records: str = SHIPPED_RECORDS) -> Chooser:
    """What decides about kernels: records first, then the cost model.

    Args:
        target: the machine.
        strategy: the one to take, or `auto`.
        records: see `lowering.record_sources.sources`.

    Raises:
        ValueError: there is no such strategy, or a file cannot be read.
    """
    check_strategy(strategy)
    books = [_book(source) for source in sources(target, records)]

    def choose(problem: Problem) -> Choice:
        for book in books:
            record = book.find(problem, target, strategy)
            if record is not None:
                return Choice(record.strategy, record.schedule)
        return model_choice(problem, target, strategy)

    return choose
