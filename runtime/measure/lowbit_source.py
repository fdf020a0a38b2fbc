"""Our own kernels as candidates."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache, partial

from runtime.measure.built_layer import prepare
from runtime.measure.candidate import Candidate, Maker, Source
from runtime.measure.layer import Layer
from runtime.measure.record import Setting
from runtime.measure.workloads import Workload


@dataclass(frozen=True)
class Lowbit(Source):
    """This compiler with some settings a layer.

    `cache` is a folder for compiled objects, `records` what decides about the kernels.
    """

    settings: Mapping[Workload, tuple[Setting, ...]]
    cache: str
    records: str
    name = "lowbit"
    counts_cycles = True

    def makers(self, workload: Workload, check: bool) -> Mapping[str, Maker]:
        """A candidate for each setting."""
        settings = sorted(self.settings[workload], key=lambda s: s.pair)
        return {s.name: partial(self._make, workload, s, check) for s in settings}

    def _make(self, workload: Workload, setting: Setting, check: bool) -> Candidate:
        return prepare(_layer(workload, setting.pair), setting, check, self.cache, self.records)


@lru_cache(maxsize=1)
def _layer(workload: Workload, pair: str) -> Layer:
    """Settings of one pair are made one after the other, and share its data."""
    return Layer.random(workload, pair)
