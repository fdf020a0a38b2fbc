"""Lower quartiles, visits, and what bounds a kernel."""

from __future__ import annotations

import time

import pytest

from lowering.targets import get_target
from runtime.measure.ceilings import bandwidths, peaks
from runtime.measure.samples import Samples, lower_quartile, time_calls


def test_the_lower_quartile():
    assert lower_quartile([5, 1, 2, 3, 4]) == 2
    assert lower_quartile([7]) == 7


def test_samples_of_several_visits_are_pooled():
    samples = Samples([10, 20], [1, 2])
    samples.extend(Samples([30], [3]))
    assert samples == Samples([10, 20, 30], [1, 2, 3])
    assert samples.seconds == pytest.approx(15e-9)


def test_calls_are_timed_and_counts_cycles():
    samples = time_calls(lambda: time.sleep(0.001), 0.02)
    assert 0.001 <= samples.seconds < 0.05
    assert len(samples.cycles) == len(samples.nanoseconds) >= 1
    assert min(samples.cycles) > 100_000


def test_the_counters_of_a_candidate_are_taken():
    times = iter(range(1000))
    samples = time_calls(
        lambda: time.sleep(0.001), 0, lambda: next(times) / 1e3, count_cycles=False
    )
    assert samples.nanoseconds == [0.0]
    assert samples.cycles == []


def test_peaks_come_from_the_cost_model():
    values = {c.label: c.value for c in peaks(get_target("znver5"))}
    assert values["popcounts, A1W1"] == pytest.approx(512 * 3.9 / 3, rel=0.02)
    assert values["popcounts, A2W2"] == pytest.approx(512 * 3.9 / 12, rel=0.02)
    assert 100 < values["dot products, A4W4"] <= 128


def test_near_caches_are_faster():
    values = [c.value for c in bandwidths()]
    assert values[0] > values[-1] > 0.1
