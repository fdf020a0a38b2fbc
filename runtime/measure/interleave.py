"""Contenders of several workers, timed in turn so that a slow phase of the machine hits all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from runtime.measure.candidate import Entry
from runtime.measure.samples import Samples
from runtime.measure.worker import Worker, WorkerError

ROUNDS = 8
"""How often each candidate has a turn; every other round goes backwards."""


@dataclass
class Timed:
    """A candidate and its samples."""

    worker: Worker
    entry: Entry
    is_peer: bool = False
    samples: Samples = field(default_factory=Samples)


def interleave(candidates: Sequence[Timed], seconds: float, rounds: int = ROUNDS) -> None:
    """Add `seconds` of samples to each candidate, a bit of them in every round.

    A round ahead of them warms up and does not count. A peer that fails leaves its error in its
    entry, a worker that dies in the entries of all its candidates; the others go on.

    Raises:
        WorkerError: the process of our own kernels died.
    """
    for number in range(-1, rounds):
        for timed in candidates if number % 2 == 0 else reversed(candidates):
            if timed.entry.error:
                continue
            try:
                samples = timed.worker.run(timed.entry.name, seconds / rounds)
            except Exception as error:
                if not timed.is_peer:
                    raise
                died = isinstance(error, WorkerError)
                for other in candidates:
                    if other is timed or (died and other.worker is timed.worker):
                        other.entry = Entry(other.entry.name, error=str(error))
                continue
            if number >= 0:
                timed.samples.extend(samples)
