"""Cycles of this core: time in units of a chain of dependent additions, one cycle each.

The clock of a core moves, and the time-stamp counter does not follow it; a chain timed right
beside the measurement does.
"""

from __future__ import annotations

import ctypes
import time
from collections.abc import Callable
from functools import cache

import llvmlite.binding as llvm

from lowering.llvm.object import compile_object
from lowering.targets import Target, get_target
from runtime.jit import LoadedObject

CHAIN = 64
"""Additions of a round."""
_ROUNDS = (200, 1000)
"""A short and a long chain: their difference holds no call and no reading of the clock."""


def chain_ir(target: Target) -> str:
    """LLVM IR of `chain(rounds)`: `CHAIN` additions a round, each of which waits for the last.

    Its argument and its result are as wide as an index. To compile it takes LLVM's parser of
    assembly, which no kernel does.
    """
    word = f"i{target.index_width}"
    add, constraints = target.architecture.add
    adds, value = [], "%sum"
    for i in range(CHAIN):
        arguments = f"({word} 1, {word} {value})"
        adds.append(f'  %a{i} = call {word} asm sideeffect "{add}", "{constraints}"{arguments}')
        value = f"%a{i}"
    body = "\n".join(adds)
    return f"""target triple = "{target.triple}"
define {word} @chain({word} %rounds) {{
entry:
  br label %loop
loop:
  %i = phi {word} [ 0, %entry ], [ %next, %loop ]
  %sum = phi {word} [ 0, %entry ], [ {value}, %loop ]
{body}
  %next = add {word} %i, 1
  %more = icmp ult {word} %next, %rounds
  br i1 %more, label %loop, label %done
done:
  ret {word} {value}
}}
"""


@cache
def _chain():
    llvm.initialize_native_target()
    llvm.initialize_native_asmparser()
    host = get_target("host")
    loaded = LoadedObject(compile_object(chain_ir(host), host), ["chain"])
    function = ctypes.CFUNCTYPE(ctypes.c_ssize_t, ctypes.c_ssize_t)(loaded.address("chain"))
    return function, loaded


def nanoseconds_per_cycle() -> float:
    """Time of one dependent addition now; takes some tens of microseconds.

    An interrupt makes either chain longer, so the shorter of two counts, and a difference that is
    no time at all is taken anew.
    """
    function, _ = _chain()
    short, long = _ROUNDS
    while True:
        difference = _nanoseconds(function, long) - _nanoseconds(function, short)
        if difference > 0:
            return difference / (CHAIN * (long - short))


def _nanoseconds(function: Callable[[int], int], rounds: int) -> int:
    times = []
    for _ in range(2):
        start = time.perf_counter_ns()
        function(rounds)
        times.append(time.perf_counter_ns() - start)
    return min(times)
