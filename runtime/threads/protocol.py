"""The protocol of the thread pool: what its threads do, step by step.

A *call* is the record of one run of the stages of a function. The *leader* is the thread that
called; it takes the pool, starts the workers that are missing, opens the call, and takes part.
Every thread takes pieces of the stage at hand until none is left, waits until all pieces are done,
and goes on to the next stage. A piece is a share of what is left, so that the first ones are long
and the last ones short: a worker that comes late, or whose core is busy with something else, delays
no other. No piece is below half a thread's part: every one fetches weights, or builds tables, anew.

Joining a call is optional. A worker counts itself as active before it looks whether a call is open;
the leader closes the call before it waits for no worker to be active. Whatever the order, no worker
reads the call when the leader returns and its memory may vanish.

A thread of Python runs a program in one call of machine code, so that an interrupt finds the pool
taken by a thread that goes on, or free: the pool is taken and given back in the same call. Workers
are known by the program that starts them, and never run Python.
"""

from __future__ import annotations

from enum import IntEnum

from runtime.threads.steps import (
    ALL,
    Address,
    Cell,
    Compute,
    Exchange,
    FetchAdd,
    FutexWait,
    FutexWake,
    If,
    Join,
    Jump,
    Label,
    Load,
    Program,
    ReadField,
    Relax,
    ResetPatience,
    Return,
    Run,
    Spawn,
    Spin,
    Store,
)

MAX_THREADS = 256
"""More threads than this are as good as this many."""


class PoolSlot(IntEnum):
    """Where the words of a pool are; words that several threads write lie in lines of their own."""

    GENERATION = 0
    """i32, grows with every call; idle workers sleep on it."""
    OPEN = 8
    """1 while workers may join."""
    ACTIVE = 16
    """How many workers are in the call, or about to look whether it is open."""
    CALL = 24
    """Address of the call that is open."""
    BUSY = 32
    """1 while a leader or the end of the pool has it."""
    STOP = 40
    """1 once the pool ends: for ever."""
    WORKERS = 41
    """How many workers were started; belongs to the thread that has the pool."""
    SYSCALL = 48
    """Addresses of functions of the C library, from here on."""
    YIELD = 49
    CREATE = 50
    JOIN = 51
    MASK = 52
    WORK = 53
    """Address of the program of the workers."""
    SIGNALS = 56
    """A set of signals: those that no worker handles."""
    THREADS = 72
    """Handles of the workers."""


POOL_WORDS = PoolSlot.THREADS + MAX_THREADS
PROTOCOL_WORDS = PoolSlot.SYSCALL.value
"""Words of a pool, and those among them that the steps change."""


class CallSlot(IntEnum):
    """Where the words of a call are; they do not change while the call runs."""

    STAGE_COUNT = 0
    STAGES = 1
    """Address of a pair for each stage: the function and its extent."""
    BUFFERS = 2
    """Address of the buffers' addresses."""
    CALLER = 3
    """Address of the function that calls a stage, see `call_ir`."""
    PROGRESS = 4
    """Address of `PROGRESS_WORDS` for each stage: elements taken, and `DONE` words on, done."""
    LIMIT = 5
    """How many workers may join."""
    SHARES = 6
    """Threads of the call: a piece is this fraction of what is left."""
    RECIPROCAL = 7
    """2^32 / SHARES, rounded up: 32-bit ARM has no division of 64 bits, nor all have one of 32."""


CALL_WORDS = 8
PROGRESS_WORDS = 16
DONE = 8


def reciprocal(shares: int) -> int:
    """What goes into `CallSlot.RECIPROCAL`; quotients of numbers below 2^32 / shares are exact."""
    return -(-(1 << 32) // shares)


GENERATION = Cell("pool", PoolSlot.GENERATION, 32)
OPEN, ACTIVE, CALL, BUSY, STOP, WORKERS = (
    Cell("pool", slot)
    for slot in (
        PoolSlot.OPEN,
        PoolSlot.ACTIVE,
        PoolSlot.CALL,
        PoolSlot.BUSY,
        PoolSlot.STOP,
        PoolSlot.WORKERS,
    )
)
TAKEN, FINISHED = Cell("at", 0), Cell("at", DONE)


def _field(slot: CallSlot) -> Cell:
    return Cell("call", slot)


SHARE: Program = (
    ReadField("count", _field(CallSlot.STAGE_COUNT)),
    ReadField("stage", _field(CallSlot.STAGES), is_address=True),
    ReadField("buffers", _field(CallSlot.BUFFERS), is_address=True),
    ReadField("caller", _field(CallSlot.CALLER), is_address=True),
    ReadField("at", _field(CallSlot.PROGRESS), is_address=True),
    ReadField("shares", _field(CallSlot.SHARES)),
    ReadField("reciprocal", _field(CallSlot.RECIPROCAL)),
    Label("stage"),
    If("count", "eq", 0, "shared"),
    ReadField("function", Cell("stage", 0), is_address=True),
    ReadField("extent", Cell("stage", 1)),
    # Half a thread's part, rounded up.
    Compute("least", "shares", "add", "shares"),
    Compute("least", "least", "add", "extent"),
    Compute("least", "least", "sub", 1),
    Compute("least", "least", "mul", "reciprocal"),
    Compute("least", "least", "lshr", 33),
    Label("look"),
    Load("low", TAKEN),
    Compute("left", "extent", "sub", "low"),
    If(0, "ge", "left", "finish"),
    # A share of what is left, rounded up.
    Compute("size", "left", "add", "shares"),
    Compute("size", "size", "sub", 1),
    Compute("size", "size", "mul", "reciprocal"),
    Compute("size", "size", "lshr", 32),
    Compute("size", "size", "max", "least"),
    Compute("size", "size", "min", "left"),
    Compute("high", "low", "add", "size"),
    Exchange("mine", TAKEN, "low", "high"),
    If("mine", "eq", 0, "look"),
    Run("caller", "function", "buffers", "low", "high"),
    FetchAdd("before", FINISHED, "size"),
    Jump("look"),
    Label("finish"),
    ResetPatience(),
    Label("wait"),
    Load("done", FINISHED),
    If("done", "eq", "extent", "next"),
    Relax(),
    Jump("wait"),
    Label("next"),
    Address("stage", "stage", 2),
    Address("at", "at", PROGRESS_WORDS),
    Compute("count", "count", "sub", 1),
    Jump("stage"),
    Label("shared"),
)
"""The part that leader and workers have in common: take pieces of all stages, one after another."""

LEAD: Program = (
    Exchange("mine", BUSY, 0, 1),
    If("mine", "eq", 0, "refused"),
    Load("stopped", STOP),
    If("stopped", "ne", 0, "release refused"),
    ReadField("limit", _field(CallSlot.LIMIT)),
    Label("start"),
    Load("workers", WORKERS),
    If("workers", "ge", "limit", "publish"),
    Spawn("error", "workers"),
    If("error", "ne", 0, "publish"),  # fewer workers do as well
    Compute("workers", "workers", "add", 1),
    Store(WORKERS, "workers"),
    Jump("start"),
    Label("publish"),
    Store(CALL, "call", is_address=True),
    Store(OPEN, 1),
    FetchAdd("generation", GENERATION, 1),
    FutexWake(GENERATION, "limit"),
    *SHARE,
    Store(OPEN, 0),
    ResetPatience(),
    Label("drain"),
    Load("active", ACTIVE),
    If("active", "eq", 0, "release"),
    Relax(),
    Jump("drain"),
    Label("release"),
    Store(BUSY, 0),
    Return(1),
    Label("release refused"),
    Store(BUSY, 0),
    Label("refused"),
    Return(0),
)
"""Run a call, which is in the register `call`, with the workers of the pool.

Returns 0, and has done nothing, where another leader has the pool or the pool has ended. The words
of progress are zero before.
"""

WORK: Program = (
    Compute("last", 0, "add", 0),
    Label("listen"),
    ResetPatience(),
    Label("spin"),
    Load("now", GENERATION),
    If("now", "ne", "last", "wake"),
    Spin("spin"),
    FutexWait(GENERATION, "last"),
    Jump("listen"),
    Label("wake"),
    Compute("last", "now", "add", 0),
    Load("stopped", STOP),
    If("stopped", "ne", 0, "end"),
    FetchAdd("before", ACTIVE, 1),
    Load("open", OPEN),
    If("open", "eq", 0, "leave"),
    Load("call", CALL, is_address=True),
    ReadField("limit", _field(CallSlot.LIMIT)),
    If("before", "ge", "limit", "leave"),
    *SHARE,
    Label("leave"),
    FetchAdd("active", ACTIVE, -1),
    Jump("listen"),
    Label("end"),
    Return(),
)
"""What a worker does until the pool ends."""

END: Program = (
    Store(STOP, 1),
    ResetPatience(),
    # No leader keeps the pool any more; the one that has it may be starting workers.
    Label("take"),
    Exchange("mine", BUSY, 0, 1),
    If("mine", "ne", 0, "wake"),
    Relax(),
    Jump("take"),
    Label("wake"),
    FetchAdd("generation", GENERATION, 1),
    # All of them, not those of the last call: workers of earlier calls sleep, too.
    FutexWake(GENERATION, ALL),
    Load("workers", WORKERS),
    Label("join"),
    If("workers", "eq", 0, "ended"),
    Compute("workers", "workers", "sub", 1),
    Join("workers"),
    Jump("join"),
    Label("ended"),
    Store(WORKERS, 0),
    Store(BUSY, 0),
    Return(),
)
"""End all workers; leaders are refused from now on."""
