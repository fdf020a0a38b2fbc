"""The team of threads: all parts exactly once, in order of the stages, whatever the numbers."""

from __future__ import annotations

import ctypes
import subprocess
import sys
import threading

import numpy as np
import pytest

from lowering.llvm.object import compile_object
from lowering.targets import TARGETS, get_target
from runtime.jit import LoadedObject
from runtime.team_code import call_ir, team_ir
from runtime.threads import SharedStages, Team, team


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
        assert team().run(stages, [memory.ctypes.data, number.ctypes.data], threads)
        assert (memory[:parts] == 2).all()
        # Between the two, each of the parts of @check saw all parts odd.
        assert memory[parts] == np.int32(parts * parts)


def test_a_busy_team_says_so(code: LoadedObject):
    own = Team()
    stages = SharedStages([(code.address("count"), 4)], 2)
    memory, number = np.zeros(5, np.int32), np.array([4], np.int64)
    pointers = [memory.ctypes.data, number.ctypes.data]
    with own._lock:
        assert not own.run(stages, pointers, 2)
    assert memory.tolist() == [0] * 5
    assert own.run(stages, pointers, 2)
    assert memory.tolist() == [1, 1, 1, 1, 0]
    own.stop()
    assert not [t for t in threading.enumerate() if t in own._workers]
    assert own.run(stages, pointers, 3)  # it starts again
    own.stop()


def test_function_without_stages():
    assert team().run(SharedStages([], 1), [0], 2)


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
    assert compile_object(team_ir(target.triple, target.arch), target).startswith(b"\x7fELF")
    assert compile_object(call_ir(target.triple, target.index_width, 3), target)


def test_a_process_ends_while_workers_listen():
    code = (
        "import numpy as np, runtime\n"
        "x = np.ones((8, 64), int)\n"
        "for _ in range(5): runtime.matmul(x, x.T, w_code='unipolar<1>', num_threads=4)\n"
    )
    for _ in range(3):
        done = subprocess.run(
            [sys.executable, "-c", code], check=False, capture_output=True, text=True, timeout=60
        )
        assert (done.returncode, done.stderr) == (0, "")
