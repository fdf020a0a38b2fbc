"""The machine code of a team of threads: LLVM IR for sharing stages without Python in between.

A *job* is memory that the leader, which is the calling thread, and the workers see. Every thread
takes pieces of the stage at hand until none is left, waits until all pieces are done, and goes on
to the next stage. A piece is a share of what is left, so that the first ones are long and the last
ones short: a worker that comes late, or whose core is busy with something else, delays nobody. No
piece is below half a thread's part: every one fetches weights, or builds tables, anew.

Joining is optional. A worker counts itself as active before it looks whether the job is open; the
leader closes the job before it waits for nobody to be active. Whatever the order, no worker is in
the job when the leader returns and its buffers may vanish.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum


@dataclass(frozen=True)
class _Waiting:
    """How a thread waits on an architecture.

    `futex` is the number of that system call, and `long` the type of libc's syscall. `intrinsic`
    tells the core that it waits; `spins` of it, before the thread leaves its core to others, take
    some tens of microseconds.
    """

    futex: int
    long: str
    intrinsic: str
    arguments: str
    spins: int

    @property
    def declaration(self) -> str:
        """The intrinsic's declaration."""
        return f"declare void @{self.intrinsic}({self.arguments.partition(' ')[0]})"

    @property
    def pause(self) -> str:
        """A call of the intrinsic."""
        return f"call void @{self.intrinsic}({self.arguments})"


_WAITING: Mapping[str, _Waiting] = {
    "x86_64": _Waiting(202, "i64", "llvm.x86.sse2.pause", "", 1000),
    # `yield` does nothing on most cores, `isb` empties the pipeline.
    "aarch64": _Waiting(98, "i64", "llvm.aarch64.isb", "i32 15", 2000),
    "armv7": _Waiting(240, "i32", "llvm.arm.isb", "i32 15", 2000),
}


class Slot(IntEnum):
    """Where the fields of a job are, in words of 8 bytes; what threads fight for is far apart."""

    GENERATION = 0
    """i32, grows with every job; idle workers sleep on it."""
    OPEN = 8
    """1 while workers may join."""
    ACTIVE = 16
    """How many workers are in the job, or about to look whether it is open."""
    LIMIT = 24
    """How many workers may join."""
    STAGE_COUNT = 25
    STAGES = 26
    """Address of a pair for each stage: the function and its extent."""
    BUFFERS = 27
    """Address of the buffers' addresses."""
    CALL = 28
    """Address of the function that calls a stage, see `call_ir`."""
    PROGRESS = 29
    """Address of 128 bytes for each stage: parts taken, and 64 bytes on, parts done."""
    SHARES = 30
    """Threads of the team: a piece is this fraction of what is left."""
    RECIPROCAL = 31
    """2^32 / SHARES, rounded up: 32-bit ARM has no division of 64 bits, nor all have one of 32."""
    SYSCALL = 32
    """Address of libc's syscall."""
    YIELD = 33
    """Address of libc's sched_yield."""
    STOP = 34
    """1 when the workers shall return."""


JOB_WORDS = 40
PROGRESS_WORDS = 16
"""Words of 8 bytes of a job, and of the progress of a stage."""


def reciprocal(shares: int) -> int:
    """What goes into `Slot.RECIPROCAL`; quotients of numbers below 2^32 / shares are exact."""
    return -(-(1 << 32) // shares)


def _field(name: str, slot: Slot) -> str:
    return f"  %{name}.at = getelementptr i64, ptr %job, i64 {slot.value}\n"


def _load(name: str, slot: Slot, type_: str = "i64") -> str:
    return _field(name, slot) + f"  %{name} = load {type_}, ptr %{name}.at\n"


def team_ir(triple: str, arch: str) -> str:
    """LLVM IR of `lead(job)` and `work(job)`."""
    waiting = _WAITING[arch]
    long = waiting.long
    futex = f"{long} ({long}, ...) %syscall({long} {waiting.futex}"
    return f"""target triple = "{triple}"
{waiting.declaration}
declare i64 @llvm.smax.i64(i64, i64)
declare i64 @llvm.smin.i64(i64, i64)

define internal void @relax(ptr %job, i64 %spins) nounwind {{
  %patient = icmp ult i64 %spins, {waiting.spins}
  br i1 %patient, label %spin, label %leave
spin:
  {waiting.pause}
  ret void
leave:
{_load("yield", Slot.YIELD, "ptr")}
  call i32 %yield()
  ret void
}}

define internal void @share(ptr %job) nounwind {{
entry:
{_load("count", Slot.STAGE_COUNT)}
{_load("stages", Slot.STAGES, "ptr")}
{_load("buffers", Slot.BUFFERS, "ptr")}
{_load("call", Slot.CALL, "ptr")}
{_load("progress", Slot.PROGRESS, "ptr")}
{_load("shares", Slot.SHARES)}
{_load("reciprocal", Slot.RECIPROCAL)}
  %shares.less = sub i64 %shares, 1
  br label %stage
stage:
  %s = phi i64 [ 0, %entry ], [ %s.next, %finished ]
  %more = icmp ult i64 %s, %count
  br i1 %more, label %begin, label %end
begin:
  %pair = shl i64 %s, 1
  %function.at = getelementptr i64, ptr %stages, i64 %pair
  %function = load ptr, ptr %function.at
  %extent.at = getelementptr i64, ptr %function.at, i64 1
  %extent = load i64, ptr %extent.at
  %offset = mul i64 %s, {PROGRESS_WORDS}
  %taken.at = getelementptr i64, ptr %progress, i64 %offset
  %done.at = getelementptr i64, ptr %taken.at, i64 {PROGRESS_WORDS // 2}
  br label %look
look:
  %low = load atomic i64, ptr %taken.at monotonic, align 8
  %left = sub i64 %extent, %low
  %any = icmp sgt i64 %left, 0
  br i1 %any, label %take, label %wait
take:
  %rounded = add i64 %left, %shares.less
  %share.scaled = mul i64 %rounded, %reciprocal
  %share = lshr i64 %share.scaled, 32
  %twice = shl i64 %shares, 1
  %whole = add i64 %extent, %twice
  %whole.less = sub i64 %whole, 1
  %least.scaled = mul i64 %whole.less, %reciprocal
  %least = lshr i64 %least.scaled, 33
  %wanted = call i64 @llvm.smax.i64(i64 %share, i64 %least)
  %size = call i64 @llvm.smin.i64(i64 %wanted, i64 %left)
  %high = add i64 %low, %size
  %exchange = cmpxchg ptr %taken.at, i64 %low, i64 %high acq_rel monotonic, align 8
  %mine = extractvalue {{ i64, i1 }} %exchange, 1
  br i1 %mine, label %run, label %look
run:
  call void %call(ptr %function, ptr %buffers, i64 %low, i64 %high)
  %before = atomicrmw add ptr %done.at, i64 %size acq_rel, align 8
  br label %look
wait:
  %spins = phi i64 [ 0, %look ], [ %spins.next, %again ]
  %done = load atomic i64, ptr %done.at acquire, align 8
  %all = icmp eq i64 %done, %extent
  br i1 %all, label %finished, label %again
again:
  call void @relax(ptr %job, i64 %spins)
  %spins.next = add i64 %spins, 1
  br label %wait
finished:
  %s.next = add i64 %s, 1
  br label %stage
end:
  ret void
}}

define void @lead(ptr %job) nounwind {{
entry:
{_load("count", Slot.STAGE_COUNT)}
{_load("progress", Slot.PROGRESS, "ptr")}
{_field("open", Slot.OPEN)}
{_field("active", Slot.ACTIVE)}
{_load("limit", Slot.LIMIT)}
{_load("syscall", Slot.SYSCALL, "ptr")}
  br label %clear
clear:
  %s = phi i64 [ 0, %entry ], [ %s.next, %clear.one ]
  %more = icmp ult i64 %s, %count
  br i1 %more, label %clear.one, label %start
clear.one:
  %offset = mul i64 %s, {PROGRESS_WORDS}
  %taken.at = getelementptr i64, ptr %progress, i64 %offset
  %done.at = getelementptr i64, ptr %taken.at, i64 {PROGRESS_WORDS // 2}
  store atomic i64 0, ptr %taken.at monotonic, align 8
  store atomic i64 0, ptr %done.at monotonic, align 8
  %s.next = add i64 %s, 1
  br label %clear
start:
  store atomic i64 1, ptr %open.at seq_cst, align 8
  %generation = atomicrmw add ptr %job, i32 1 seq_cst, align 4
  %helpers = trunc i64 %limit to i32
  %woken = call {futex}, ptr %job, i32 129, i32 %helpers)
  call void @share(ptr %job)
  store atomic i64 0, ptr %open.at seq_cst, align 8
  br label %wait
wait:
  %spins = phi i64 [ 0, %start ], [ %spins.next, %again ]
  %active = load atomic i64, ptr %active.at seq_cst, align 8
  %alone = icmp eq i64 %active, 0
  br i1 %alone, label %end, label %again
again:
  call void @relax(ptr %job, i64 %spins)
  %spins.next = add i64 %spins, 1
  br label %wait
end:
  ret void
}}

define void @work(ptr %job) nounwind {{
entry:
{_field("open", Slot.OPEN)}
{_field("active", Slot.ACTIVE)}
{_field("limit", Slot.LIMIT)}
{_field("stop", Slot.STOP)}
{_load("syscall", Slot.SYSCALL, "ptr")}
  br label %listen
listen:
  %last = phi i32 [ 0, %entry ], [ %last, %spin ], [ %last, %sleep ], [ %now, %leave ]
  %spins = phi i64 [ 0, %entry ], [ %spins.next, %spin ], [ 0, %sleep ], [ 0, %leave ]
  %now = load atomic i32, ptr %job seq_cst, align 4
  %same = icmp eq i32 %now, %last
  br i1 %same, label %idle, label %wake
idle:
  %spins.next = add i64 %spins, 1
  %patient = icmp ult i64 %spins, {waiting.spins}
  br i1 %patient, label %spin, label %sleep
spin:
  {waiting.pause}
  br label %listen
sleep:
  %slept = call {futex}, ptr %job, i32 128, i32 %last, ptr null)
  br label %listen
wake:
  %stop = load atomic i64, ptr %stop.at seq_cst, align 8
  %stopped = icmp ne i64 %stop, 0
  br i1 %stopped, label %end, label %enter
enter:
  %was = atomicrmw add ptr %active.at, i64 1 seq_cst, align 8
  %open = load atomic i64, ptr %open.at seq_cst, align 8
  %is.open = icmp ne i64 %open, 0
  br i1 %is.open, label %ask, label %leave
ask:
  %limit = load i64, ptr %limit.at
  %wanted = icmp ult i64 %was, %limit
  br i1 %wanted, label %join, label %leave
join:
  call void @share(ptr %job)
  br label %leave
leave:
  %left = atomicrmw sub ptr %active.at, i64 1 seq_cst, align 8
  br label %listen
end:
  ret void
}}
"""


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
