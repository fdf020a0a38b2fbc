"""What is known of a network that was timed."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class NetworkCase:
    """A network: its name, the pair of bits, the form of its glue, rows of an image, the target."""

    network: str
    pair: str
    glue: str
    size: int
    target: str


@dataclass(frozen=True)
class NetworkRecord:
    """One network on one thread, images one by one.

    Attributes:
        network, pair, glue, size, target: as in `NetworkCase`.
        seconds: lower quartile of a call.
        checked: whether its logits were equal to those of plain numpy in this run.
        glue_share: the part of the time that is not there where every epilogue stores the low bits
            of its sums, and no sum is added or quantised outside of an epilogue.
        workspace_bytes: of a call.
        weight_bytes: constants of the object.
        code_bytes: instructions of the object.
        cold_compile_s: a compilation without the object cache.
        from_cache_s: one that finds the object there.
        threads_s: seconds by the number of threads.
        peers: for each library and arithmetic its kind, fp32 or int8, and seconds.
        machine: processor and versions.
    """

    network: str
    pair: str
    glue: str
    size: int
    target: str
    seconds: float
    checked: bool
    glue_share: float
    workspace_bytes: int
    weight_bytes: int
    code_bytes: int
    cold_compile_s: float
    from_cache_s: float
    threads_s: dict[str, float] = field(default_factory=dict)
    peers: dict[str, dict[str, Any]] = field(default_factory=dict)
    machine: dict[str, Any] = field(default_factory=dict)

    def ratio(self, kind: str) -> float | None:
        """How many times faster than the fastest peer of a kind, or None without one."""
        times = [peer["seconds"] for peer in self.peers.values() if peer["kind"] == kind]
        return min(times) / self.seconds if times else None
