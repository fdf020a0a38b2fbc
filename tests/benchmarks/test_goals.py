"""Goals are data, and verdicts say by how much a measurement misses them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from benchmarks.goals import goal_settings, goals, mac_goal, scaling, verdicts
from benchmarks.machine_class import machine_class
from benchmarks.peers.best import best_peer
from runtime.measure.layer import codes_of
from runtime.measure.record import Record, Setting, load_records
from runtime.measure.result_file import dump_results
from runtime.measure.workloads import load_workloads

MACHINE = {"isa": "avx512", "llvm_cpu": "znver5", "cores": 2}
C9 = Record("C9", "A1W1", "host", "bitserial", "packed", 4e-5, 1e5, 700, True, machine=MACHINE)


def found(*records: Record) -> dict[str, tuple[float, bool]]:
    return {v.what: (round(v.score, 6), v.is_met) for v in verdicts(records)}


def test_every_goal_is_of_a_known_layer_and_pair():
    layers = {w.id for w in load_workloads()}
    for isa in ("zen5", "zen4", "avx2"):
        for layer, settings in goal_settings(isa, peers=True).items():
            assert layer in layers
            for setting in settings:
                codes_of(setting.pair)


def test_settings_of_the_goals_are_those_of_the_class_and_avx2_below_it():
    settings = goal_settings("zen5", peers=False)
    assert Setting("A4W4", "host") in settings["C9"]
    assert Setting("A4W4", "avx2") in settings["C9"]
    assert "C5" not in settings
    assert goal_settings("zen5", peers=True)["C5"][0] == Setting("A1W1")
    assert goal_settings("avx2", peers=False)["C9"] == [
        Setting(pair) for pair in ("A1W1", "A2W2", "A4W4")
    ]
    for isa in ("sse2", "aarch64", "armv7"):  # machines that cannot run AVX2
        settings = goal_settings(isa, peers=True)
        assert {s.isa for of_layer in settings.values() for s in of_layer} == {"host"}


def test_mac_goals():
    assert mac_goal(C9) == 690
    assert mac_goal(replace(C9, out="i32")) == pytest.approx(0.95 * 690)
    assert mac_goal(replace(C9, isa="avx2")) == 225
    assert mac_goal(replace(C9, machine={"isa": "avx2"})) == 225
    zen4 = replace(C9, machine=MACHINE | {"llvm_cpu": "znver4"})
    assert mac_goal(zen4) == goals()["mac_per_cycle"]["zen4"]["A1W1"]["C9"]
    assert mac_goal(replace(zen4, isa="avx2")) == 225
    assert mac_goal(replace(C9, threads=2)) is None
    assert mac_goal(replace(C9, id="C1")) is None
    assert mac_goal(replace(C9, isa="sse2")) is None


@pytest.mark.parametrize(
    ("cpu", "isa", "restricted", "expected"),
    [
        ("znver5", "avx512", "host", "zen5"),
        ("znver4", "avx512", "host", "zen4"),
        ("icelake-server", "avx512", "host", "zen5"),
        ("znver4", "avx512", "avx2", "avx2"),
        ("znver3", "avx2", "host", "avx2"),
        ("cortex-a72", "aarch64", "host", "aarch64"),
    ],
)
def test_classes_of_machines(cpu, isa, restricted, expected):
    assert machine_class({"llvm_cpu": cpu, "isa": isa}, restricted) == expected


def test_a_verdict_says_how_far_away_the_goal_is():
    assert found(C9)["MAC/cycle"] == (round(700 / 690, 6), True)
    assert found(replace(C9, mac_per_cycle=345))["MAC/cycle"] == (0.5, False)


def test_the_best_peer_is_right_and_whole():
    peers = {"a_i8_x": 3e-4, "b_i8_x": 2e-4, "c_i8_kernel": 1e-4, "d_i8_x": 1e-5, "e_f32": 1e-6}
    checks = dict.fromkeys(peers, "right") | {"d_i8_x": "wrong"}
    record = replace(C9, peers=peers, peer_checks=checks)
    assert best_peer(record, ("i8",)) == ("b_i8_x", 2e-4)
    assert best_peer(record, ("f32",)) == ("e_f32", 1e-6)
    assert best_peer(record, ("w2a8",)) is None
    binary = replace(C9, peers={"ov_bin_kernel": 5e-5}, peer_checks={"ov_bin_kernel": "wrong"})
    assert best_peer(binary, ("bin",)) == ("ov_bin_kernel", 5e-5)


def test_speedups_are_judged_against_the_best_peer():
    record = replace(C9, peers={"a_i8_x": 2.12e-4, "ov_bin_kernel": 4.14e-5})
    assert found(record)["times a_i8_x"] == (1.0, True)
    assert found(record)["times ov_bin_kernel"] == (0.9, False)
    assert "times a_i8_x" not in found(replace(record, isa="avx2"))


def test_compile_times_are_judged_by_the_slowest_layer():
    fast = replace(C9, cold_seconds=0.1, cached_seconds=0.0005)
    slow = replace(C9, pair="A2W1", cold_seconds=0.5, cached_seconds=0.0005)
    matrix = replace(C9, id="G1024", cold_seconds=9, cached_seconds=9)
    result = found(fast, slow, matrix)
    assert result["cold compile, slowest"] == (0.5, False)
    assert result["from cache, slowest"] == (2, True)


def test_threads_are_compared_with_one():
    two, eight = replace(C9, seconds=2e-5, threads=2), replace(C9, seconds=5e-5, threads=8)
    other = replace(C9, pair="A2W1", threads=2)
    assert [(r.threads, ratio) for r, ratio in scaling([C9, two, eight, other])] == [
        (2, pytest.approx(2)),
        (8, pytest.approx(0.8)),
    ]
    result = found(C9, two, eight)
    assert result["2 threads"] == (round(2 / 1.85, 6), True)
    assert result["8 threads, more than cores"] == (0.8, False)


def test_seconds_are_goals_too():
    record = replace(C9, id="V4096", pair="A8W1", seconds=2 * goals()["seconds"]["V4096"]["A8W1"])
    assert found(record)["time"] == (0.5, False)


def test_records_survive_a_file(tmp_path):
    records = [replace(C9, peers={"a_i8": 1e-4}), replace(C9, predicted=666.0)]
    file = tmp_path / "r.json"
    file.write_bytes(dump_results(records))
    assert load_records(file) == records


@pytest.mark.parametrize("text", ["{}", "[1]", '[{"id": "C9"}]', '[{"colour": 1}]', "["])
def test_other_files_are_refused(tmp_path, text):
    file = tmp_path / "r.json"
    file.write_text(text)
    with pytest.raises(ValueError, match=r"r\.json"):
        load_records(file)
