"""What the checker of protocols explores: programs, turns of threads of Python, and states."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, NamedTuple, TypeAlias

from lowbit_dialect.at_fork import AtFork
from runtime.threads import steps
from runtime.threads.steps import Cell, Program

READY, ASLEEP, ENDED, UNBORN = range(4)


class ViolationError(Exception):
    """The protocol does what it must not."""


@dataclass(frozen=True)
class Acquire:
    """Take a lock, which its owner may take again; wait for it."""

    lock: str


@dataclass(frozen=True)
class Release:
    """Give a lock back once."""

    lock: str


@dataclass(frozen=True)
class Renew:
    """Give a lock back; where another thread has it, free it all the same."""

    lock: str


@dataclass(frozen=True)
class ForgetWorkers:
    """What `ThreadPool.forget_workers` does."""


@dataclass(frozen=True)
class Fork:
    """Go on as the parent, and as a child with no other thread, at the start of a script."""

    child: int


HostProgram: TypeAlias = tuple[steps.Step | Acquire | Release | Renew | ForgetWorkers | Fork, ...]
"""A program, or what a thread of Python does itself."""


def fork_programs(
    locks: Sequence[tuple[str, tuple[AtFork, ...]]], pool: tuple[AtFork, ...], child: int
) -> tuple[HostProgram, HostProgram, HostProgram]:
    """What a thread does before it forks and as it forks, then in the parent, then in the child.

    The steps of each lock and of the pool are the tables that the process registers, in the order
    in which it does.
    """
    taken: dict[str, list[Any]] = {"before": [], "after_in_parent": [], "after_in_child": []}
    actions = {"acquire": Acquire, "release": Release, "renew": Renew}
    for lock, table in locks:
        for row in table:
            taken[row.when].append(actions[row.action](lock))
    for row in pool:
        assert row.action == "forget workers"
        taken[row.when].append(ForgetWorkers())
    end = steps.Return(1)
    return (
        (*taken["before"], Fork(child), end),
        (*taken["after_in_parent"], end),
        (*taken["after_in_child"], end),
    )


@dataclass(frozen=True)
class Turn:
    """What a thread of Python does next: programs, one after another, each a call of machine code.

    An interrupt may strike before each of them, where `interruptible`, and ends the turn. Where one
    returns 0, the thread computes the call alone.
    """

    programs: tuple[HostProgram, ...]
    extents: tuple[int, ...] = ()
    """Elements of each stage of the call that `call` is in these programs."""
    limit: int = 0
    interruptible: bool = False


class Thread(NamedTuple):
    """Where a thread stands: in a script, or as a worker where `script` is -1."""

    script: int
    turn: int
    program: int
    at: int
    registers: tuple[Any, ...]
    status: int


class State(NamedTuple):
    """The words of memory that change, and the threads."""

    memory: tuple[Any, ...]
    threads: tuple[Thread, ...]


_RELATIONS: Mapping[str, Callable[[Any, Any], bool]] = {
    "eq": lambda a, b: a == b,
    "ne": lambda a, b: a != b,
    "lt": lambda a, b: a < b,
    "ge": lambda a, b: a >= b,
}
_OPERATIONS: Mapping[str, Callable[[int, int], int]] = {
    "add": lambda a, b: a + b,
    "sub": lambda a, b: a - b,
    "mul": lambda a, b: a * b,
    "lshr": lambda a, b: (a & (1 << 64) - 1) >> b,
    "min": min,
    "max": max,
}

Registers: TypeAlias = dict[Any, Any]
"""Values by name; an operand that is a constant is no key."""

Local: TypeAlias = Callable[[Registers], int]
"""A step that touches no memory: changes the registers, and returns the place of the next step."""


class Compiled:
    """A program with its labels resolved, and the registers that are alive before each step."""

    def __init__(self, program: Program | HostProgram):
        self.steps: tuple[Any, ...] = program
        self.labels = {s.name: i for i, s in enumerate(program) if isinstance(s, steps.Label)}
        self.local = [self._local(i) for i in range(len(program))]
        alive: list[set[str]] = [set() for _ in range(len(program) + 1)]
        changed = True
        while changed:
            changed = False
            for i in reversed(range(len(program))):
                after = set().union(*(alive[j] for j in self._next(i)))
                before = (after - {getattr(program[i], "into", "")}) | _read(program[i])
                if before != alive[i]:
                    alive[i], changed = before, True
        self.alive = [tuple(sorted(names)) for names in alive]

    def _next(self, i: int) -> list[int]:
        step = self.steps[i]
        if isinstance(step, steps.Return):
            return []
        if isinstance(step, steps.Jump):
            return [self.labels[step.target]]
        if isinstance(step, steps.If | steps.Spin):
            return [i + 1, self.labels[step.target]]
        return [i + 1]

    def _local(self, i: int) -> Local | None:
        step = self.steps[i]
        after = i + 1
        if isinstance(step, steps.Label | steps.Relax | steps.ResetPatience):
            return lambda registers: after
        if isinstance(step, steps.Jump):
            target = self.labels[step.target]
            return lambda registers: target
        if isinstance(step, steps.If):
            target, relation = self.labels[step.target], _RELATIONS[step.relation]
            left, right = step.left, step.right
            return lambda r: target if relation(r.get(left, left), r.get(right, right)) else after

        def compute(registers: Registers) -> int:
            if isinstance(step, steps.Address):
                owner, word = registers[step.base]
                moved = registers.get(step.words, step.words) * step.scale
                registers[step.into] = (owner, word + moved)
            else:
                left, right = (registers.get(o, o) for o in (step.left, step.right))
                registers[step.into] = _OPERATIONS[step.op](left, right)
            return after

        return compute if isinstance(step, steps.Address | steps.Compute) else None


def _read(step: Any) -> set[str]:
    """The registers that a step reads."""
    if isinstance(step, Acquire | Release | Renew):
        return set()
    found = set()
    for field in fields(step):
        value = getattr(step, field.name)
        if isinstance(value, Cell):
            found.add(value.base)
        elif isinstance(value, str) and field.name not in _NO_OPERANDS:
            found.add(value)
    return found


_NO_OPERANDS = ("into", "op", "relation", "target", "name")
