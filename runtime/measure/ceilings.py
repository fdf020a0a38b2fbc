"""What bounds a kernel on this machine: products a cycle, and bytes a cycle from each cache.

The first come from the cost model and the target's description, the second are measured: a loop of
vector loads over a buffer that fits in half a cache.
"""

from __future__ import annotations

import ctypes
import time
from dataclasses import dataclass

import numpy as np

from lowbit_dialect.geometry import ConvGeometry, Window
from lowering.kernels.contraction import Contraction
from lowering.llvm.object import compile_object
from lowering.strategies import all_strategies
from lowering.targets import Target, cache_bytes, get_target
from runtime.jit import LoadedObject
from runtime.measure.clock import nanoseconds_per_cycle
from runtime.measure.layer import codes_of
from runtime.measure.samples import lower_quartile

_LOADS = 8
"""Vectors that an iteration reads, each into an accumulator of its own."""
_MEMORY_BYTES = 128 * 1024 * 1024
_CALL_BYTES = 16 * 1024 * 1024
"""A call reads at least so much, so that the call is nothing."""
_SECONDS = 0.05

_LARGE = ConvGeometry(1, Window(64, 3, 1, 1, 1), Window(64, 3, 1, 1, 1), 512, 512)
"""A layer on which nothing but the reduction counts."""


@dataclass(frozen=True)
class Ceiling:
    """A bound with its label: MAC/cycle, or bytes a cycle."""

    label: str
    value: float


def peaks(target: Target) -> list[Ceiling]:
    """Products a cycle of the best tile on a large layer: what its instructions take, no more."""
    found = []
    for strategy in all_strategies():
        for pair in strategy.peaks:
            layer = Contraction(*codes_of(pair), _LARGE).on(target)
            if strategy.why_not(layer) is None:
                tiles = strategy.tiles(layer)
                least = min(strategy.reduction_cycles(layer, *tile, {}) for tile in tiles)
                found.append(Ceiling(f"{strategy.products_are}, {pair}", _LARGE.macs / least))
    return found


def bandwidths() -> list[Ceiling]:
    """Bytes a cycle that one core reads from each cache and from memory, measured now."""
    sizes = {f"L{level}": cache_bytes(level, 0) // 2 for level in (1, 2, 3)}
    found = [Ceiling(name, _bytes_a_cycle(size)) for name, size in sizes.items() if size]
    return [*found, Ceiling("memory", _bytes_a_cycle(_MEMORY_BYTES))]


def _read_loop(target: Target) -> str:
    """IR of a function that reads a buffer `rounds` times; no load can be left out."""
    vector = f"<{target.vector_bits // 32} x i32>"
    size = target.vector_bits // 8
    indent = "\n  "
    starts = indent.join(
        f"%a{i} = phi {vector} [ zeroinitializer, %outer ], [ %x{i}, %inner ]"
        for i in range(_LOADS)
    )
    steps = indent.join(
        f"%o{i} = add i64 %at, {size * i}{indent}"
        f"%p{i} = getelementptr i8, ptr %buffer, i64 %o{i}{indent}"
        f"%v{i} = load volatile {vector}, ptr %p{i}, align {size}{indent}"
        f"%x{i} = xor {vector} %a{i}, %v{i}"
        for i in range(_LOADS)
    )
    sums, last = [], "%x0"
    for i in range(1, _LOADS):
        sums.append(f"%s{i} = xor {vector} {last}, %x{i}")
        last = f"%s{i}"
    return f"""target triple = "{target.triple}"
define i32 @read(ptr %buffer, i64 %bytes, i64 %rounds) {{
entry:
  br label %outer
outer:
  %round = phi i64 [ 0, %entry ], [ %next_round, %after ]
  br label %inner
inner:
  %at = phi i64 [ 0, %outer ], [ %next, %inner ]
  {starts}
  {steps}
  %next = add i64 %at, {size * _LOADS}
  %more = icmp ult i64 %next, %bytes
  br i1 %more, label %inner, label %after
after:
  {indent.join(sums)}
  %next_round = add i64 %round, 1
  %again = icmp ult i64 %next_round, %rounds
  br i1 %again, label %outer, label %done
done:
  %result = extractelement {vector} {last}, i32 0
  ret i32 %result
}}
"""


def _bytes_a_cycle(size: int) -> float:
    """Lower quartile of the time to read a buffer of `size` bytes again and again."""
    target = get_target("host")
    step = target.vector_bits // 8 * _LOADS
    size -= size % step
    loaded = LoadedObject(compile_object(_read_loop(target), target), ["read"])
    read = ctypes.CFUNCTYPE(ctypes.c_int32, ctypes.c_void_p, ctypes.c_int64, ctypes.c_int64)(
        loaded.address("read")
    )
    page = 4096
    memory = np.ones(size + page, np.uint8)
    address = memory.ctypes.data + -memory.ctypes.data % page
    rounds = max(1, _CALL_BYTES // size)
    cycles, end = [], time.perf_counter() + _SECONDS
    read(address, size, rounds)
    while len(cycles) < 3 or time.perf_counter() < end:
        before = nanoseconds_per_cycle()
        start = time.perf_counter_ns()
        read(address, size, rounds)
        elapsed = time.perf_counter_ns() - start
        cycles.append(2 * elapsed / (before + nanoseconds_per_cycle()))
    return size * rounds / lower_quartile(cycles)
