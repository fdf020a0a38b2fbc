"""`lowbit-plan-memory`: allocations become slots of one workspace, by the time they are in use.

func.func @main(%x: memref<..>, %z: memref<..>) {
  %y = memref.alloc() {lowbit.holds = tensor<..>} : memref<4x8xi8>
  ..
->
func.func @main(%x: memref<..>, %z: memref<..>, %workspace: memref<127xi8>)
    attributes {.., lowbit.workspace = 127 : i64} {
  %offset = arith.constant 0 : index
  %y = memref.view %workspace[%offset][] : memref<127xi8> to memref<4x8xi8>
  ..

A value is in use from the first launch that names it to the last one. Values that are never in use
at the same time may have the same bytes, with one exception. Frames and ragged tails of packed
values must be zero, and no stage writes them: the caller zeroes the workspace once, and a slot with
gaps is never used by anything but values with the very same gaps (`gap_class`). So the workspace of
a deep chain does not grow with its depth, and no call zeroes anything again.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import ceil

from xdsl.context import Context
from xdsl.dialects import arith, func, memref
from xdsl.dialects.builtin import (
    DYNAMIC_INDEX,
    FunctionType,
    IndexType,
    IntegerAttr,
    MemRefType,
    ModuleOp,
    TensorType,
    i8,
    i64,
)
from xdsl.ir import Operation, SSAValue
from xdsl.passes import ModulePass
from xdsl.rewriter import InsertPoint, Rewriter

from lowbit_dialect.layouts.packed import memory_bytes
from lowering.stages.bufferize import HOLDS
from lowering.stages.gaps import gap_class
from lowering.stages.interface import INPUTS, WORKSPACE, block_of, check_launcher
from lowering.support.diagnostics import fail

ALIGNMENT = 64
"""Bytes that the slots of a workspace are aligned to: a cache line, the widest vector."""


@dataclass(frozen=True)
class Lifetime:
    """Bytes that are in use from operation `first` to operation `last` of a block."""

    size: int
    first: int
    last: int
    gaps: object | None = None


def _overlap(a: Lifetime, b: Lifetime) -> bool:
    """Whether both are in use at some time."""
    return a.first <= b.last and b.first <= a.last


def plan_slots(lifetimes: Sequence[Lifetime]) -> tuple[list[int], int]:
    """An offset for each lifetime, and the bytes of all slots together.

    Values with gaps take turns in slots of their class, which nothing else ever uses. Then the
    largest come first, each at the lowest offset where nothing is that is in use at the same time.
    """
    forever = max((life.last for life in lifetimes), default=0)
    groups: list[tuple[Lifetime, list[int]]] = []
    slots: dict[object, list[list[int]]] = {}
    order = sorted(range(len(lifetimes)), key=lambda k: lifetimes[k].first)
    for k in order:
        life = lifetimes[k]
        if life.gaps is None:
            groups.append((life, [k]))
            continue
        of_class = slots.setdefault(life.gaps, [])
        free = (slot for slot in of_class if not _overlap(lifetimes[slot[-1]], life))
        slot = next(free, None)
        if slot is None:
            of_class.append([k])
        else:
            slot.append(k)
    for of_class in slots.values():
        groups += [(Lifetime(lifetimes[s[0]].size, 0, forever), s) for s in of_class]
    offsets, placed, total = [0] * len(lifetimes), list[tuple[int, int, Lifetime]](), 0
    for life, members in sorted(groups, key=lambda group: -group[0].size):
        size = ceil(life.size / ALIGNMENT) * ALIGNMENT
        offset = 0
        for start, end, other in placed:  # ascending starts
            if _overlap(other, life) and start < offset + size and offset < end:
                offset = end
        placed.append((offset, offset + size, life))
        placed.sort(key=lambda entry: entry[0])
        total = max(total, offset + size)
        for k in members:
            offsets[k] = offset
    return offsets, total


def _uses(value: SSAValue) -> Iterator[Operation]:
    """The operations that use memory, also by views of it."""
    for use in value.uses:
        yield use.operation
        for result in use.operation.results:
            if isinstance(result.type, MemRefType):
                yield from _uses(result)


def _top(op: Operation, main: func.FuncOp) -> Operation:
    """The operation of the function's block that `op` is, or is in."""
    above = op
    while above.parent_op() is not main:
        parent = above.parent_op()
        assert parent is not None
        above = parent
    return above


def _lifetime(op: memref.AllocOp, main: func.FuncOp, order: dict[Operation, int]) -> Lifetime:
    type_ = op.memref.type
    assert isinstance(type_, MemRefType)
    if DYNAMIC_INDEX in type_.get_shape():
        fail(op, f"only allocations of known extents have a place in the workspace, got {type_}")
    used = [order[_top(user, main)] for user in _uses(op.memref)] or [order[op]]
    holds = op.attributes.get(HOLDS)
    found = gap_class(holds) if isinstance(holds, TensorType) else None
    size = memory_bytes(type_)
    return Lifetime(size, min(used), max(used), None if found is None else (found, size))


def plan_memory(main: func.FuncOp) -> None:
    """Give every allocation of a function its place in the workspace."""
    block = block_of(main)
    order = {op: k for k, op in enumerate(block.ops)}
    allocations = [op for op in block.ops if isinstance(op, memref.AllocOp)]
    for op in [op for op in block.ops if isinstance(op, memref.DeallocOp)]:
        op.detach()
        op.erase()
    offsets, total = plan_slots([_lifetime(op, main, order) for op in allocations])
    count = total + ALIGNMENT - 1 if total else 0
    workspace = block.insert_arg(MemRefType(i8, [max(1, count)]), len(block.args))
    workspace.name_hint = "workspace"
    for op, offset in zip(allocations, offsets, strict=True):
        place = arith.ConstantOp(IntegerAttr(offset, IndexType()))
        view = memref.ViewOp(workspace, place.result, [], op.memref.type)  # pyright: ignore
        view.attributes |= {k: v for k, v in op.attributes.items() if k != HOLDS}
        view.results[0].name_hint = op.memref.name_hint
        for new in (place, view):
            new.location = op.location
        Rewriter.insert_op([place, view], InsertPoint.before(op))
        op.memref.replace_all_uses_with(view.results[0])
        op.detach()
        op.erase()
    main.function_type = FunctionType.from_lists([a.type for a in block.args], [])
    main.attributes[WORKSPACE] = IntegerAttr(count, i64)


@dataclass(frozen=True)
class PlanMemoryPass(ModulePass):
    """Give the allocations of every function that launches stages a place in its workspace."""

    name = "lowbit-plan-memory"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        """Plan the functions that are not planned yet."""
        for function in op.body.block.ops:
            if is_launcher(function) and WORKSPACE not in function.attributes:
                assert isinstance(function, func.FuncOp)
                check_launcher(function)
                plan_memory(function)


def is_launcher(op: Operation) -> bool:
    """Whether an operation is a function of the level of stages that launches them."""
    return isinstance(op, func.FuncOp) and INPUTS in op.attributes
