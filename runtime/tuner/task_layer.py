"""The layer that poses the problem of a task, with its data."""

from __future__ import annotations

from functools import lru_cache

from lowering.kernels.contraction import Contraction
from runtime.measure.layer import Layer
from runtime.tuner.task import Task


def layer_of(task: Task) -> Layer:
    """The layer of a task; that of the last one is kept."""
    return _layer(task.problem, task.seed)


@lru_cache(maxsize=2)
def _layer(problem: Contraction, seed: int) -> Layer:
    return Layer.of_problem(problem, seed)
