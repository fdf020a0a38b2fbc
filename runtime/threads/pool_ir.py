"""LLVM IR of the thread pool: the programs of `protocol`, for an architecture."""

from __future__ import annotations

from lowering.targets import arch
from runtime.threads.protocol import END, LEAD, WORK, PoolSlot
from runtime.threads.steps_ir import Function

ARCHITECTURES = {a.name: a.waiting for a in arch.ARCHITECTURES.values() if a.waiting is not None}
"""The architectures that there is a pool for, on Linux, and how threads wait there."""

_SIG_BLOCK, _SIG_SETMASK = 0, 2


def _slot(name: str, slot: PoolSlot, type_: str = "ptr") -> str:
    at = f"  %{name}.at = getelementptr i64, ptr %pool, i64 {slot.value}\n"
    return at + f"  %{name} = load {type_}, ptr %{name}.at"


def pool_ir(triple: str, name: str) -> str:
    """LLVM IR of `i32 lead(pool, call)`, `ptr work(pool)` and `i32 end(pool)`."""
    waiting = ARCHITECTURES[name]
    functions = "".join(
        Function(program, waiting).text(f"{result} @{name}", result, arguments)
        for name, program, result, arguments in (
            ("lead", LEAD, "i32", ("pool", "call")),
            ("work", WORK, "ptr", ("pool",)),
            ("end", END, "i32", ("pool",)),
        )
    )
    return f"""target triple = "{triple}"
{waiting.declaration}
declare i64 @llvm.smax.i64(i64, i64)
declare i64 @llvm.smin.i64(i64, i64)

define internal i32 @spawn(ptr %pool, ptr %handle) nounwind {{
  %before = alloca [16 x i64], align 8
{_slot("create", PoolSlot.CREATE)}
{_slot("mask", PoolSlot.MASK)}
{_slot("work", PoolSlot.WORK)}
  %signals = getelementptr i64, ptr %pool, i64 {PoolSlot.SIGNALS.value}
  %blocked = call i32 %mask(i32 {_SIG_BLOCK}, ptr %signals, ptr %before)
  %error = call i32 %create(ptr %handle, ptr null, ptr %work, ptr %pool)
  %unblocked = call i32 %mask(i32 {_SIG_SETMASK}, ptr %before, ptr null)
  ret i32 %error
}}

{functions}"""


def call_ir(triple: str, index_width: int, buffers: int) -> str:
    """LLVM IR of `call(function, buffers, low, high)` for a stage of so many buffers."""
    index = f"i{index_width}"
    narrow = "" if index_width == 64 else f"  %{{0}}.n = trunc i64 %{{0}} to {index}\n"
    suffix = ".n" if narrow else ""
    loads = "".join(
        f"  %at{i} = getelementptr ptr, ptr %buffers, i64 {i}\n  %b{i} = load ptr, ptr %at{i}\n"
        for i in range(buffers)
    )
    arguments = "".join(f"ptr %b{i}, " for i in range(buffers))
    return f"""target triple = "{triple}"
define void @call(ptr %function, ptr %buffers, i64 %low, i64 %high) nounwind {{
{narrow.format("low")}{narrow.format("high")}{loads}
  call void %function({arguments}{index} %low{suffix}, {index} %high{suffix})
  ret void
}}
"""
