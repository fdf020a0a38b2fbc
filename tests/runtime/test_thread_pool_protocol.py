"""The protocol of the thread pool under every interleaving, and faults planted in its steps."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

import pytest

from lowbit_dialect.at_fork import LOCK_AT_FORK, AtFork
from runtime.threads.pool import POOL_AT_FORK
from runtime.threads.protocol import (
    ACTIVE,
    BUSY,
    CALL,
    END,
    GENERATION,
    LEAD,
    OPEN,
    WORK,
    WORKERS,
)
from runtime.threads.steps import (
    ALL,
    Compute,
    FetchAdd,
    FutexWait,
    FutexWake,
    If,
    Jump,
    Label,
    Load,
    Program,
    Relax,
    ResetPatience,
    Return,
    Spawn,
    Spin,
    Step,
    Store,
)
from tests.runtime.protocol_checker import Checker
from tests.runtime.protocol_model import (
    Acquire,
    Compiled,
    HostProgram,
    Release,
    Turn,
    fork_programs,
)


def calls(*limits: int, extents: tuple[int, ...] = (1,), lead: Program = LEAD) -> list[Turn]:
    """A call for each number of workers that may join."""
    return [Turn((lead,), extents, limit) for limit in limits]


def ended(*turns: Turn, end: Program = END) -> tuple[Turn, ...]:
    """The turns of a thread, and then the end of the pool."""
    return (*turns, Turn((end,)))


def without(program: Program, step: Step) -> Program:
    """A program without the first such step."""
    i = program.index(step)
    return (*program[:i], *program[i + 1 :])


def moved(program: Program, step: Step, before: Step) -> Program:
    """A program with the first such step moved to the place before another one."""
    rest = without(program, step)
    i = rest.index(before)
    return (*rest[:i], step, *rest[i:])


USE_LLVM: HostProgram = (Acquire("llvm"), Release("llvm"), Return(1))
"""What compiling, loading and disposing do: llvmlite's lock is taken for each call."""


IMPORT: HostProgram = (
    *(Acquire("importing"), Acquire("llvm")),
    *(Release("llvm"), Release("importing"), Return(1)),
)
"""What an import of the passes does where it collects garbage of LLVM."""


def import_checker(*locks: str) -> Checker:
    """A thread forks, with these locks registered, while another imports; then the child does."""
    before, parent, child = fork_programs([(lock, LOCK_AT_FORK) for lock in locks], (), child=2)
    scripts = ((Turn((before, parent)),), (Turn((IMPORT,)),), (Turn((child,)), Turn((IMPORT,))))
    return Checker(scripts, threads=2, workers=0)


def fork_checker(
    lock: tuple[AtFork, ...], pool: tuple[AtFork, ...], *in_child: HostProgram
) -> Checker:
    """A thread forks while another has the workers and uses LLVM; the child does the same."""
    before, parent, child = fork_programs([("llvm", lock)], pool, child=2)
    works = (*calls(1), Turn((USE_LLVM,)))
    scripts = (
        ended(Turn((before, parent))),
        works,
        ended(Turn((child, *in_child)), *works),
    )
    return Checker(scripts, threads=2, workers=1)


def one_worker(*turns: Turn, work: Program = WORK, end: Program = END) -> Checker:
    """A thread of Python with these turns, and a worker."""
    return Checker((ended(*turns, end=end),), workers=1, work=work)


def interruptible(*turns: Turn) -> list[Turn]:
    """The turns, with interrupts between all of their programs."""
    return [replace(turn, interruptible=True) for turn in turns]


REAL: Mapping[str, Callable[[], Checker]] = {
    "calls of several stages and pieces": lambda: one_worker(
        *calls(1, extents=(2, 1)), *calls(1, extents=(2,))
    ),
    "two workers, of which one joins late, and the end": lambda: Checker(
        (ended(*calls(1), *calls(2, extents=(2,))),)
    ),
    "two threads call, and one of them ends the pool": lambda: Checker(
        (ended(*calls(1)), tuple(calls(1, extents=(2,)))), workers=1
    ),
    "two threads end the pool": lambda: Checker((ended(*calls(1)), ended(*calls(1))), workers=1),
    "interrupts": lambda: Checker((ended(*interruptible(*calls(1, 2))),)),
    "there is no thread for a worker": lambda: Checker((ended(*calls(2)),), spawns_fail=True),
    "a fork while another thread has workers and LLVM": lambda: fork_checker(
        LOCK_AT_FORK, POOL_AT_FORK
    ),
    "a fork while another thread imports": lambda: import_checker("importing", "llvm", "importing"),
}


@pytest.mark.parametrize("name", REAL)
def test_every_interleaving_ends_and_computes_all_once(name: str):
    result = REAL[name]().run()
    assert not result.error, str(result)
    assert result.states > 30


@pytest.mark.sweep
@pytest.mark.parametrize(
    "scripts",
    [
        (ended(*calls(1), *calls(2, extents=(1, 1)), *calls(1)),),
        (ended(*calls(2)), tuple(calls(1))),
        (ended(*calls(2, extents=(2,))), tuple(calls(2, extents=(2,)))),
        (ended(*calls(1, 2)), ended(*calls(2))),
        (ended(*calls(2, extents=(6,)), *calls(1, extents=(2, 2))),),
    ],
)
def test_every_interleaving_of_more_calls(scripts: tuple[tuple[Turn, ...], ...]):
    result = Checker(scripts).run()
    assert not result.error, str(result)
    assert result.states > 20_000


TAKE: Program = (*LEAD[:2], Return(1), Label("refused"), Return(0))
GO_ON: Program = LEAD[2:]
"""A leader that takes the pool in one call of machine code, and goes on in another."""

START: Program = (Load("workers", WORKERS), Spawn("error", "workers"), Return(1))
NOTE: Program = (
    Load("workers", WORKERS),
    Compute("workers", "workers", "add", 1),
    Store(WORKERS, "workers"),
    Return(1),
)
"""A thread that starts a worker in one call of machine code, and notes it in another."""

WAKE_ALL, WAKE_ONE = FutexWake(GENERATION, ALL), FutexWake(GENERATION, 1)
COUNT_SELF, LOOK = FetchAdd("before", ACTIVE, 1), Load("open", OPEN)
OPEN_CALL, CLOSE_CALL, GIVE_BACK = Store(OPEN, 1), Store(OPEN, 0), Store(BUSY, 0)
NEVER_REFUSED = without(LEAD, If("stopped", "ne", 0, "release refused"))

PLANTED: Mapping[str, Callable[[], Checker]] = {
    "the end wakes as many workers as the last call had": lambda: Checker(
        (ended(*calls(2, 1), end=tuple(WAKE_ONE if s == WAKE_ALL else s for s in END)),)
    ),
    "the end wakes workers before they can see why": lambda: one_worker(
        *calls(1), end=moved(END, FetchAdd("generation", GENERATION, 1), Label("join"))
    ),
    "an interrupt between taking the pool and guarding it": lambda: one_worker(
        *interruptible(Turn((TAKE, GO_ON), (1,), 1))
    ),
    "an interrupt between starting a worker and noting it": lambda: one_worker(
        *interruptible(Turn((START, NOTE))), *calls(1)
    ),
    "a forked child disposes while another thread has the lock": lambda: fork_checker(
        (), POOL_AT_FORK, USE_LLVM
    ),
    "no lock is held around a fork, and the child compiles": lambda: fork_checker((), POOL_AT_FORK),
    "the parent keeps the lock after a fork": lambda: fork_checker(
        tuple(s for s in LOCK_AT_FORK if s.when != "after_in_parent"), POOL_AT_FORK
    ),
    "a forked child believes in the workers of its parent": lambda: fork_checker(LOCK_AT_FORK, ()),
    "a fork takes LLVM's lock before that of imports": lambda: import_checker("llvm", "importing"),
    "a worker looks whether the call is open before it is counted": lambda: one_worker(
        *calls(1), work=moved(WORK, LOOK, COUNT_SELF)
    ),
    "the leader waits for workers before it closes the call": lambda: one_worker(
        *calls(1, lead=moved(LEAD, CLOSE_CALL, Label("release")))
    ),
    "the leader does not wait for workers": lambda: one_worker(
        *calls(1, lead=without(LEAD, Jump("drain")))
    ),
    "the pool is given back before the call is open": lambda: Checker(
        (ended(*calls(1, lead=moved(LEAD, GIVE_BACK, OPEN_CALL))), tuple(calls(1))), workers=1
    ),
    "the call is open before it is there": lambda: one_worker(
        *calls(1, 1, lead=moved(LEAD, OPEN_CALL, Store(CALL, "call", is_address=True)))
    ),
    "a leader does not look whether the pool has ended": lambda: Checker(
        (ended(), tuple(calls(1, lead=NEVER_REFUSED))), workers=1
    ),
}


@pytest.mark.parametrize("name", PLANTED)
def test_a_planted_fault_is_found(name: str):
    result = PLANTED[name]().run()
    assert result.error
    assert result.trace, "a way to the fault"


def _only_matters_for_speed(name: str, step: Step) -> bool:
    """Whether a program is right without a step, but slower: workers join late, or never sleep."""
    if isinstance(step, Relax | ResetPatience | Spin | FutexWait | Label | Return):
        return True
    if isinstance(step, Compute):
        return step.into in ("size", "least", "last")
    if name == "work" and step == Jump("stage"):
        return True
    return name != "end" and step in (
        *(OPEN_CALL, FutexWake(GENERATION, "limit"), FetchAdd("generation", GENERATION, 1)),
        *(Jump("start"), Jump("look"), Jump("listen"), If("error", "ne", 0, "publish")),
    )


def _mutants() -> list[tuple[str, int]]:
    """Programs and steps without which it is still a program: no register is read before set."""
    found = []
    for name, program in {"lead": LEAD, "work": WORK, "end": END}.items():
        for i, step in enumerate(program):
            if not _only_matters_for_speed(name, step):
                mutant = (*program[:i], *program[i + 1 :])
                if set(Compiled(mutant).alive[0]) <= set(Compiled(program).alive[0]):
                    found.append((name, i))
    return found


@pytest.mark.sweep
@pytest.mark.parametrize(("name", "i"), _mutants())
def test_no_step_can_be_left_out(name: str, i: int):
    programs = {"lead": LEAD, "work": WORK, "end": END}
    left_out = programs[name][i]
    programs[name] = (*programs[name][:i], *programs[name][i + 1 :])
    lead, work, end = programs.values()
    scripts = (
        (ended(*calls(1, extents=(1, 2), lead=lead), *calls(1, extents=(2,), lead=lead), end=end),),
        (ended(*calls(1, lead=lead), end=end), ended(*calls(1, lead=lead), end=end)),
        (ended(*calls(1, 2, lead=lead), end=end),),
        (ended(end=end), tuple(calls(1, lead=lead))),
        (ended(*calls(2, lead=lead), *calls(1, extents=(2,), lead=lead), end=end),),
    )
    for script in scripts:
        if Checker(script, work=work).run().error:
            return
    pytest.fail(f"{name} without {left_out} is found right")
