"""What was measured: JSON lines that say which schedule is the fastest for a kernel on a CPU.

    {"format": 2, "target": "znver5", "kernel": {"op": "conv2d", "x": "unipolar<2>", ..},
     "strategy": "bitserial", "schedule": "#lowbit.schedule<..>", "cycles": 123.0, ..}

`lowbit tune` appends them and `lowbit-select-kernel` reads them. A line is written at once, so
that several processes may append to one file. Where lines are about the same kernel and strategy,
the last one counts; among strategies, the one with the fewest cycles.

Before format 2 a schedule had only the fields that all strategies share, and format 3 added some
(`Knob.since`); the rule of the cost model gave the others, and gives them still.
"""

from __future__ import annotations

import errno
import json
import os
import warnings
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from xdsl.context import Context
from xdsl.parser import Parser
from xdsl.utils.exceptions import ParseError, VerifyException

from lowbit_dialect.at_fork import COMPILER_LOCK
from lowbit_dialect.schedule import ScheduleAttr
from lowering.kernels.contraction import Contraction
from lowering.kernels.kernel_plan import KernelPlan, KernelSelector, model_plan
from lowering.kernels.resolve_strategy import competing, resolve_strategy
from lowering.record_sources import SHIPPED_RECORDS, RecordSource, read_records, sources
from lowering.strategies import AUTO, check_strategy, get_strategy, latest_name, strategy_names
from lowering.targets import Target

FORMAT = 3
"""The form of the records that are written."""


@dataclass(frozen=True)
class TuningRecord:
    """The best schedule found for a kernel with a strategy; `predicted` is in MAC/cycle too.

    `format` tells which fields the schedule has.
    """

    target: str
    problem: Contraction
    strategy: str
    schedule: ScheduleAttr
    cycles: float
    mac_per_cycle: float
    predicted: float
    version: str
    date: str
    format: int = FORMAT

    def completed(self, target: Target) -> ScheduleAttr:
        """The schedule; the fields that an earlier version left out are given by the rule."""
        if self.format >= FORMAT:
            return self.schedule
        strategy = get_strategy(self.strategy)
        known = {n: k.default for n, k in strategy.ops.knobs.items() if k.since <= self.format}
        schedule = self.schedule.with_knobs(known | self.schedule.knob_values)
        return strategy.completed(self.problem.on(target), schedule)

    def to_json(self) -> dict[str, Any]:
        """As JSON-able data."""
        return {
            **({"format": self.format} if self.format > 1 else {}),
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
        """The inverse of `to_json`; records of earlier versions call some strategies otherwise.

        Raises:
            ValueError, KeyError, TypeError: the data are no record.
        """
        strategy = latest_name(str(data["strategy"]))
        if strategy not in strategy_names():
            raise ValueError(f"unknown strategy {data['strategy']!r}")
        return TuningRecord(
            str(data["target"]),
            Contraction.from_json(data["kernel"]),
            strategy,
            parse_schedule(data["schedule"]),
            float(data["cycles"]),
            float(data["mac_per_cycle"]),
            float(data["predicted"]),
            str(data["version"]),
            str(data["date"]),
            int(data.get("format", 1)),
        )


@lru_cache(maxsize=4096)
def parse_schedule(text: str) -> ScheduleAttr:
    """The schedule of its text, such as `#lowbit.schedule<tile = 7x2, ..>`.

    Raises:
        ValueError: the text is none.
    """
    with COMPILER_LOCK:
        from lowbit_dialect.lowbit import Lowbit  # noqa: PLC0415  takes long

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
        self._exact: dict[Contraction, dict[str, TuningRecord]] = {}
        self._similar: dict[Contraction, dict[str, TuningRecord]] = {}
        for record in records:
            if record.target != cpu:
                continue
            problem = record.problem
            self._exact.setdefault(problem, {})[record.strategy] = record
            self._similar.setdefault(problem.any_stored(), {})[record.strategy] = record

    def find(self, problem: Contraction, target: Target, strategy: str) -> TuningRecord | None:
        """The record with the fewest cycles for a problem, of a strategy or with `auto` of any.

        Where there is none, one that differs in what is stored serves. A record that does not
        suit the target, for example of another version of lowbit, gives a warning and is left out.

        Raises:
            ValueError: the strategy cannot take the problem.
        """
        contraction, wanted = problem.on(target), [strategy]
        problem = problem.apart()
        if strategy == AUTO:
            wanted = [candidate.name for candidate in competing(contraction)]
        else:
            resolve_strategy(strategy, contraction)
        for book, key in ((self._exact, problem), (self._similar, problem.any_stored())):
            found = [r for r in book.get(key, {}).values() if r.strategy in wanted]
            for record in sorted(found, key=lambda r: r.cycles):
                of_record = get_strategy(record.strategy)
                reason = of_record.why_not(contraction)
                if reason is None:
                    schedule = record.completed(target)
                    reason = of_record.why_not_schedule(contraction, schedule)
                    if reason is None:
                        return replace(record, schedule=schedule, format=FORMAT)
                warnings.warn(f"{self.name}: a record is left out: {reason}", stacklevel=2)
        return None


@lru_cache(maxsize=16)
def _book(source: RecordSource) -> RecordBook:
    return RecordBook(parse_records(source.text, source.name), source.cpu, source.name)


def kernel_selector(
    target: Target, strategy: str = AUTO, records: str = SHIPPED_RECORDS
) -> KernelSelector:
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

    def choose(problem: Contraction) -> KernelPlan:
        for book in books:
            record = book.find(problem, target, strategy)
            if record is not None:
                return KernelPlan(record.strategy, record.schedule)
        return model_plan(problem, target, strategy)

    return choose
