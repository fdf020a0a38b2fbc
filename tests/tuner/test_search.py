"""The search: every candidate legal, none measured twice, resumable, shared, and never stuck."""

import threading
import time
from collections import Counter
from collections.abc import Callable
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import pytest

from lowbit_dialect.codes import parse_code
from lowbit_dialect.geometry import ConvGeometry
from lowbit_dialect.schedule import ScheduleAttr
from lowering.kernels.contraction import Contraction
from lowering.kernels.kernel_plan import KernelPlan
from lowering.kernels.schedule_space import is_worth_trying
from lowering.targets import get_target
from runtime.tuner.runner import LocalRunner
from runtime.tuner.search import Budget, Search
from runtime.tuner.storage import TunerError, open_storage, open_study
from runtime.tuner.task import Failed, Measured, Outcome, Task
from tests.tuner.test_runner import BAD

CODES = parse_code("unipolar<2>"), parse_code("signed<2>")
PROBLEM = Contraction(*CODES, ConvGeometry.of_matmul(12, 256, 64), is_matmul=True)
TASK = Task("gemm", PROBLEM, "host+avx2")


def cycles(choice: KernelPlan) -> float:
    """A landscape whose best candidate is not the cost model's."""
    s = choice.schedule
    slow = abs(s.pixels.data - 3) + abs(s.vectors.data - 2) + s.unroll.data
    return 1000.0 + 10 * slow + (5 if choice.strategy == "dot" else 0)


class FakeRunner:
    """Measures by a formula; `fail` says which candidates do not work."""

    def __init__(self, seconds: float = 0.0, fail: Callable[[KernelPlan], bool] = lambda c: False):
        self.measured: list[KernelPlan] = []
        self._seconds, self._fail = seconds, fail

    def measure(self, task: Task, choice: KernelPlan, seconds: float) -> Outcome:
        self.measured.append(choice)
        time.sleep(self._seconds)
        if self._fail(choice):
            return Failed("aborted", "for a test")
        return Measured(cycles(choice), 1e-6)

    def stop(self) -> None:
        pass


def search(trials: int, study: Any = None, **options: Any) -> Search:
    study = study or open_study(open_storage(None), "s", 0)
    return Search(TASK, study, Budget(trials), seed=0, **options)


def test_the_grid_measures_every_schedule_once_and_finds_the_best():
    runner, s = FakeRunner(), search(10_000)
    assert s.sampler == "grid"
    s.run([runner])
    assert Counter(runner.measured) == Counter(s.space)
    assert runner.measured[0] == s.model
    result = s.result(runner)
    assert result is not None
    assert result.cycles == min(map(cycles, s.space))
    assert cycles(result.best) == result.cycles
    assert result.model == s.model
    assert result.model_cycles == cycles(s.model)


@pytest.mark.parametrize("sampler", ["grid", "tpe", "random"])
def test_the_budget_is_kept_and_candidates_are_legal(sampler: str):
    runner, s = FakeRunner(), search(17, sampler=sampler)
    s.run([runner])
    assert len(runner.measured) == len(set(runner.measured)) == 17
    assert runner.measured[0] == s.model
    target = get_target(TASK.target)
    for choice in runner.measured:
        assert is_worth_trying(choice.schedule, PROBLEM, target, choice.strategy)


def test_a_seed_repeats_a_search():
    runners = [FakeRunner(), FakeRunner()]
    for runner in runners:
        search(20, sampler="tpe").run([runner])
    assert runners[0].measured == runners[1].measured


def test_learning_beats_chance():
    s = search(60, sampler="tpe")
    s.run([FakeRunner()])
    result = s.result()
    assert result is not None
    assert result.cycles <= sorted(map(cycles, s.space))[len(s.space) // 20]


@pytest.mark.parametrize("sampler", ["tpe", "random", "grid"])
def test_a_space_that_is_used_up_ends_the_search(sampler: str):
    runner, s = FakeRunner(), search(10_000, sampler=sampler, strategy="bitserial")
    s.run([runner])
    assert set(runner.measured) == set(s.space)
    assert {c.strategy for c in runner.measured} == {"bitserial"}


def test_failures_are_kept_and_not_measured_again():
    study = open_study(open_storage(None), "s", 0)
    first = FakeRunner(fail=lambda choice: choice.schedule.vectors.data == 2)
    s = search(12, study, sampler="grid")
    s.run([first])
    failed = [c for c in first.measured if c.schedule.vectors.data == 2]
    assert 0 < len(failed) < 12
    assert s.progress.failed == len(failed)
    reasons = dict(s.failures())
    assert len(reasons) == len(failed)
    assert set(reasons.values()) == {"aborted: for a test"}
    again = FakeRunner()
    search(12, study, sampler="grid").run([again])
    assert again.measured == []


def test_nothing_works():
    s = search(5)
    s.run([FakeRunner(fail=lambda choice: True)])
    assert s.result(FakeRunner()) is None


def test_a_timeout_ends_the_search():
    runner, study = FakeRunner(0.05), open_study(open_storage(None), "s", 0)
    start = time.monotonic()
    Search(TASK, study, Budget(10_000, timeout=0.3), sampler="grid").run([runner])
    assert time.monotonic() - start < 5
    assert 1 <= len(runner.measured) < 10


def test_several_runners_share_a_search():
    runners, s = [FakeRunner(0.01), FakeRunner(0.01)], search(30, sampler="grid")
    s.run(runners)
    everything = runners[0].measured + runners[1].measured
    assert len(everything) == len(set(everything)) == 30
    assert min(len(r.measured) for r in runners) > 5


class Interrupting(FakeRunner):
    """Interrupts the search at its third candidate."""

    def measure(self, task: Task, choice: KernelPlan, seconds: float) -> Outcome:
        if len(self.measured) == 2:
            raise KeyboardInterrupt
        return super().measure(task, choice, seconds)


def test_an_interrupt_keeps_what_was_measured():
    study = open_study(open_storage(None), "s", 0)
    s = search(20, study, sampler="grid")
    with pytest.raises(KeyboardInterrupt):
        s.run([Interrupting()])
    result = s.result()
    assert result is not None
    # It goes on where it stopped.
    runner, s = FakeRunner(), search(20, study, sampler="grid")
    s.run([runner])
    assert len(runner.measured) in (17, 18)
    assert len(s.ranking()) >= 19


def test_an_interrupt_between_starting_two_runners_stops_the_first(
    monkeypatch: pytest.MonkeyPatch,
):
    start, started = threading.Thread.start, []

    def interrupted(thread: threading.Thread) -> None:
        if started:
            raise KeyboardInterrupt
        started.append(thread)
        start(thread)

    s = search(10_000, sampler="grid")
    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", interrupted)
        with pytest.raises(KeyboardInterrupt):
            s.run([FakeRunner(0.01), FakeRunner(0.01)])
    assert len(started) == 1
    assert not started[0].is_alive()


@pytest.mark.parametrize("scheme", ["sqlite:///", "journal:"])
def test_a_study_is_resumed(tmp_path: Path, scheme: str):
    name = f"{scheme}{tmp_path}/study"
    runners = [FakeRunner(), FakeRunner(), FakeRunner()]
    for trials, runner in zip((5, 8, 8), runners, strict=True):
        search(trials, open_study(open_storage(name), "s", 0), sampler="tpe").run([runner])
    assert [len(r.measured) for r in runners] == [5, 3, 0]
    assert len(set(runners[0].measured + runners[1].measured)) == 8
    assert len(search(8, open_study(open_storage(name), "s", 0)).ranking()) == 8


def _join(name: str, sampler: str, trials: int, barrier: Any, results: Any) -> None:
    barrier.wait()
    study = open_study(open_storage(name), "shared", None)
    barrier.wait()
    runner = FakeRunner(0.05)
    Search(TASK, study, Budget(trials), sampler=sampler).run([runner])
    results.put([(c.strategy, str(c.schedule)) for c in runner.measured])


@pytest.mark.parametrize(("scheme", "sampler"), [("sqlite:///", "tpe"), ("journal:", "grid")])
def test_two_processes_work_on_one_study(tmp_path: Path, scheme: str, sampler: str):
    name, trials, context = f"{scheme}{tmp_path}/study", 12, get_context("spawn")
    barrier, results = context.Barrier(2), context.Queue()
    arguments = (name, sampler, trials, barrier, results)
    processes = [context.Process(target=_join, args=arguments) for _ in range(2)]
    for process in processes:
        process.start()
    measured = [results.get(timeout=120) for _ in processes]
    for process in processes:
        process.join(60)
        assert process.exitcode == 0
    together = [*measured[0], *measured[1]]
    # Both take part; what one has measured the other leaves alone, but for a photo finish.
    assert min(map(len, measured)) >= trials // 4
    assert trials <= len(together) <= trials + 2
    assert len(set(together)) >= len(together) - 2
    s = search(trials, open_study(open_storage(name), "shared", None), sampler=sampler)
    assert len(s.ranking()) == len(together)
    assert len({t.user_attrs["worker"] for t in s.study.trials if "worker" in t.user_attrs}) == 2


def test_a_search_survives_its_candidates(tmp_path: Path):
    with LocalRunner(time_limit=8, command=BAD) as runner:
        warm = KernelPlan("bitserial", ScheduleAttr.get(7, 1))  # starts the worker
        assert isinstance(runner.measure(TASK, warm, 0.01), Measured)
        runner.worker.time_limit = 4
        s = search(14, sampler="grid", strategy="bitserial")
        s.space.sort(key=lambda c: (c.schedule.pixels.data, str(c)))
        plain = [c for c in s.space if c.schedule.unroll.data == 0]
        s.space = [c for c in plain if c.schedule.vectors.data == 2]
        s.run([runner])
        kinds = {why.partition(":")[0] for _, why in s.failures()}
        result = s.result(runner)
    assert kinds == {"aborted", "time limit", "error", "wrong"}
    assert result is not None
    assert result.best.schedule.pixels.data == max(c.schedule.pixels.data for c in s.space)


def test_a_study_of_other_knobs_is_refused():
    study = open_study(open_storage(None), "s", 0)
    study.enqueue_trial({"strategy": "dot"})
    study.ask().suggest_categorical("strategy", ["dot", "fast"])
    with pytest.raises(TunerError, match="made with other knobs or strategies"):
        search(5, study).run([FakeRunner()])


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("study.db", "expected journal:FILE or a URL like sqlite:///FILE"),
        ("journal:/nowhere/study", "there is no folder /nowhere"),
        ("sqlite:////nowhere/study", "cannot open sqlite:////nowhere/study"),
    ],
)
def test_storages_that_cannot_be_are_refused(name: str, message: str, monkeypatch):
    monkeypatch.setattr("runtime.tuner.storage._ATTEMPTS", 2)
    with pytest.raises(TunerError, match=message):
        open_storage(name)
