"""Candidates on other machines: stand-ins run here, natively, emulated, or with something wrong."""

import sys
from pathlib import Path
from threading import Timer

import pytest

from lowbit_dialect.schedule import ScheduleAttr
from lowering.kernels.kernel_plan import KernelPlan
from lowering.targets import get_target
from runtime.remote.machine import Finished, LocalMachine, Machine, QemuMachine, UnreachableError
from runtime.tools.c_tools import find_c_compiler
from runtime.tuner.machine_runner import MachineRunner
from runtime.tuner.task import Failed, Measured, Outcome, Task
from runtime.tuner.worker_process import WorkerProcess
from tests.tools import needed
from tests.tuner.test_runner import BAD, CONV, GEMM

ARM = ("cortex-a53", "cortex-a7")


def choice(pixels: int = 2, vectors: int = 1, strategy: str = "bitserial") -> KernelPlan:
    return KernelPlan(strategy, ScheduleAttr.get(pixels, vectors, 0, "rows"))


def measured(machine: Machine, task: Task, candidate: KernelPlan) -> Outcome:
    needed(lambda: find_c_compiler(get_target(task.target)))
    with MachineRunner(machine) as runner:
        return runner.measure(task, candidate, 0.01)


@pytest.mark.parametrize("target", ARM)
def test_kernels_are_checked_and_timed_on_an_emulated_board(target: str):
    task = Task("conv", CONV, target)
    outcome = measured(needed(lambda: QemuMachine(get_target(target))), task, choice())
    assert isinstance(outcome, Measured), outcome
    assert outcome.cycles > 0
    assert outcome.seconds > 0


def test_a_candidate_is_timed_again_without_being_built_again(monkeypatch: pytest.MonkeyPatch):
    needed(lambda: find_c_compiler(get_target("host")))
    asked: list[object] = []
    ask = WorkerProcess.ask

    def counted(self: WorkerProcess, request):
        asked.append(request)
        return ask(self, request)

    monkeypatch.setattr(WorkerProcess, "ask", counted)
    with MachineRunner(LocalMachine()) as runner:
        for candidate in (choice(), choice(), choice(3)):
            assert isinstance(runner.measure(GEMM, candidate, 0.01), Measured)
    assert len(asked) == 2


class Disturbed(LocalMachine):
    """A machine that changes outputs."""

    def get(self, name: str) -> bytes:
        content = bytearray(super().get(name))
        content[-1] ^= 1
        return bytes(content)


class Unplugged(LocalMachine):
    """A machine that answers no more."""

    def run(self, command, time_limit: float) -> Finished:
        raise UnreachableError("pi@board cannot be reached: No route to host")


class Slow(LocalMachine):
    """A machine on which nothing ends."""

    def run(self, command, time_limit: float) -> Finished:
        return super().run(["sleep", "1000"], time_limit)


def test_a_wrong_output_is_no_measurement():
    outcome = measured(Disturbed(), GEMM, choice())
    assert outcome == Failed("wrong", "its output differs from the reference")


def test_a_program_that_cannot_run_there_is_a_failure():
    machine = LocalMachine(("/bin/false",))  # what an emulator that cannot run it does
    outcome = measured(machine, GEMM, choice())
    assert isinstance(outcome, Failed)
    assert outcome.kind == "aborted"
    assert "exit code 1" in outcome.reason


def test_an_impossible_schedule_is_a_failure():
    outcome = measured(LocalMachine(), GEMM, choice(90, 2))
    assert isinstance(outcome, Failed)
    assert outcome.kind == "error"
    assert "tile 90x2 needs" in outcome.reason


def test_a_machine_that_is_gone_ends_the_search():
    with pytest.raises(UnreachableError, match="No route to host"):
        measured(Unplugged(), GEMM, choice())


def test_a_candidate_that_does_not_end_there_is_ended():
    needed(lambda: find_c_compiler(get_target("host")))
    with MachineRunner(Slow()) as runner:
        runner.time_limit = 0.5  # of what runs there; building has more
        outcome = runner.measure(GEMM, choice(), 0.01)
    assert isinstance(outcome, Failed)
    assert outcome.kind == "time limit"


def test_stopping_ends_what_is_going_on():
    needed(lambda: find_c_compiler(get_target("host")))
    with MachineRunner(Slow()) as runner:
        Timer(4.0, runner.stop).start()
        outcome = runner.measure(GEMM, choice(), 0.01)
        assert isinstance(outcome, Failed)
        assert isinstance(runner.measure(GEMM, choice(3), 0.01), Failed)


def test_a_worker_that_dies_is_a_failure():
    command = (sys.executable, str(Path(BAD[1]).with_name("no_worker.py")))
    with MachineRunner(LocalMachine(), command=command) as runner:
        outcome = runner.measure(GEMM, choice(), 0.01)
    assert isinstance(outcome, Failed)
    assert outcome.kind == "aborted"
    assert "no_worker.py" in outcome.reason
