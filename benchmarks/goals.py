"""How fast it has to be, and by how much a measurement misses that.

The goals are data: `goals.json`. They are for one thread of a machine of the class that they name
(see `machine_class`); MAC/cycle with packed activations in and out, everything counted. Those of a
Zen 4 are 0.52 of those of a Zen 5: half the rate of vectors of 512 bits, the same rate of others.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from benchmarks.machine_class import machine_class
from benchmarks.peers.best import best_peer
from benchmarks.peers.peer import ARITHMETIC
from runtime.measure.record import Record, Setting, scaling


@dataclass(frozen=True)
class Verdict:
    """A goal and what was measured, so that a larger `score` is better and 1 just meets it.

    Goals of a `kind` belong together; `what` may say more, such as the name of a rival.
    """

    what: str
    record: Record
    goal: float
    measured: float
    unit: str = ""
    less_is_better: bool = False
    kind: str = ""

    @property
    def score(self) -> float:
        """Measured in parts of the goal, or the other way round where less is better."""
        if self.less_is_better:
            return self.goal / self.measured
        return self.measured / self.goal

    @property
    def is_met(self) -> bool:
        """Whether the goal is reached."""
        return self.score >= 1


@cache
def goals() -> dict[str, Any]:
    """The content of goals.json."""
    return json.loads((files("benchmarks") / "goals.json").read_text())


def mac_goal(record: Record) -> float | None:
    """The goal in MAC/cycle for a record, or None where there is none."""
    if record.threads != 1:
        return None
    by_pair = goals()["mac_per_cycle"].get(machine_class(record.machine, record.isa), {})
    goal = by_pair.get(record.pair, {}).get(record.id)
    return goal * (goals()["i32_of_packed"] if record.out == "i32" else 1) if goal else None


def goal_settings(machine: str, peers: bool) -> dict[str, list[Setting]]:
    """For each layer that has goals the settings that they are for, in the order of the file.

    Args:
        machine: the class of the machine; goals for AVX2 count on the classes with AVX-512, too.
        peers: whether goals against other libraries are wanted.
    """
    found: dict[str, list[Setting]] = {}
    table = goals()["mac_per_cycle"]
    for name in dict.fromkeys((machine, "avx2")) if machine in table else ():
        for pair, row in table[name].items():
            for layer in row:
                setting = Setting(pair, "host" if name == machine else name)
                found.setdefault(layer, []).append(setting)
    for layer, row in goals()["seconds"].items():
        found.setdefault(layer, []).extend(Setting(pair) for pair in row)
    for row in goals()["speedups"] if peers else ():
        for layer in row["layers"]:
            found.setdefault(layer, []).extend(Setting(pair) for pair in row["pairs"])
    return {layer: list(dict.fromkeys(settings)) for layer, settings in found.items()}


def verdicts(records: Sequence[Record]) -> Iterator[Verdict]:
    """All goals that these records say something about."""
    for record in records:
        goal = mac_goal(record)
        if goal is not None:
            yield Verdict("MAC/cycle", record, goal, record.mac_per_cycle, kind="MAC/cycle")
        yield from _speedups(record)
        yield from _seconds(record)
    yield from _compile_times(records)
    yield from _scaling(records)


def speedup_goal(record: Record, arithmetic: Collection[str]) -> float | None:
    """How many times faster than the best peer of some arithmetic a record has to be."""
    if record.threads != 1 or record.isa != "host":
        return None
    found = (
        row["pairs"].get(record.pair)
        for row in goals()["speedups"]
        if record.id in row["layers"] and set(row["against"]) == set(arithmetic)
    )
    return next((goal for goal in found if goal is not None), None)


def _speedups(record: Record) -> Iterator[Verdict]:
    for arithmetic in dict.fromkeys(tuple(row["against"]) for row in goals()["speedups"]):
        goal, best = speedup_goal(record, arithmetic), best_peer(record, arithmetic)
        if goal is not None and best is not None:
            ratio, kind = best[1] / record.seconds, f"times {ARITHMETIC[arithmetic[0]]}"
            yield Verdict(f"times {best[0]}", record, goal, ratio, "x", kind=kind)


def _seconds(record: Record) -> Iterator[Verdict]:
    goal = goals()["seconds"].get(record.id, {}).get(record.pair)
    if goal is not None and record.threads == 1 and record.isa == "host":
        yield Verdict("time", record, goal * 1e3, record.seconds * 1e3, " ms", True, "time")


def _compile_times(records: Iterable[Record]) -> Iterator[Verdict]:
    """The slowest compilation is the one to judge by."""
    row = goals()["compile"]
    judged = [r for r in records if r.id in row["layers"]]
    for key, what in (("cold_seconds", "cold compile"), ("cached_seconds", "from cache")):
        timed = [(getattr(r, key), r) for r in judged if getattr(r, key) is not None]
        if timed:
            seconds, record = max(timed, key=lambda pair: pair[0])
            goal = row[key]
            text = f"{what}, slowest"
            yield Verdict(text, record, goal * 1e3, seconds * 1e3, " ms", True, text)


def _scaling(records: Sequence[Record]) -> Iterator[Verdict]:
    row = goals()["threads"]
    for record, ratio in scaling(records):
        name = f"{record.threads} threads"
        if record.threads > record.machine["cores"]:
            text = f"{name}, more than cores"
            yield Verdict(text, record, row["oversubscribed"], ratio, "x", kind=text)
        elif record.threads == row["threads"] and record.id in row["layers"]:
            yield Verdict(name, record, row["speedup"], ratio, "x", kind=name)
