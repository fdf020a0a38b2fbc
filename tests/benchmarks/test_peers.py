"""Peers: the interface, child processes that fail or die, and what their results are worth."""

from __future__ import annotations

import json
from functools import partial

import numpy as np
import pytest
from fake_peer import FakePeer, MissingPeer

from benchmarks import command
from benchmarks.peers import PEERS
from benchmarks.peers.case import Case, random_case
from benchmarks.peers.peer import Peer, arithmetic_of, judged
from benchmarks.peers.workers import peer_workers
from benchmarks.remote_worker import RemoteWorker
from lowbit_dialect.geometry import ConvGeometry, Window
from runtime.measure import session
from runtime.measure.candidate import Candidate
from runtime.measure.interleave import Timed, interleave
from runtime.measure.record import Setting
from runtime.measure.session import Plan, run_plan
from runtime.measure.worker import LocalWorker, WorkerError
from runtime.measure.workloads import Workload, load_workloads

SMALL = Workload("S", ConvGeometry(1, Window(6, 3, 2, 1, 1), Window(6, 3, 2, 1, 1), 32, 16))
PRODUCT = Workload("P", ConvGeometry.of_matmul(3, 64, 8), is_matmul=True)


@pytest.fixture(autouse=True)
def _short_warm_up(monkeypatch):
    monkeypatch.setattr(session, "WARM_UP_SECONDS", 0.01)


def reference_sums(case: Case) -> np.ndarray:
    """Convolution or product, written out."""
    x, w = case.x.astype(np.int64), case.w.astype(np.int64)
    if case.workload.is_matmul:
        return np.array(
            [[sum(x[i, k] * w[k, j] for k in range(64)) for j in range(8)] for i in range(3)]
        )
    top, bottom, left, right = case.padding
    framed = np.pad(x[0], ((top, bottom), (left, right), (0, 0)))
    out = np.zeros(case.out_shape, np.int64)
    for row, col in np.ndindex(case.out_shape[1:3]):
        window = framed[2 * row : 2 * row + 3, 2 * col : 2 * col + 3]
        out[0, row, col] = (window * w).sum(axis=(1, 2, 3))
    return out


@pytest.mark.parametrize("workload", [SMALL, PRODUCT], ids=lambda w: w.id)
def test_a_case_holds_the_exact_sums_and_their_levels(workload):
    case = random_case(workload)
    sums = reference_sums(case)
    assert np.array_equal(case.sums, sums)
    levels = np.clip(np.floor(sums / case.y_scale + 0.5) + 128, 0, 255)
    assert np.abs(case.levels - levels).max() <= 1
    assert case.levels.std() > 10  # data that a constant could not pass for


def test_a_result_is_right_within_one_level():
    case = random_case(SMALL)

    def verdict(result: np.ndarray, kind: str) -> str:
        return judged(Candidate(lambda: None), case, lambda: result, kind, True).verdict

    assert verdict(case.levels + 1, "levels") == "right"
    assert verdict(case.levels + 2, "levels") == "wrong"
    assert verdict(case.sums, "sums") == "right"
    assert verdict(case.sums + 1, "sums") == "wrong"
    assert verdict(case.sums.astype(np.float32), "floats") == "right"
    assert verdict(case.sums.astype(np.float32) * 1.01, "floats") == "wrong"


def test_unchecked_results_say_so():
    case = random_case(SMALL)
    candidate = judged(Candidate(lambda: None), case, lambda: case.sums, "sums", False)
    assert candidate.verdict == "not checked"


def test_a_child_makes_and_times_candidates():
    worker = RemoteWorker(FakePeer(("sleeps", "counts", "cannot")), None)
    try:
        entries = {e.name: e for e in worker.prepare(SMALL, True)}
        assert entries["fake_i8_sleeps"].verdict == "right"
        assert entries["fake_i8_cannot"].error == "RuntimeError: no such kernel"
        assert 0.002 <= worker.run("fake_i8_sleeps", 0.01).seconds < 0.1
        assert worker.run("fake_i8_counts", 0.01).seconds == pytest.approx(0.25)
    finally:
        worker.stop()


def test_a_library_that_aborts_is_named_with_its_last_words():
    worker = RemoteWorker(FakePeer(("dies", "sleeps")), None)
    try:
        worker.prepare(SMALL, False)
        message = r"fake: its process ended with code 3 \(the library aborts\)"
        with pytest.raises(WorkerError, match=message):
            worker.run("fake_i8_dies", 0.01)
    finally:
        worker.stop()


def test_others_go_on_when_a_library_aborts():
    dying, healthy = RemoteWorker(FakePeer(("dies", "wrong")), None), LocalWorker(FakePeer())
    try:
        candidates = [
            Timed(worker, entry, is_peer=True)
            for worker in (dying, healthy)
            for entry in worker.prepare(SMALL, True)
        ]
        interleave(candidates, 0.02, rounds=2)
    finally:
        dying.stop()
    errors = [timed.entry.error for timed in candidates]
    assert all("ended with code 3" in error for error in errors[:2])
    assert not errors[2]
    assert candidates[2].samples.seconds >= 0.002


def test_records_hold_the_seconds_of_every_peer():
    settings = [Setting("A1W1"), Setting("A2W1", out="i32")]
    peers = (FakePeer(("sleeps", "wrong", "cannot")),)
    workers = partial(peer_workers, peers)
    plan = Plan({SMALL: settings}, 0.01, processes=2, open_workers=workers)
    steps = []
    outcome = run_plan(plan, lambda *step: steps.append(step))
    assert steps == [(0, "S"), (1, "S")]
    assert outcome.notes == ["fake_i8_cannot on S: RuntimeError: no such kernel"]
    assert [(r.pair, r.out) for r in outcome.records] == [("A1W1", "packed"), ("A2W1", "i32")]
    for record in outcome.records:
        assert record.checked
        assert set(record.peers) == {"fake_i8_sleeps", "fake_i8_wrong"}
        assert record.peers["fake_i8_sleeps"] >= 0.002
        assert record.peer_checks == {"fake_i8_sleeps": "right", "fake_i8_wrong": "wrong"}


def test_the_command_compares_with_peers_and_skips_what_is_missing(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(command, "PEERS", (MissingPeer(), FakePeer()))
    file = tmp_path / "results.json"
    arguments = ["--id", "C11", "--pair", "A1W1", "--seconds", "0.02", "--json", str(file)]
    assert command.main(["--peers", "--processes", "1", *arguments]) == 0
    captured = capsys.readouterr()
    missing = "absent is skipped: no package a_package_that_nobody_has here;"
    assert captured.err.splitlines()[0] == f"{missing} pip install 'lowbit[bench]' installs it"
    (record,) = json.loads(file.read_text())
    assert list(record["peers"]) == ["fake_i8_sleeps"]
    assert record["machine"]["versions"]["fake"] == np.__version__
    assert "against int8" in captured.out
    ratio = record["peers"]["fake_i8_sleeps"] / record["seconds"]
    assert f"{ratio:.2f} / 3" in captured.out


def test_without_any_peer_our_own_kernels_are_measured(capsys, monkeypatch):
    monkeypatch.setattr(command, "PEERS", (MissingPeer(),))
    arguments = ["--id", "C11", "--pair", "A1W1", "--seconds", "0.02"]
    assert command.main(["--peers", *arguments]) == 0
    captured = capsys.readouterr()
    assert "absent is skipped" in captured.err
    assert "equal to the reference" in captured.out


def test_names_tell_the_arithmetic():
    assert arithmetic_of("ort_w2a8_b128") == "w2a8"
    assert arithmetic_of("ov_bin_kernel") == "bin"


@pytest.mark.parametrize("workload", ["C4", "C11", "V4096"])
@pytest.mark.parametrize("peer", PEERS, ids=lambda peer: peer.name)
def test_peers_that_are_installed_compute_the_layer(peer: Peer, workload):
    if peer.missing():
        pytest.skip(f"{peer.name} is not installed")
    layer = next(w for w in load_workloads() if w.id == workload)
    worker = RemoteWorker(peer, None)
    try:
        entries = worker.prepare(layer, True)
        assert entries
        for entry in entries:
            known_wrong = entry.name == "ov_bin_kernel" and workload == "C4"
            assert entry.error == ""
            assert entry.verdict == "right" or known_wrong, entry.name
            assert 0 < worker.run(entry.name, 0.01).seconds < 1
    finally:
        worker.stop()
