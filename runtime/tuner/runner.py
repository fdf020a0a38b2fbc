"""Who measures a candidate: a process of this machine, kept alive between candidates.

The search knows `Runner` only; `runtime.tuner.machine_runner` has the one for other machines.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from lowering.kernels.kernel_plan import KernelPlan
from runtime.tuner.task import Failed, Outcome, Task, outcome_from_json, request
from runtime.tuner.worker_process import WORKER, WorkerProcess


class Runner(Protocol):
    """Measures candidates, one at a time, and survives whatever they do."""

    def measure(self, task: Task, choice: KernelPlan, seconds: float) -> Outcome:
        """Build, check and time a candidate, its repetitions taking so many seconds."""
        ...

    def stop(self) -> None:
        """End what is going on, from any thread; `measure` then returns a failure, always."""
        ...


class LocalRunner:
    """A worker process of this machine builds, checks and times."""

    def __init__(
        self, time_limit: float = 60.0, cpu: int | None = None, command: Sequence[str] = WORKER
    ):
        """See `WorkerProcess`; the time limit is that of a candidate."""
        self.worker = WorkerProcess(time_limit, cpu, command)

    def measure(self, task: Task, choice: KernelPlan, seconds: float) -> Outcome:
        """See `Runner`."""
        reply = self.worker.ask(request(task, choice, seconds=seconds))
        return reply if isinstance(reply, Failed) else outcome_from_json(reply)

    def stop(self) -> None:
        """See `Runner`."""
        self.worker.stop()

    def close(self) -> None:
        """End the worker, whatever it does."""
        self.worker.close()

    def __enter__(self) -> LocalRunner:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
