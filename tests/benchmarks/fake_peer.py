"""A library that is always installed, whose candidates do what a test needs."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from dataclasses import dataclass

from benchmarks.peers.peer import Peer
from runtime.measure.candidate import Candidate, Maker
from runtime.measure.workloads import Workload


def _sleeps(seconds: float, verdict: str) -> Candidate:
    return Candidate(lambda: time.sleep(seconds), verdict)


def _counts() -> Candidate:
    return Candidate(lambda: None, "right", own_seconds=lambda: 0.25)


def _cannot() -> Candidate:
    raise RuntimeError("no such\nkernel")


@dataclass(frozen=True)
class FakePeer(Peer):
    """Contenders by the names of their behaviour."""

    behaviours: tuple[str, ...] = ("sleeps",)
    name = "fake"
    package = "json"
    distribution = "numpy"

    def makers(self, workload: Workload, check: bool) -> Mapping[str, Maker]:
        known: dict[str, Maker] = {
            "sleeps": lambda: _sleeps(0.002, "right" if check else "not checked"),
            "wrong": lambda: _sleeps(0.001, "wrong"),
            "counts": _counts,
            "cannot": _cannot,
            "dies": lambda: _Dies().candidate(),
        }
        return {f"fake_i8_{name}": known[name] for name in self.behaviours}


class _Dies:
    """Ends its process at the second call: the first one is part of making it."""

    def __init__(self) -> None:
        self.calls = 0

    def candidate(self) -> Candidate:
        return Candidate(self.run)

    def run(self) -> None:
        self.calls += 1
        if self.calls > 1:
            os.write(2, b"the library aborts\n")
            os._exit(3)


class MissingPeer(FakePeer):
    """A library that is not there."""

    name = "absent"
    package = "a_package_that_nobody_has"
