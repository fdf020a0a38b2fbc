"""A benchmark from its plan to its records."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from tempfile import TemporaryDirectory

from lowering.record_sources import SHIPPED_RECORDS
from runtime.measure.built_layer import record_of
from runtime.measure.candidate import Entry
from runtime.measure.interleave import Timed, interleave
from runtime.measure.lowbit_source import Lowbit
from runtime.measure.machine import machine
from runtime.measure.record import Record, Setting
from runtime.measure.samples import Samples
from runtime.measure.worker import LocalWorker, Worker, WorkerError, warm
from runtime.measure.workloads import Workload

WARM_UP_SECONDS = 1.0
"""Each child runs for so long before anything counts."""


def local_worker(ours: Lowbit) -> list[Worker]:
    """Our own kernels alone, in this process."""
    return [LocalWorker(ours)]


@dataclass(frozen=True)
class Plan:
    """What is measured: layers, each with its settings.

    `seconds` is for each candidate, in all its turns in one process. `open_workers` starts the
    processes of the candidates, that of our own kernels first; with several of them, `processes`
    generations of processes follow each other: a machine may be slow for the whole life of a
    process. `records` decide about our kernels, see `lowering.record_sources.sources`.
    """

    jobs: Mapping[Workload, Sequence[Setting]]
    seconds: float
    processes: int = 1
    records: str = SHIPPED_RECORDS
    open_workers: Callable[[Lowbit], list[Worker]] = local_worker


@dataclass
class Outcome:
    """Records in the order of the plan, and what went wrong with other libraries, a line each."""

    records: list[Record]
    notes: list[str]


def steps(plan: Plan) -> int:
    """Layers to be timed, those of every generation."""
    return plan.processes * len(plan.jobs)


def run_plan(plan: Plan, progress: Callable[[int, str], object] = lambda *_: None) -> Outcome:
    """Measure; `progress` hears how many of the steps are done, and the layer that comes next.

    Raises:
        ValueError: a setting is impossible on this machine.
        WorkerError: the process of our own kernels died.
    """
    results = _Results(plan)
    with TemporaryDirectory(prefix="lowbit-bench-") as cache:
        settings = {w: tuple(settings) for w, settings in plan.jobs.items()}
        ours = Lowbit(settings, cache, plan.records)
        for generation in range(plan.processes):
            with ExitStack() as stack:
                workers = plan.open_workers(ours)
                for worker in workers:
                    stack.callback(worker.stop)
                for number, workload in enumerate(plan.jobs):
                    progress(generation * len(plan.jobs) + number, workload.id)
                    candidates = _prepare(workers, workload, generation == 0, number == 0)
                    interleave(candidates, plan.seconds)
                    results.add(workload, candidates)
    return results.outcome()


def _prepare(
    workers: Sequence[Worker], workload: Workload, check: bool, first: bool
) -> list[Timed]:
    """Contenders of all workers for a layer; a process of another library that dies is a note."""
    candidates = []
    for number, worker in enumerate(workers):
        try:
            entries = worker.prepare(workload, check)
            if len(workers) > 1 and first:
                warm(worker, entries, WARM_UP_SECONDS)
        except WorkerError as error:
            if number == 0:
                raise
            entries = [Entry(worker.source.name, error=str(error))]
        candidates += [Timed(worker, entry, number > 0) for entry in entries]
    return candidates


class _Results:
    """Samples of all generations, gathered by layer and candidate."""

    def __init__(self, plan: Plan):
        self.plan = plan
        self.samples: dict[tuple[str, str], Samples] = {}
        self.first: dict[tuple[str, str], Entry] = {}
        self.peer_names: dict[str, list[str]] = {}
        self.notes: list[str] = []

    def add(self, workload: Workload, candidates: Sequence[Timed]) -> None:
        """Add the samples of a generation."""
        for timed in candidates:
            entry, key = timed.entry, (workload.id, timed.entry.name)
            if entry.error:
                if not timed.is_peer:
                    raise WorkerError(entry.error)
                note = f"{entry.name} on {workload.id}: {entry.error}"
                self.notes += [note] if note not in self.notes else []
                continue
            if key not in self.first:
                self.first[key] = entry
                if timed.is_peer:
                    self.peer_names.setdefault(workload.id, []).append(entry.name)
            self.samples.setdefault(key, Samples()).extend(timed.samples)

    def outcome(self) -> Outcome:
        """The records."""
        about, records = machine(), []
        for workload, settings in self.plan.jobs.items():
            peers = {
                name: (self.samples[workload.id, name].seconds, self.first[workload.id, name])
                for name in self.peer_names.get(workload.id, ())
            }
            for setting in settings:
                key = workload.id, setting.name
                entry = self.first[key]
                facts = entry.facts | {
                    "peers": {name: seconds for name, (seconds, _) in peers.items()},
                    "peer_checks": {name: first.verdict for name, (_, first) in peers.items()},
                    "machine": about,
                }
                records.append(
                    record_of(workload, setting, self.samples[key], entry.verdict, facts)
                )
        return Outcome(records, self.notes)
