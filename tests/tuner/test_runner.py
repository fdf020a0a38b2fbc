"""Worker processes: what a candidate does to one of them harms nobody else."""

import sys
import time
from pathlib import Path
from threading import Timer

import pytest

from lowbit_dialect.codes import parse_code
from lowbit_dialect.geometry import ConvGeometry, Window
from lowbit_dialect.schedule import ScheduleAttr
from lowering.kernels.contraction import Contraction
from lowering.kernels.kernel_plan import KernelPlan
from runtime.tuner.runner import LocalRunner
from runtime.tuner.task import Failed, Measured, Task
from tests.tuner import bad_worker
from tests.tuner.bad_worker import ABORTS, ERRS, HANGS, LIES, SPEAKS

BAD = (sys.executable, str(Path(bad_worker.__file__)))
CODES = parse_code("unipolar<2>"), parse_code("signed<2>")
GEMM = Task("gemm", Contraction(*CODES, ConvGeometry.of_matmul(9, 70, 20), is_matmul=True))
WINDOW = Window(7, 3, 2, 2, 1, 2)
CONV = Contraction(
    *CODES, ConvGeometry(2, WINDOW, WINDOW, 8, 12, 2), layout="nchw", stored="signed<3>"
)


def choice(pixels: int, vectors: int = 1, strategy: str = "bitserial") -> KernelPlan:
    return KernelPlan(strategy, ScheduleAttr.get(pixels, vectors, 0, "rows"))


@pytest.fixture
def bad():
    with LocalRunner(time_limit=60, command=BAD) as runner:
        yield runner


def test_a_candidate_that_aborts_is_a_failure(bad: LocalRunner):
    outcome = bad.measure(GEMM, choice(ABORTS), 0.01)
    assert isinstance(outcome, Failed)
    assert outcome.kind == "aborted"
    assert "SIGABRT" in outcome.reason
    assert "Cannot select" in outcome.reason
    assert isinstance(bad.measure(GEMM, choice(7), 0.01), Measured)


def test_a_candidate_that_hangs_is_ended(bad: LocalRunner):
    assert isinstance(bad.measure(GEMM, choice(7), 0.01), Measured)
    bad.worker.time_limit = 0.3
    start = time.monotonic()
    assert bad.measure(GEMM, choice(HANGS), 0.01) == Failed("time limit", "it took more than 0.3 s")
    assert time.monotonic() - start < 5
    bad.worker.time_limit = 60
    assert isinstance(bad.measure(GEMM, choice(7), 0.01), Measured)


def test_failures_are_told_and_prints_do_no_harm(bad: LocalRunner):
    assert bad.measure(GEMM, choice(ERRS), 0.01) == Failed("error", "no lowering")
    lie = bad.measure(GEMM, choice(LIES), 0.01)
    assert lie == Failed("wrong", "its output differs from the reference")
    assert isinstance(bad.measure(GEMM, choice(SPEAKS), 0.01), Measured)


def test_a_worker_that_cannot_start_is_a_failure():
    with LocalRunner(command=(sys.executable, "-c", "import nowhere")) as runner:
        outcome = runner.measure(GEMM, choice(1), 0.01)
        assert isinstance(outcome, Failed)
        assert "No module named 'nowhere'" in outcome.reason


def test_stopping_ends_what_is_going_on(bad: LocalRunner):
    Timer(1.0, bad.stop).start()
    outcome = bad.measure(GEMM, choice(HANGS), 0.01)
    assert isinstance(outcome, Failed)
    assert isinstance(bad.measure(GEMM, choice(7), 0.01), Failed)


def test_real_kernels_are_checked_and_timed():
    with LocalRunner() as runner:
        for task in (GEMM, Task("conv", CONV), Task("avx2", CONV, "host+sse2")):
            for candidate in (choice(2, 2), choice(3, 2, "dot")):
                outcome = runner.measure(task, candidate, 0.01)
                assert isinstance(outcome, Measured), outcome
                assert outcome.cycles > 0
        outcome = runner.measure(GEMM, choice(90, 2), 0.01)
        assert isinstance(outcome, Failed)
        assert outcome.kind == "error"
        assert "tile 90x2 needs" in outcome.reason
