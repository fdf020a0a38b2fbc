"""A model checker for programs of `runtime.threads.steps`: every interleaving of several threads.

A state holds the words of memory that change, and where each thread stands with the registers that
it still needs. A transition is one access of shared memory by one thread, with the steps before it
that no other thread can notice. All accesses are sequentially consistent, as those of the machine
code are. What the environment may do is explored, too: a sleeper wakes up for no reason, a
thread is tired of spinning at any time, an interrupt strikes a thread of Python between two calls
of machine code, the system has no thread left, a fork goes on as the parent and as the child.

Checked in every state: a call is used while it runs only; each element of each stage is computed
once, after all of the stages before, by no more workers than may; no worker is started twice. From
every state the end, where all threads of Python are through and all workers were joined, can be
reached without wake-ups for no reason and without interrupts: where it cannot, the threads hang.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from runtime.threads import steps
from runtime.threads.protocol import (
    DONE,
    PROGRESS_WORDS,
    PROTOCOL_WORDS,
    WORK,
    CallSlot,
    reciprocal,
)
from runtime.threads.steps import Cell, Program
from tests.runtime.protocol_model import (
    ASLEEP,
    ENDED,
    READY,
    UNBORN,
    Acquire,
    Compiled,
    Fork,
    Registers,
    Release,
    Renew,
    State,
    Thread,
    Turn,
    ViolationError,
)
from tests.runtime.protocol_moves import MOVES

Move: TypeAlias = tuple[tuple[int, Any], bool, State]
"""The thread and its step, whether the threads may rely on it, and the state that follows."""


@dataclass
class Result:
    """What an exploration found: no error where all is well."""

    states: int
    error: str = ""
    trace: list[tuple[int, Any]] = field(default_factory=list)
    """Thread and step of each transition that leads to the error."""

    def __str__(self) -> str:
        lines = [self.error or "no error", *(f"thread {i}: {step}" for i, step in self.trace)]
        return f"{self.states} states: " + "\n".join(lines)


@dataclass
class Checker:
    """Explores the states of threads of Python and of the workers that they start."""

    scripts: tuple[tuple[Turn, ...], ...]
    """The turns of each thread of Python; scripts from `threads` on are those of children."""
    threads: int = 0
    workers: int = 2
    work: Program = WORK
    spawns_fail: bool = False

    def __post_init__(self):
        self.threads = self.threads or len(self.scripts)
        self.cells: dict[tuple[Any, int], int] = {}
        """Where the words of an object are in the memory of a state."""
        self._initial: list[Any] = []
        self._fields: dict[tuple[Any, int], Any] = {}
        self._alive: dict[Any, int] = {}
        self._workers: dict[Any, int] = {}
        self._computed: dict[Any, int] = {}
        self._compiled: dict[int, Compiled] = {id(self.work): Compiled(self.work)}
        for word in range(PROTOCOL_WORDS):
            self._add_cell("pool", word, 0)
        for script, turns in enumerate(self.scripts):
            for number, turn in enumerate(turns):
                self._add_call((script, number), turn)
                for program in turn.programs:
                    self._compiled[id(program)] = Compiled(program)
        found = (s for code in self._compiled.values() for s in code.steps)
        for lock in {s.lock for s in found if isinstance(s, Acquire | Release | Renew)}:
            self._add_cell(("lock", lock), 0, -1)
            self._add_cell(("lock", lock), 1, 0)

    def _add_cell(self, owner: Any, word: int, value: Any) -> int:
        index = self.cells[owner, word] = len(self._initial)
        self._initial.append(value)
        return index

    def _add_call(self, call: tuple[int, int], turn: Turn) -> None:
        name, progress, table = ("call", *call), ("progress", *call), ("stages", *call)
        self._alive[call] = self._add_cell(("alive", *call), 0, 0)
        self._workers[call] = self._add_cell(("workers", *call), 0, 0)
        for s, extent in enumerate(turn.extents):
            self._add_cell(progress, s * PROGRESS_WORDS, 0)
            self._add_cell(progress, s * PROGRESS_WORDS + DONE, 0)
            self._computed[call, s] = self._add_cell(("computed", *call), s, 0)
            self._fields[table, 2 * s] = (call, s)
            self._fields[table, 2 * s + 1] = extent
        fields = {
            CallSlot.STAGE_COUNT: len(turn.extents),
            CallSlot.STAGES: (table, 0),
            CallSlot.BUFFERS: 0,
            CallSlot.CALLER: 0,
            CallSlot.PROGRESS: (progress, 0),
            CallSlot.LIMIT: turn.limit,
            CallSlot.SHARES: turn.limit + 1,
            CallSlot.RECIPROCAL: reciprocal(turn.limit + 1),
        }
        self._fields.update({(name, slot): value for slot, value in fields.items()})

    # What is explored.

    def run(self) -> Result:
        """Explore all states; the first violation, or a state from which the threads hang."""
        memory = list(self._initial)
        threads = [self.begin(memory, i, 0) for i in range(self.threads)]
        threads += [Thread(-1, 0, 0, 0, (), UNBORN)] * self.workers
        first = State(tuple(memory), tuple(threads))
        numbers, order = {first: 0}, [first]
        origins: list[tuple[int, Any]] = [(0, None)]
        before: list[list[int]] = [[]]
        ends: list[int] = []
        for number, state in enumerate(order):  # which grows
            if self._has_ended(state):
                ends.append(number)
            try:
                for reason, is_fair, following in self._moves(state):
                    other = numbers.setdefault(following, len(order))
                    if other == len(order):
                        order.append(following)
                        origins.append((number, reason))
                        before.append([])
                    if is_fair:
                        before[other].append(number)
            except ViolationError as error:
                return Result(len(order), str(error), _trace(number, origins))
        reached = bytearray(len(order))
        while ends:
            number = ends.pop()
            if not reached[number]:
                reached[number] = 1
                ends += before[number]
        stuck = reached.find(0)
        if stuck >= 0:
            return Result(len(order), "the threads hang", _trace(stuck, origins))
        return Result(len(order))

    def _has_ended(self, state: State) -> bool:
        """Whether all is done; a worker that no thread joined might still run."""
        return all(
            thread.status == (ENDED if i < self.threads else UNBORN)
            for i, thread in enumerate(state.threads)
        )

    def _moves(self, state: State) -> Iterator[Move]:
        for i, thread in enumerate(state.threads):
            if thread.status == ASLEEP:
                threads = list(state.threads)
                threads[i] = thread._replace(status=READY)
                yield (i, "wakes up for no reason"), False, State(state.memory, tuple(threads))
            elif thread.status == READY:
                code = self._code(thread)
                if thread.at == 0 and thread.script >= 0:
                    yield from self._interrupt(state, i, thread)
                registers = dict(zip(code.alive[thread.at], thread.registers, strict=True))
                yield from self._advance(state, i, thread, thread.at, registers)

    def _interrupt(self, state: State, i: int, thread: Thread) -> Iterator[Move]:
        if not self.scripts[thread.script][thread.turn].interruptible:
            return
        memory, threads = list(state.memory), list(state.threads)
        self._forget_call(memory, thread)
        threads[i] = self.begin(memory, thread.script, thread.turn + 1)
        yield (i, "is interrupted"), False, State(tuple(memory), tuple(threads))

    def _code(self, thread: Thread) -> Compiled:
        if thread.script < 0:
            return self._compiled[id(self.work)]
        turn = self.scripts[thread.script][thread.turn]
        return self._compiled[id(turn.programs[thread.program])]

    def _advance(
        self, state: State, i: int, thread: Thread, at: int, registers: Registers
    ) -> Iterator[Move]:
        """Steps that no other thread notices, and one that others may.

        Fields are read as late as can be, so that a call that has ended meanwhile is noticed.
        """
        code = self._code(thread)
        while True:
            step, local = code.steps[at], code.local[at]
            if local is not None:
                at = local(registers)
            elif isinstance(step, steps.ReadField):
                registers[step.into] = self._read(state, registers, step.field)
                at += 1
            elif isinstance(step, steps.Spin):
                target = code.labels[step.target]
                yield from self._advance(state, i, thread, target, dict(registers))
                at += 1
            else:
                break
        for memory, threads in MOVES[type(step)](self, state, i, step, registers):
            if not isinstance(step, Fork) or threads[i].script == thread.script:
                threads[i] = self._settled(memory, threads[i], code, at + 1, dict(registers))
            yield (i, step), True, State(tuple(memory), tuple(threads))

    def _settled(
        self, memory: list[Any], thread: Thread, code: Compiled, at: int, registers: Registers
    ) -> Thread:
        """The thread at the next step that touches memory, with the registers needed from there."""
        while (local := code.local[at]) is not None:
            at = local(registers)
        step = code.steps[at]
        if isinstance(step, steps.Return):
            return self._return(memory, thread, registers.get(step.value, step.value))
        kept = tuple(registers[name] for name in code.alive[at])
        return Thread(*thread[:3], at, kept, thread.status)

    # Threads and their calls.

    def begin(self, memory: list[Any], script: int, turn: int) -> Thread:
        """A thread at the start of a turn, or ended after the last."""
        if turn == len(self.scripts[script]):
            return Thread(script, turn, 0, 0, (), ENDED)
        memory[self._alive[script, turn]] = 1
        return self._enter(memory, script, turn, 0)

    def new_worker(self) -> Thread:
        """A worker that was just started."""
        return Thread(-1, 0, 0, 0, (("pool", 0),), READY)

    def _enter(self, memory: list[Any], script: int, turn: int, program: int) -> Thread:
        code = self._compiled[id(self.scripts[script][turn].programs[program])]
        given = {"pool": ("pool", 0), "call": (("call", script, turn), 0)}
        thread = Thread(script, turn, program, 0, (), READY)
        return self._settled(memory, thread, code, 0, given)

    def _return(self, memory: list[Any], thread: Thread, value: int) -> Thread:
        if thread.script < 0:
            return Thread(-1, 0, 0, 0, (), ENDED)
        turn, call = self.scripts[thread.script][thread.turn], (thread.script, thread.turn)
        if value and thread.program + 1 < len(turn.programs):
            return self._enter(memory, thread.script, thread.turn, thread.program + 1)
        for s, extent in enumerate(turn.extents):
            if not value:
                self.compute(memory, (call, s), 0, extent)
            elif memory[self._computed[call, s]] != (1 << extent) - 1:
                raise ViolationError(f"stage {s} of call {call} is not done when the call ends")
        self._forget_call(memory, thread)
        return self.begin(memory, thread.script, thread.turn + 1)

    def _forget_call(self, memory: list[Any], thread: Thread) -> None:
        """The memory of a call vanishes."""
        call = (thread.script, thread.turn)
        memory[self._alive[call]] = memory[self._workers[call]] = 0
        for s in range(len(self.scripts[thread.script][thread.turn].extents)):
            memory[self._computed[call, s]] = 0
            for word in (0, DONE):
                memory[self.cells[("progress", *call), s * PROGRESS_WORDS + word]] = 0

    def _read(self, state: State, registers: Registers, field: Cell) -> Any:
        place = self._place(state, registers, field)
        if place not in self._fields:
            raise ViolationError(f"there is nothing at {place}")
        return self._fields[place]

    def compute_on(self, memory: list[Any], call: Any, worker: int) -> None:
        """Note that a worker takes part in a call."""
        limit = self.scripts[call[0]][call[1]].limit
        if limit >= self.workers:
            return
        workers = memory[self._workers[call]] | 1 << worker
        if workers.bit_count() > limit:
            raise ViolationError(f"more workers take part in call {call} than may")
        memory[self._workers[call]] = workers

    def compute(self, memory: list[Any], stage: tuple[Any, int], low: int, high: int) -> None:
        """Note that elements of a stage are computed."""
        call, s = stage
        if not memory[self._alive[call]]:
            raise ViolationError(f"stage {s} of call {call} is computed after the call has ended")
        for earlier in range(s):
            extent = self.scripts[call[0]][call[1]].extents[earlier]
            if memory[self._computed[call, earlier]] != (1 << extent) - 1:
                raise ViolationError(f"stage {s} of call {call} begins before {earlier} is done")
        bits = (1 << high) - (1 << low)
        if memory[self._computed[stage]] & bits:
            raise ViolationError(f"elements {low} to {high} of stage {stage} are computed twice")
        memory[self._computed[stage]] |= bits

    def index(self, state: State, registers: Registers, cell: Cell) -> int:
        """Where a cell is in the memory of a state."""
        place = self._place(state, registers, cell)
        if place not in self.cells:
            raise ViolationError(f"there is nothing at {place}")
        return self.cells[place]

    def _place(self, state: State, registers: Registers, cell: Cell) -> tuple[Any, int]:
        """The object and word of a cell; those of a call are there while it runs."""
        base = registers[cell.base]
        if not isinstance(base, tuple):
            raise ViolationError(f"{cell} is used before there is an address")
        owner, word = base
        if owner != "pool" and not state.memory[self._alive[owner[1:]]]:
            raise ViolationError(f"{owner} is used after its call has ended")
        return owner, word + cell.word


def _trace(number: int, origins: list[tuple[int, Any]]) -> list[tuple[int, Any]]:
    trace = []
    while number:
        number, reason = origins[number]
        trace.append(reason)
    return trace[::-1]
