"""Models of many layers, on all cores: figures that no load disturbs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Executor, ProcessPoolExecutor, as_completed
from contextlib import nullcontext
from dataclasses import dataclass
from multiprocessing import get_context

from runtime.emulation.processor import EmulationError
from runtime.measure.machine import usable_cores
from runtime.measure.model import ModelSetting, model_layer
from runtime.measure.model_record import ModelRecord
from runtime.measure.workloads import Workload
from runtime.tools import ToolMissingError
from runtime.tools.llvm_tools import find_mca, find_objdump


@dataclass(frozen=True)
class ModelJob:
    """A layer on a target, with all its settings."""

    workload: Workload
    target: str
    settings: tuple[ModelSetting, ...]

    @property
    def name(self) -> str:
        """What it is called where progress is shown."""
        return f"{self.workload.id} {self.target}"


@dataclass
class ModelOutcome:
    """Records in the order of the jobs, and a line for each kernel that did not run."""

    records: list[ModelRecord]
    failures: list[str]


Model = Callable[[Workload, ModelSetting], ModelRecord]
"""How a layer is modelled; it is sent to other processes, so it is a function of a module."""


def run_models(
    jobs: Sequence[ModelJob],
    progress: Callable[[int, str], object] = lambda *_: None,
    model: Model = model_layer,
) -> ModelOutcome:
    """Model all jobs; `progress` hears how many are done, and the one that was the last.

    Raises:
        ToolMissingError, McaError: a program or package is not there at all.
    """
    find_mca()
    find_objdump()
    workers = min(usable_cores(), len(jobs))
    found: dict[ModelJob, ModelOutcome] = {}
    with _pool(workers) as pool:
        if pool is None:
            for job in jobs:
                found[job] = _run(job, model)
                progress(len(found), job.name)
        else:
            futures = {pool.submit(_run, job, model): job for job in jobs}
            try:
                for future in as_completed(futures):
                    found[futures[future]] = future.result()
                    progress(len(found), futures[future].name)
            except BaseException:
                pool.shutdown(wait=False, cancel_futures=True)
                raise
    in_order = [found[job] for job in jobs]
    return ModelOutcome(
        [r for outcome in in_order for r in outcome.records],
        [line for outcome in in_order for line in outcome.failures],
    )


def _pool(workers: int) -> ProcessPoolExecutor | nullcontext[Executor | None]:
    if workers <= 1:
        return nullcontext(None)
    # Spawned, not forked: LLVM and unicorn may have threads and locks.
    return ProcessPoolExecutor(workers, get_context("spawn"))


def _run(job: ModelJob, model: Model) -> ModelOutcome:
    outcome = ModelOutcome([], [])
    for setting in job.settings:
        try:
            outcome.records.append(model(job.workload, setting))
        except ToolMissingError:
            raise
        except (ValueError, EmulationError) as error:
            outcome.failures.append(f"{job.name} {setting.pair} {setting.strategy}: {error}")
    return outcome
