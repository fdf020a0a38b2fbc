"""What others published for these layers, per core and cycle: `published.json`.

They measured; what stands beside is a model.
"""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files
from typing import Any


@cache
def published() -> dict[str, Any]:
    """The content of published.json."""
    return json.loads((files("benchmarks") / "published.json").read_text())


def published_mac_per_cycle(layer: str, pair: str, macs: int) -> float | None:
    """Multiply-accumulates for each core and cycle of a layer on all cores, or None.

    Args:
        layer: its name.
        pair: bits of activations and weights.
        macs: its nominal multiply-accumulates.
    """
    milliseconds = published()["milliseconds"].get(pair, {}).get(layer)
    return _rate(macs, milliseconds, published()["cores"])


def published_on_one_thread(layer: str, pair: str, macs: int) -> float | None:
    """The same of a single thread, or None where only several were timed."""
    milliseconds = published()["one_thread_milliseconds"].get(pair, {}).get(layer)
    return _rate(macs, milliseconds, 1)


def published_best(pair: str) -> float | None:
    """The best throughput of all layers for each core and cycle, or None."""
    gmacs = published()["best_gmacs"].get(pair)
    return gmacs * 1e9 / published()["hertz"] / published()["cores"] if gmacs else None


def published_times_int16(layer: str, pair: str) -> float | None:
    """How many times faster than their kernel of 16-bit integers, or None."""
    return published()["times_int16"].get(pair, {}).get(layer)


def _rate(macs: int, milliseconds: float | None, cores: int) -> float | None:
    if milliseconds is None:
        return None
    return macs / (milliseconds * 1e-3 * published()["hertz"] * cores)
