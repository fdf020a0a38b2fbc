"""An interrupt before each bytecode: no lock stays with a thread that does not use it."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from types import FrameType
from typing import Any

import numpy as np
from llvmlite.binding import ffi

import runtime
from lowering.llvm.lock import LLVM_LOCK, with_llvm
from runtime.threads.pool import ThreadPool, thread_pool

ADD = """func.func @main(%x: tensor<8xi32>) -> tensor<8xi32> {
  %a = lowbit.add %x, %x : (tensor<8xi32>, tensor<8xi32>) -> tensor<8xi32>
  func.return %a : tensor<8xi32>
}"""


class Injected(BaseException):
    """An interrupt."""


def interrupt(function: Callable[[], object], number: int) -> int:
    """Call a function and raise before bytecode `number` of it; how many bytecodes there were."""
    count = 0

    def trace(frame: FrameType, event: str, _: Any) -> Any:
        nonlocal count
        frame.f_trace_opcodes, frame.f_trace_lines = True, False
        if event == "opcode":
            count += 1
            if count == number:
                raise Injected
        return trace

    before = sys.gettrace()
    try:
        sys.settrace(trace)
        function()
    except Injected:
        pass
    finally:
        sys.settrace(before)
    return count


def _lock_is_free(thread: ThreadPoolExecutor) -> bool:
    """Whether another thread gets the lock of LLVM."""

    def take() -> bool:
        taken = LLVM_LOCK.acquire(timeout=10)
        if taken:
            LLVM_LOCK.release()
        return taken

    return thread.submit(take).result()


@with_llvm
def _two_calls_of_llvm() -> None:
    """Calls that give nothing to free: llvmlite frees twice what an interrupt lets it forget."""
    ffi.lib.LLVMPY_GetVersionInfo()
    ffi.lib.LLVMPY_GetVersionInfo()


def test_the_lock_of_llvm_is_free_after_an_interrupt():
    _two_calls_of_llvm()
    total = interrupt(_two_calls_of_llvm, 0)
    with ThreadPoolExecutor(1) as thread:
        for number in range(1, total + 1):
            interrupt(_two_calls_of_llvm, number)
            assert _lock_is_free(thread), f"an interrupt before bytecode {number} of {total}"


def test_a_lock_that_is_in_use_stays():
    """A finaliser, or a handler of a signal, may run in the middle of a call of llvmlite."""

    @with_llvm
    def outer() -> bool:
        _two_calls_of_llvm()
        return LLVM_LOCK._is_owned()

    assert outer()
    assert not LLVM_LOCK._is_owned()


def test_the_pool_is_free_after_an_interrupt():
    function = runtime.compile(ADD)
    x = np.arange(8, dtype=np.int32)
    pool = thread_pool()
    assert isinstance(pool, ThreadPool)

    def call() -> None:
        function(x, num_threads=3)

    call()
    tasks = len(os.listdir("/proc/self/task"))
    workers = pool.workers
    for number in range(1, interrupt(call, 0) + 1):
        interrupt(call, number)
        assert not pool.is_busy
    assert pool.workers == workers
    assert len(os.listdir("/proc/self/task")) == tasks
    assert function(x, num_threads=3).tolist() == (2 * x).tolist()
