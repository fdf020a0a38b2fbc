"""Who measures candidates on another machine.

A worker process of this machine builds the object, for LLVM may abort; the object and the driver
become a program that goes to the machine with the inputs, runs there for a limited time, and sends
back outputs and times. Nothing of lowbit needs to be there, not even Python.
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

import numpy as np

from lowbit_dialect.layouts.packed_array import PackedArray
from lowering.kernels.kernel_plan import KernelPlan
from lowering.targets import get_target
from runtime.measure.layer import Layer
from runtime.measure.samples import lower_quartile
from runtime.remote.machine import (
    Machine,
    MachineError,
    ProgramError,
    TimeLimitError,
    UnreachableError,
)
from runtime.remote.program import Job, Program, Report, Unit
from runtime.signature import Signature
from runtime.tuner.task import Failed, Measured, Outcome, Task, outcome_from_json, request
from runtime.tuner.task_layer import layer_of
from runtime.tuner.worker_process import WORKER, WorkerProcess

KEPT = 8
"""Programs that are kept, for the best candidates are timed again."""


class MachineRunner:
    """Candidates built here, checked and timed on a machine."""

    def __init__(self, machine: Machine, time_limit: float = 60.0, command: Sequence[str] = WORKER):
        """Start nothing yet; `close` closes the machine too.

        Args:
            machine: where candidates run.
            time_limit: seconds that one may take to be built, and to run.
            command: how to start a worker, which builds.
        """
        self._machine, self.time_limit = machine, time_limit
        self._worker = WorkerProcess(time_limit, command=command)
        self._program = lru_cache(maxsize=KEPT)(self._build)
        self._is_stopped = False

    def measure(self, task: Task, choice: KernelPlan, seconds: float) -> Outcome:
        """See `Runner`.

        Raises:
            UnreachableError: the machine does not answer any more.
            ToolMissingError, ToolFailedError: there is no C compiler for it, see
                `runtime.aot.link`.
        """
        program = self._program(task, choice)
        if isinstance(program, Failed):
            return program
        try:
            return self._run(program, task, choice, seconds)
        except TimeLimitError as error:
            return Failed("time limit", str(error))
        except UnreachableError:
            if self._is_stopped:
                return Failed("aborted", "the search was stopped")
            raise
        except ProgramError as error:
            return Failed("aborted", str(error))
        except MachineError as error:
            return Failed("error", str(error))

    def stop(self) -> None:
        """See `Runner`."""
        self._is_stopped = True
        self._worker.stop()
        self._machine.stop()

    def close(self) -> None:
        """End the worker, and leave the machine as it was."""
        self._worker.close()
        self._machine.close()

    def _build(self, task: Task, choice: KernelPlan) -> Program | Failed:
        with tempfile.TemporaryDirectory(prefix="lowbit-") as folder:
            path = Path(folder, "candidate.o")
            reply = self._worker.ask(request(task, choice, path=str(path)))
            if isinstance(reply, Failed):
                return reply
            if "signature" not in reply:
                outcome = outcome_from_json(reply)
                assert isinstance(outcome, Failed), "nothing was timed"
                return outcome
            signature = Signature.from_json(reply["signature"])
            return Program([Unit([signature], path.read_bytes())], get_target(task.target))

    def _run(self, program: Program, task: Task, choice: KernelPlan, seconds: float) -> Outcome:
        (signature,) = program.signatures.values()
        layer, strategy, target = layer_of(task), choice.strategy, get_target(task.target)
        inputs = [layer.words(x, strategy, target) for x, _ in layer.trials]
        timed, *others = ([words] for words in inputs)
        # A call before the one that is timed: it brings code and data into the caches.
        jobs = [
            Job(signature.name, timed, calls=2, seconds=seconds),
            *(Job(signature.name, words) for words in others),
        ]
        program.put(self._machine)
        reports = program.run(self._machine, jobs, self.time_limit)
        wrong = _fault(layer, task.out, signature, reports)
        if wrong is not None:
            return Failed("wrong", wrong)
        cycles, nanoseconds = reports[0].cycles, reports[0].nanoseconds
        return Measured(lower_quartile(cycles), lower_quartile(nanoseconds) / 1e9)

    def __enter__(self) -> MachineRunner:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _fault(layer: Layer, out: str, signature: Signature, reports: Sequence[Report]) -> str | None:
    """What is wrong with the outputs, if anything."""
    for (_, sums), report in zip(layer.trials, reports, strict=True):
        if report.faults:
            return "; ".join(report.faults)
        given = signature.from_storages(report.outputs)
        values = given.values if isinstance(given, PackedArray) else given
        if not np.array_equal(values, layer.expected_of(sums, out)):
            return "its output differs from the reference"
    return None
