"""Repetitions of a call: how they are taken, and the one number that is made of them.

What disturbs a measurement (another process, a slow phase of the machine) only ever makes it
longer, so the lower quartile says more of the code than the median does; the minimum would take a
lucky clock for the truth.
"""

from __future__ import annotations

import gc
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from runtime.measure.clock import nanoseconds_per_cycle

BATCH_NANOSECONDS = 200_000
"""Calls are timed together until they take this long, so that reading the clock is nothing."""
_UNTIMED = 2
"""Calls before the timed ones: they fill the caches and predictors that others have used."""


@dataclass
class Samples:
    """Nanoseconds of a call, and its cycles where those are counted."""

    nanoseconds: list[float] = field(default_factory=list)
    cycles: list[float] = field(default_factory=list)

    def extend(self, other: Samples) -> None:
        """Add the samples of another turn."""
        self.nanoseconds += other.nanoseconds
        self.cycles += other.cycles

    @property
    def seconds(self) -> float:
        """Lower quartile of the time."""
        return lower_quartile(self.nanoseconds) / 1e9


def lower_quartile(values: list[float]) -> float:
    """The value that a quarter of all values do not pass."""
    return float(np.quantile(values, 0.25))


def time_calls(
    call: Callable[[], object],
    seconds: float,
    own_seconds: Callable[[], float] | None = None,
    count_cycles: bool = True,
) -> Samples:
    """Time a call for a while, at least once.

    Args:
        call: what is timed.
        seconds: how long.
        own_seconds: what the call says itself of its last run, in place of the clock.
        count_cycles: whether to time a chain of additions beside each sample.
    """
    batch = _calls_a_batch(call)
    for _ in range(_UNTIMED):
        call()
    samples = Samples()
    enabled = gc.isenabled()
    gc.disable()
    try:
        end = time.perf_counter() + seconds
        while not samples.nanoseconds or time.perf_counter() < end:
            before = nanoseconds_per_cycle() if count_cycles else 0
            elapsed = _seconds_of(call, batch, own_seconds) * 1e9
            samples.nanoseconds.append(elapsed)
            if count_cycles:
                samples.cycles.append(2 * elapsed / (before + nanoseconds_per_cycle()))
    finally:
        if enabled:
            gc.enable()
    return samples


def _seconds_of(
    call: Callable[[], object], batch: int, own_seconds: Callable[[], float] | None
) -> float:
    """Mean of a batch of calls; counters that tick once a microsecond need that too."""
    if own_seconds is not None:
        total = 0.0
        for _ in range(batch):
            call()
            total += own_seconds()
        return total / batch
    start = time.perf_counter_ns()
    for _ in range(batch):
        call()
    return (time.perf_counter_ns() - start) / batch / 1e9


def _calls_a_batch(call: Callable[[], object]) -> int:
    start = time.perf_counter_ns()
    call()
    return max(1, BATCH_NANOSECONDS // max(1, time.perf_counter_ns() - start))
