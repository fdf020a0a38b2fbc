"""The pool of threads: all parts exactly once, in order of the stages, whatever the numbers."""

from __future__ import annotations

import ctypes
import os
import signal
import time
from pathlib import Path

import numpy as np
import pytest

from lowering.llvm.object import compile_object
from lowering.targets import TARGETS, get_target
from runtime.jit import LoadedObject
from runtime.threads.pool import SharedStages, ThreadPool, thread_pool
from runtime.threads.pool_ir import call_ir, pool_ir
from runtime.threads.protocol import PoolSlot


def stages_ir() -> str:
    """Stage @count adds one to each of its parts, @check counts the odd ones, for each of its own.

    %a are i32 and, behind them, the sum that @check adds to; %n is how many there are. As @check
    looks at all parts, its sum is wrong if the stage before it or the one after it overlaps.
    """
    host = get_target("host")
    index = f"i{host.index_width}"
    return f"""target triple = "{host.triple}"
define void @count(ptr %a, ptr %n, {index} %low, {index} %high) {{
entry:
  br label %loop
loop:
  %i = phi {index} [ %low, %entry ], [ %next, %loop ]
  %at = getelementptr i32, ptr %a, {index} %i
  %value = load i32, ptr %at
  %more = add i32 %value, 1
  store i32 %more, ptr %at
  %next = add {index} %i, 1
  %again = icmp ult {index} %next, %high
  br i1 %again, label %loop, label %done
done:
  ret void
}}
define void @check(ptr %a, ptr %n, {index} %low, {index} %high) {{
entry:
  %count = load {index}, ptr %n
  br label %loop
loop:
  %i = phi {index} [ 0, %entry ], [ %next, %loop ]
  %sum = phi i32 [ 0, %entry ], [ %sum.next, %loop ]
  %at = getelementptr i32, ptr %a, {index} %i
  %value = load atomic i32, ptr %at monotonic, align 4
  %odd = and i32 %value, 1
  %sum.next = add i32 %sum, %odd
  %next = add {index} %i, 1
  %again = icmp ult {index} %next, %count
  br i1 %again, label %loop, label %done
done:
  %result = getelementptr i32, ptr %a, {index} %count
  %parts = sub {index} %high, %low
  %parts.32 = trunc {index} %parts to i32
  %product = mul i32 %sum.next, %parts.32
  %old = atomicrmw add ptr %result, i32 %product monotonic
  ret void
}}
"""


def pool() -> ThreadPool:
    """The pool of this process."""
    found = thread_pool()
    assert found is not None
    return found


@pytest.fixture(scope="module")
def code() -> LoadedObject:
    """The stages above."""
    return LoadedObject(compile_object(stages_ir(), get_target("host")), ["count", "check"])


@pytest.mark.parametrize("threads", [2, 3, 8, 40])
@pytest.mark.parametrize("parts", [1, 2, 7, 1000])
def test_every_part_once_and_stages_in_order(code: LoadedObject, threads: int, parts: int):
    count, check = code.address("count"), code.address("check")
    stages = SharedStages([(count, parts), (check, parts), (count, parts)], 2)
    number = np.array([parts], np.int64)
    for _ in range(30):
        memory = np.zeros(parts + 1, np.int32)
        assert pool().run(stages, [memory.ctypes.data, number.ctypes.data], threads)
        assert (memory[:parts] == 2).all()
        # Between the two, each of the parts of @check saw all parts odd.
        assert memory[parts] == np.int32(parts * parts)


def test_a_busy_pool_says_so_and_one_that_ended(code: LoadedObject):
    own = ThreadPool()
    stages = SharedStages([(code.address("count"), 4)], 2)
    memory, number = np.zeros(5, np.int32), np.array([4], np.int64)
    pointers = [memory.ctypes.data, number.ctypes.data]
    own._words[PoolSlot.BUSY] = 1
    assert not own.run(stages, pointers, 2)
    assert memory.tolist() == [0] * 5
    own._words[PoolSlot.BUSY] = 0
    for threads in (2, 5, 3):
        assert own.run(stages, pointers, threads)
    assert memory.tolist() == [3, 3, 3, 3, 0]
    assert (own.workers, own.is_busy) == (4, False)
    own.stop()
    assert own.workers == 0
    assert not own.run(stages, pointers, 3)
    own.stop()


def test_workers_leave_signals_to_threads_of_python(code: LoadedObject):
    own = ThreadPool()
    before = set(os.listdir("/proc/self/task"))
    assert own.run(SharedStages([(code.address("count"), 0)], 2), [0, 0], 3)
    workers = set(os.listdir("/proc/self/task")) - before
    assert len(workers) == 2
    end = time.monotonic() + 10
    for worker in workers:
        blocked = ~0
        while blocked >> signal.SIGSEGV - 1 & 1:  # as all are while the thread begins
            assert time.monotonic() < end
            status = Path(f"/proc/self/task/{worker}/status").read_text()
            blocked = int(status.partition("SigBlk:")[2].split()[0], 16)
        assert blocked >> signal.SIGINT - 1 & blocked >> signal.SIGCHLD - 1 & 1
    own.stop()
    while workers & set(os.listdir("/proc/self/task")):  # the kernel takes a moment to forget them
        assert time.monotonic() < end
        time.sleep(0.001)


def test_function_without_stages():
    assert pool().run(SharedStages([], 1), [0], 2)


@pytest.mark.parametrize("buffers", [1, 2, 9])
def test_all_buffers_arrive(buffers: int):
    host = get_target("host")
    seen: list[tuple[int, ...]] = []
    kinds = [ctypes.c_void_p] * buffers + [ctypes.c_ssize_t] * 2
    stage = ctypes.CFUNCTYPE(None, *kinds)(lambda *given: seen.append(given))
    loaded = LoadedObject(
        compile_object(call_ir(host.triple, host.index_width, buffers), host), ["call"]
    )
    call = ctypes.CFUNCTYPE(None, *[ctypes.c_void_p] * 2, *[ctypes.c_int64] * 2)(
        loaded.address("call")
    )
    pointers = (ctypes.c_void_p * buffers)(*range(1, buffers + 1))
    call(ctypes.cast(stage, ctypes.c_void_p), pointers, 5, 6)
    assert seen == [(*range(1, buffers + 1), 5, 6)]


@pytest.mark.parametrize("name", ["x86-64", "cortex-a53", "cortex-a7"])
def test_the_code_compiles_for_every_family(name: str):
    target = TARGETS[name]
    assert compile_object(pool_ir(target.triple, target.arch), target).startswith(b"\x7fELF")
    assert compile_object(call_ir(target.triple, target.index_width, 3), target)
