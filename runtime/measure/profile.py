"""How long each stage of a compiled function takes."""

from __future__ import annotations

import ctypes
import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from runtime.executable import Executable
from runtime.measure.samples import lower_quartile

LEAST_RUNS = 3
"""Runs that are timed even if they take longer than is wanted."""


@dataclass(frozen=True)
class StageTime:
    """A stage, as its symbol is called, how many parts it has, and the time of a run of them."""

    name: str
    parts: int
    seconds: float

    @property
    def operation(self) -> str:
        """The operation that it computes, without the name of the dialect."""
        return self.name.split("_", 2)[-1]


def time_stages(
    executable: Executable, inputs: Sequence[NDArray], seconds: float
) -> list[StageTime]:
    """Time the stages of a function on one thread, in the order in which they run.

    Args:
        executable: a function of tensors; one without stages gives an empty list.
        inputs: an array for each input, as `Executable.run` takes them.
        seconds: how long to repeat the run. Each time is a lower quartile.
    """
    stages = executable.entry_points()
    outputs = [spec.new_storage() for spec in executable.signature.results]
    workspace = np.zeros(executable.signature.workspace, np.uint8)
    arrays = [*inputs, *outputs, workspace]
    buffers = [array.__array_interface__["data"][0] for array in arrays]
    types = [ctypes.c_void_p] * len(buffers) + [ctypes.c_ssize_t] * 2
    functions = [ctypes.CFUNCTYPE(None, *types)(address) for _, _, address in stages]
    samples: list[list[float]] = [[] for _ in stages]
    end = time.perf_counter() + seconds
    runs = 0
    while runs < LEAST_RUNS or time.perf_counter() < end:
        for (_, parts, _), function, times in zip(stages, functions, samples, strict=True):
            start = time.perf_counter()
            function(*buffers, 0, parts)
            times.append(time.perf_counter() - start)
        runs += 1
    return [
        StageTime(name, parts, lower_quartile(times))
        for (name, parts, _), times in zip(stages, samples, strict=True)
    ]
