"""Contenders of several stations, timed in turn so that a slow phase of the machine hits all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from runtime.measure.contender import Entry
from runtime.measure.samples import Samples
from runtime.measure.station import Station, StationError

ROUNDS = 8
"""How often everybody has a turn; every other round goes backwards."""


@dataclass
class Timed:
    """A contender and its samples."""

    station: Station
    entry: Entry
    is_peer: bool = False
    samples: Samples = field(default_factory=Samples)


def interleave(contenders: Sequence[Timed], seconds: float, rounds: int = ROUNDS) -> None:
    """Add `seconds` of samples to each contender, a bit of them in every round.

    A round ahead of them warms up and does not count. A peer that fails leaves its error in its
    entry, a station that dies in the entries of all its contenders; the others go on.

    Raises:
        StationError: the process of our own kernels died.
    """
    for number in range(-1, rounds):
        for timed in contenders if number % 2 == 0 else reversed(contenders):
            if timed.entry.error:
                continue
            try:
                samples = timed.station.run(timed.entry.name, seconds / rounds)
            except Exception as error:
                if not timed.is_peer:
                    raise
                died = isinstance(error, StationError)
                for other in contenders:
                    if other is timed or (died and other.station is timed.station):
                        other.entry = Entry(other.entry.name, error=str(error))
                continue
            if number >= 0:
                timed.samples.extend(samples)
