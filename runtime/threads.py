"""A team of threads that share the stages of a function.

The workers are Python threads that never run Python: each sits in one call of machine code
(`team_code`), asleep while there is nothing to do. So a call on several threads costs some
microseconds more than one on a single thread, and stages follow each other without the GIL.
"""

from __future__ import annotations

import atexit
import ctypes
import os
import threading
from collections.abc import Sequence
from functools import cache

import numpy as np

from lowering.llvm.object import compile_object
from lowering.targets import get_target
from runtime.jit import LoadedObject
from runtime.team_code import JOB_WORDS, PROGRESS_WORDS, Slot, call_ir, reciprocal, team_ir

MAX_THREADS = 256
"""More threads than this are as good as this many."""

_LINE_WORDS = 8


def _aligned_words(count: int) -> tuple[int, np.ndarray]:
    """Zeroed words of 8 bytes at the start of a cache line, and their address."""
    raw = np.zeros(count + _LINE_WORDS, np.int64)
    start = -raw.ctypes.data // 8 % _LINE_WORDS
    words = raw[start : start + count]
    return words.ctypes.data, words


@cache
def _caller(buffers: int) -> LoadedObject:
    """The function that calls stages of so many buffers."""
    host = get_target("host")
    ir = call_ir(host.triple, host.index_width, buffers)
    return LoadedObject(compile_object(ir, host), ["call"])


class SharedStages:
    """The stages of one function, as a team takes them."""

    def __init__(self, stages: Sequence[tuple[int, int]], buffers: int):
        """Addresses and extents of the stages, and how many buffers each takes."""
        self.table = np.array(stages, np.int64).reshape(-1, 2)
        self.buffers = buffers
        self.caller = _caller(buffers)


class Team:
    """The workers of this process. One call at a time has them."""

    def __init__(self) -> None:
        host = get_target("host")
        self._code = LoadedObject(
            compile_object(team_ir(host.triple, host.arch), host), ["lead", "work"]
        )
        self._lead = ctypes.CFUNCTYPE(None, ctypes.c_void_p)(self._code.address("lead"))
        self._work = ctypes.CFUNCTYPE(None, ctypes.c_void_p)(self._code.address("work"))
        self._libc = ctypes.CDLL(None)
        self._address, self._job = _aligned_words(JOB_WORDS)
        for slot, function in ((Slot.SYSCALL, "syscall"), (Slot.YIELD, "sched_yield")):
            address = ctypes.cast(getattr(self._libc, function), ctypes.c_void_p).value
            self._job[slot] = address or 0
        self._progress = _aligned_words(0)
        self._workers: list[threading.Thread] = []
        self._lock = threading.Lock()

    def run(self, stages: SharedStages, pointers: Sequence[int], num_threads: int) -> bool:
        """Run the stages in order, each on up to `num_threads` threads; this is one of them.

        Returns:
            False, and nothing has been done, where another call has the workers.
        """
        if not self._lock.acquire(blocking=False):
            return False
        try:
            helpers = min(num_threads, MAX_THREADS) - 1
            while len(self._workers) < helpers:
                self._start_worker()
            count = len(stages.table)
            if len(self._progress[1]) < count * PROGRESS_WORDS:
                self._progress = _aligned_words(count * PROGRESS_WORDS)
            buffers = (ctypes.c_void_p * stages.buffers)(*pointers)
            job = self._job
            job[Slot.LIMIT] = helpers
            job[Slot.STAGE_COUNT] = count
            job[Slot.STAGES] = stages.table.ctypes.data
            job[Slot.BUFFERS] = ctypes.addressof(buffers)
            job[Slot.CALL] = stages.caller.address("call")
            job[Slot.PROGRESS] = self._progress[0]
            job[Slot.SHARES] = helpers + 1
            job[Slot.RECIPROCAL] = reciprocal(helpers + 1)
            self._lead(self._address)
        finally:
            self._lock.release()
        return True

    def stop(self) -> None:
        """End the workers: their code must not vanish under them when the process ends."""
        with self._lock:
            self._job[Slot.STOP] = 1
            self._job[Slot.STAGE_COUNT] = 0
            self._lead(self._address)
            for worker in self._workers:
                worker.join()
            self._workers.clear()
            self._job[Slot.STOP] = 0

    def _start_worker(self) -> None:
        index = len(self._workers)
        worker = threading.Thread(
            target=self._work, args=(self._address,), name=f"lowbit-{index}", daemon=True
        )
        worker.start()
        self._workers.append(worker)


@cache
def team() -> Team:
    """The team of this process."""
    made = Team()
    atexit.register(made.stop)
    return made


def _after_fork() -> None:
    """A forked child has the memory of the team but none of its threads."""
    if team.cache_info().currsize:
        atexit.unregister(team().stop)
        team.cache_clear()


os.register_at_fork(after_in_child=_after_fork)
