"""The peer to beat among those that were timed."""

from __future__ import annotations

from collections.abc import Collection

from benchmarks.peers.peer import arithmetic_of
from runtime.measure.record import Record

_KERNEL = "_kernel"
"""Ends the names of candidates that are timed by their own counters, without their call."""


def best_peer(record: Record, arithmetic: Collection[str]) -> tuple[str, float] | None:
    """Name and seconds of the fastest peer of some arithmetic, or None where there is none.

    A wrong result counts for nothing, nor does a part of a call; of binary convolutions there is
    nothing but the wrong kernel of OpenVINO, which is a bar all the same.
    """
    found = {
        name: seconds
        for name, seconds in record.peers.items()
        if arithmetic_of(name) in arithmetic
        and (
            arithmetic_of(name) == "bin"
            or (record.peer_checks.get(name) != "wrong" and not name.endswith(_KERNEL))
        )
    }
    return min(found.items(), key=lambda item: item[1]) if found else None
