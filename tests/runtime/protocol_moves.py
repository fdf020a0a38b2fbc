"""What the steps that other threads may notice do to a state, for the checker of protocols.

Each function gets the checker, the state, the number of the thread and its registers, which it
changes. It yields every outcome: memory and threads, with the thread where it was.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from itertools import combinations
from typing import TYPE_CHECKING, Any, TypeAlias

from runtime.threads import steps
from runtime.threads.protocol import PROTOCOL_WORDS, PoolSlot
from tests.runtime.protocol_model import (
    ASLEEP,
    ENDED,
    READY,
    UNBORN,
    Acquire,
    ForgetWorkers,
    Fork,
    Registers,
    Release,
    Renew,
    State,
    Thread,
    ViolationError,
)

if TYPE_CHECKING:
    from tests.runtime.protocol_checker import Checker

Outcomes: TypeAlias = Iterator[tuple[list[Any], list[Thread]]]

EAGAIN = 11


def _load(c: Checker, s: State, i: int, step: steps.Load, r: Registers) -> Outcomes:
    r[step.into] = s.memory[c.index(s, r, step.cell)]
    yield list(s.memory), list(s.threads)


def _store(c: Checker, s: State, i: int, step: steps.Store, r: Registers) -> Outcomes:
    memory = list(s.memory)
    memory[c.index(s, r, step.cell)] = _value(r, step.value)
    yield memory, list(s.threads)


def _fetch_add(c: Checker, s: State, i: int, step: steps.FetchAdd, r: Registers) -> Outcomes:
    memory, index = list(s.memory), c.index(s, r, step.cell)
    added = _value(r, step.value)
    r[step.into] = memory[index]
    memory[index] += added
    yield memory, list(s.threads)


def _exchange(c: Checker, s: State, i: int, step: steps.Exchange, r: Registers) -> Outcomes:
    memory, index = list(s.memory), c.index(s, r, step.cell)
    value, holds = _value(r, step.value), memory[index] == _value(r, step.expected)
    if holds:
        memory[index] = value
    r[step.into] = int(holds)
    yield memory, list(s.threads)


def _futex_wait(c: Checker, s: State, i: int, step: steps.FutexWait, r: Registers) -> Outcomes:
    threads = list(s.threads)
    if s.memory[c.index(s, r, step.cell)] == _value(r, step.expected):
        threads[i] = threads[i]._replace(status=ASLEEP)
    yield list(s.memory), threads


def _futex_wake(c: Checker, s: State, i: int, step: steps.FutexWake, r: Registers) -> Outcomes:
    """All sleepers sleep on one cell; the system chooses among them."""
    c.index(s, r, step.cell)
    sleepers = [j for j, thread in enumerate(s.threads) if thread.status == ASLEEP]
    count = min(_value(r, step.count), len(sleepers))
    for woken in combinations(sleepers, count):
        threads = list(s.threads)
        for j in woken:
            threads[j] = threads[j]._replace(status=READY)
        yield list(s.memory), threads


def _run(c: Checker, s: State, i: int, step: steps.Run, r: Registers) -> Outcomes:
    memory = list(s.memory)
    if i >= c.threads:
        c.compute_on(memory, r[step.function][0], i - c.threads)
    c.compute(memory, r[step.function], r[step.low], r[step.high])
    yield memory, list(s.threads)


def _spawn(c: Checker, s: State, i: int, step: steps.Spawn, r: Registers) -> Outcomes:
    if c.spawns_fail:
        r[step.into] = EAGAIN
        yield list(s.memory), list(s.threads)
    place = c.threads + r[step.index]
    if place >= len(s.threads) or s.threads[place].status != UNBORN:
        raise ViolationError(f"worker {r[step.index]} is started, and is there or not asked for")
    threads = list(s.threads)
    threads[place] = c.new_worker()
    r[step.into] = 0
    yield list(s.memory), threads


def _join(c: Checker, s: State, i: int, step: steps.Join, r: Registers) -> Outcomes:
    place = c.threads + r[step.index]
    if s.threads[place].status == ENDED:
        threads = list(s.threads)
        threads[place] = threads[place]._replace(status=UNBORN)
        yield list(s.memory), threads


def _acquire(c: Checker, s: State, i: int, step: Acquire, r: Registers) -> Outcomes:
    owner = c.cells[("lock", step.lock), 0]
    if s.memory[owner] in (-1, i):
        memory = list(s.memory)
        memory[owner] = i
        memory[owner + 1] += 1
        yield memory, list(s.threads)


def _release(c: Checker, s: State, i: int, step: Release | Renew, r: Registers) -> Outcomes:
    memory, owner = list(s.memory), c.cells[("lock", step.lock), 0]
    if memory[owner] == i:
        memory[owner + 1] -= 1
        if not memory[owner + 1]:
            memory[owner] = -1
    elif isinstance(step, Renew):
        memory[owner], memory[owner + 1] = -1, 0
    else:
        raise ViolationError(f"a thread gives the lock {step.lock} back that it does not have")
    yield memory, list(s.threads)


def _forget_workers(c: Checker, s: State, i: int, step: ForgetWorkers, r: Registers) -> Outcomes:
    memory = list(s.memory)
    for word in range(PROTOCOL_WORDS):
        if word != PoolSlot.STOP:
            memory[c.cells["pool", word]] = 0
    yield memory, list(s.threads)


def _fork(c: Checker, s: State, i: int, step: Fork, r: Registers) -> Outcomes:
    yield list(s.memory), list(s.threads)
    memory = list(s.memory)
    threads = [
        thread._replace(at=0, registers=(), status=UNBORN if j >= c.threads else ENDED)
        for j, thread in enumerate(s.threads)
    ]
    threads[i] = c.begin(memory, step.child, 0)
    yield memory, threads


def _value(r: Registers, operand: Any) -> Any:
    return r.get(operand, operand)


MOVES: Mapping[type, Callable[..., Outcomes]] = {
    steps.Load: _load,
    steps.Store: _store,
    steps.FetchAdd: _fetch_add,
    steps.Exchange: _exchange,
    steps.FutexWait: _futex_wait,
    steps.FutexWake: _futex_wake,
    steps.Run: _run,
    steps.Spawn: _spawn,
    steps.Join: _join,
    Acquire: _acquire,
    Release: _release,
    Renew: _release,
    ForgetWorkers: _forget_workers,
    Fork: _fork,
}
