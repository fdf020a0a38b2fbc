"""A pool of threads that share the stages of a function.

The workers never run Python: each sits in one call of machine code (`thread_pool_protocol`), asleep
while there is nothing to do. So a call on several threads costs some microseconds more than one on
a single thread, and stages follow each other without the GIL.
"""

from __future__ import annotations

import atexit
import ctypes
import signal
import sys
from collections.abc import Sequence
from functools import cache

import numpy as np

from lowbit_dialect.at_fork import AtFork, register
from lowering.llvm.object import compile_object
from lowering.targets import get_target
from runtime.jit import LoadedObject
from runtime.threads.pool_ir import ARCHITECTURES, call_ir, pool_ir
from runtime.threads.protocol import (
    CALL_WORDS,
    MAX_THREADS,
    POOL_WORDS,
    PROGRESS_WORDS,
    PROTOCOL_WORDS,
    CallSlot,
    PoolSlot,
    reciprocal,
)

_LINE_WORDS = 8

_OWN_SIGNALS = (
    *(signal.SIGSEGV, signal.SIGBUS, signal.SIGFPE, signal.SIGILL),
    *(signal.SIGTRAP, signal.SIGABRT, signal.SIGSYS),
)
"""Signals that a worker raises itself, where something is very wrong."""

_C_LIBRARY_SIGNALS = (32, 33)

_FUNCTIONS = {
    PoolSlot.SYSCALL: "syscall",
    PoolSlot.YIELD: "sched_yield",
    PoolSlot.CREATE: "pthread_create",
    PoolSlot.JOIN: "pthread_join",
    PoolSlot.MASK: "pthread_sigmask",
}


def _aligned_words(count: int) -> tuple[int, np.ndarray]:
    """Zeroed words of 8 bytes at the start of a cache line, and their address."""
    raw = np.zeros(count + _LINE_WORDS, np.int64)
    start = -raw.ctypes.data // 8 % _LINE_WORDS
    words = raw[start : start + count]
    return words.ctypes.data, words


@cache
def _pool_code() -> LoadedObject:
    """The programs of the pool for this machine."""
    host = get_target("host")
    ir = pool_ir(host.triple, host.arch)
    return LoadedObject(compile_object(ir, host), ["lead", "work", "end"])


@cache
def _caller(buffers: int) -> LoadedObject:
    """The function that calls stages of so many buffers."""
    host = get_target("host")
    ir = call_ir(host.triple, host.index_width, buffers)
    return LoadedObject(compile_object(ir, host), ["call"])


class Call:
    """One run of the stages of a function at a time, as the threads of a pool read it."""

    def __init__(self, stages: SharedStages):
        self._stages = stages
        count = len(stages.table)
        self.address, self._words = _aligned_words(CALL_WORDS + count * PROGRESS_WORDS)
        self._progress = self._words[CALL_WORDS:]
        self._buffers = (ctypes.c_void_p * stages.buffers)()
        self._threads = 0
        words = self._words
        words[CallSlot.STAGE_COUNT] = count
        words[CallSlot.STAGES] = stages.table.ctypes.data
        words[CallSlot.BUFFERS] = ctypes.addressof(self._buffers)
        words[CallSlot.CALLER] = stages.caller.address("call")
        words[CallSlot.PROGRESS] = self.address + 8 * CALL_WORDS

    def prepare(self, pointers: Sequence[int], num_threads: int) -> None:
        """Set what differs between runs: the buffers, and how many threads may take part."""
        self._buffers[:] = pointers
        if self._threads != num_threads:
            shares = min(num_threads, MAX_THREADS)
            words = self._words
            words[CallSlot.LIMIT] = shares - 1
            words[CallSlot.SHARES] = shares
            words[CallSlot.RECIPROCAL] = reciprocal(shares)
            self._threads = num_threads
        self._progress.fill(0)


class SharedStages:
    """The stages of one function, as the threads of a pool take them."""

    def __init__(self, stages: Sequence[tuple[int, int]], buffers: int):
        """Addresses and extents of the stages, and how many buffers each takes."""
        self.table = np.array(stages, np.int64).reshape(-1, 2)
        self.buffers = buffers
        self.caller = _caller(buffers)
        self.idle: list[Call] = []
        """Calls that no thread runs; each thread takes one of its own."""


class ThreadPool:
    """Workers, and the memory that they share with leaders. One call at a time has them."""

    def __init__(self) -> None:
        self._code = _pool_code()
        self._lead = ctypes.CFUNCTYPE(ctypes.c_int, *[ctypes.c_void_p] * 2)(
            self._code.address("lead")
        )
        self._end = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p)(self._code.address("end"))
        self._libc = ctypes.CDLL(None)
        self._address, self._words = _aligned_words(POOL_WORDS)
        for slot, function in _FUNCTIONS.items():
            address = ctypes.cast(getattr(self._libc, function), ctypes.c_void_p).value
            self._words[slot] = address or 0
        self._words[PoolSlot.WORK] = self._code.address("work")
        kept = {*_OWN_SIGNALS, *_C_LIBRARY_SIGNALS}
        signals = sum(1 << number - 1 for number in range(1, 65) if number not in kept)
        self._words[PoolSlot.SIGNALS : PoolSlot.SIGNALS + 1].view(np.uint64)[0] = signals

    @property
    def workers(self) -> int:
        """How many workers there are."""
        return int(self._words[PoolSlot.WORKERS])

    @property
    def is_busy(self) -> bool:
        """Whether a call has the workers."""
        return bool(self._words[PoolSlot.BUSY])

    def run(self, stages: SharedStages, pointers: Sequence[int], num_threads: int) -> bool:
        """Run the stages in order, each on up to `num_threads` threads; this is one of them.

        Returns:
            False, and nothing has been done, where another call has the workers, or they ended.
        """
        try:
            call = stages.idle.pop()
        except IndexError:
            call = Call(stages)
        call.prepare(pointers, num_threads)
        done = self._lead(self._address, call.address)
        stages.idle.append(call)
        return done != 0

    def stop(self) -> None:
        """End the workers, for ever; waits for a call that has them."""
        self._end(self._address)

    def forget_workers(self) -> None:
        """Be a pool without workers, in a process that was forked and has none of the threads.

        The memory stays where it is, and a pool that ended stays so.
        """
        stopped = self._words[PoolSlot.STOP]
        self._words[:PROTOCOL_WORDS] = 0
        self._words[PoolSlot.STOP] = stopped


_POOLS: dict[str, ThreadPool | None] = {}
"""The pool of this process under `process`, once there is one; None where there will be none."""


def thread_pool() -> ThreadPool | None:
    """The pool of this process, or None where it has ended or there is none for this machine."""
    try:
        return _POOLS["process"]
    except KeyError:
        host = get_target("host")
        pool = ThreadPool() if sys.platform == "linux" and host.arch in ARCHITECTURES else None
        # Of two threads that come here at the same time, both take the first one's pool, and the
        # exit of the process takes it or keeps both from making one.
        return _POOLS.setdefault("process", pool)


def _end_with_process() -> None:
    """End the workers: the memory that they read must not vanish under them."""
    pool = _POOLS.setdefault("process", None)
    if pool is not None:
        pool.stop()


def _forget_workers() -> None:
    pool = _POOLS.get("process")
    if pool is not None:
        pool.forget_workers()


POOL_AT_FORK = (AtFork("after_in_child", "forget workers"),)

register(POOL_AT_FORK, {"forget workers": _forget_workers})

# At import, not with the first pool: handlers that are registered while others run never run.
atexit.register(_end_with_process)
