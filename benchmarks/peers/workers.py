"""The processes of our own kernels and of other libraries, all on one core."""

from __future__ import annotations

import os
from collections.abc import Sequence

from benchmarks.peers.peer import Peer
from benchmarks.remote_worker import RemoteWorker
from runtime.measure.lowbit_source import Lowbit
from runtime.measure.worker import Worker


def peer_workers(peers: Sequence[Peer], ours: Lowbit) -> list[Worker]:
    """A process for our own kernels, and one for each peer."""
    core = last_core()
    workers: list[Worker] = [RemoteWorker(ours, core, raise_errors=True)]
    return workers + [RemoteWorker(peer, core) for peer in peers]


def last_core() -> int | None:
    """The core that all processes share: the first ones serve the system's interrupts."""
    if not hasattr(os, "sched_getaffinity"):
        return None
    return max(os.sched_getaffinity(0))
