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

A function of memrefs that allocates memory gets a workspace in the same way, whose content may be
anything.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import ceil

from xdsl.context import Context
from xdsl.dialects import arith, func, memref, scf
from xdsl.dialects.builtin import (
    DYNAMIC_INDEX,
    ArrayAttr,
    DictionaryAttr,
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
from xdsl.traits import IsTerminator

from lowbit_dialect.layouts.packed import memory_bytes
from lowbit_dialect.ops.compute import LaunchOp
from lowering.stages.align_workspace import ALIGNMENT, align_workspace
from lowering.stages.bufferize import HOLDS
from lowering.stages.gaps import gap_class
from lowering.stages.interface import INPUTS, WORKSPACE, check_launcher
from lowering.support.diagnostics import fail


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
    """The operations that use memory, also by views of it.

    Raises:
        OpFailedException: an allocation leaves its function, or the iteration of a loop.
    """
    for use in value.uses:
        user = use.operation
        yield user
        if user.has_trait(IsTerminator):
            above = user.parent_op()
            if above is None or isinstance(above, scf.ForOp | scf.WhileOp | func.FuncOp):
                fail(
                    user, "allocated memory must not leave the function or iteration it is made in"
                )
            user = above
        for result in user.results:
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


def _lifetime(
    op: memref.AllocOp, main: func.FuncOp, order: dict[Operation, int] | None
) -> Lifetime:
    """When an allocation is in use, by the order of a block's operations; without one, always."""
    type_ = op.memref.type
    assert isinstance(type_, MemRefType)
    if op.alignment is not None and op.alignment.value.data > ALIGNMENT:
        fail(op, f"slots of the workspace are aligned to {ALIGNMENT} bytes, not to {op.alignment}")
    if DYNAMIC_INDEX in type_.get_shape():
        fail(op, f"only allocations of known extents have a place in the workspace, got {type_}")
    users = [*_uses(op.memref)] or [op]
    used = [0] if order is None else [order[_top(user, main)] for user in users]
    holds = op.attributes.get(HOLDS)
    found = gap_class(holds) if isinstance(holds, TensorType) else None
    size = memory_bytes(type_)
    return Lifetime(size, min(used), max(used), None if found is None else (found, size))


def plan_memory(function: func.FuncOp) -> None:
    """Give every allocation of a function its place in the workspace, which it takes last."""
    block = function.body.blocks[0]
    allocations = [op for op in function.walk() if isinstance(op, memref.AllocOp)]
    for op in [op for op in function.walk() if isinstance(op, memref.DeallocOp)]:
        Rewriter.erase_op(op)
    if len(function.body.blocks) == 1:
        order = {op: k for k, op in enumerate(block.ops)}
        lifetimes = [_lifetime(op, function, order) for op in allocations]
    else:
        lifetimes = [_lifetime(op, function, None) for op in allocations]
    offsets, total = plan_slots(lifetimes)
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
    types = function.function_type
    function.function_type = FunctionType.from_lists(
        [a.type for a in block.args], types.outputs.data
    )
    if function.arg_attrs is not None:
        function.arg_attrs = ArrayAttr([*function.arg_attrs, DictionaryAttr({})])
    function.attributes[WORKSPACE] = IntegerAttr(count, i64)


def plan_called_functions(module: ModuleOp) -> None:
    """Give functions of memrefs that allocate memory a workspace, and those that call them.

    func.func @main(%x: memref<4xi32>) {
      func.call @inner(%x) : (memref<4xi32>) -> ()        @inner allocates 64 bytes
    ->
    func.func @main(%x: memref<4xi32>, %workspace: memref<190xi8>)
        attributes {lowbit.workspace = 190 : i64} {
      %slot = memref.view %aligned[%c0][] : .. to memref<127xi8>
      func.call @inner(%x, %slot) : (memref<4xi32>, memref<127xi8>) -> ()

    Raises:
        OpFailedException: a function calls itself, or a stage allocates memory.
    """
    functions = {f.sym_name.data: f for f in module.body.block.ops if isinstance(f, func.FuncOp)}
    launched = {op.function_name for op in module.walk() if isinstance(op, LaunchOp)}
    done, under_way = set[str](), set[str]()

    def plan(name: str) -> None:
        function = functions.get(name)
        if function is None or name in done or function.is_declaration or is_launcher(function):
            return
        if name in under_way:
            fail(function, f"@{name} calls itself, so that no workspace is large enough")
        under_way.add(name)
        for call in [op for op in function.walk() if isinstance(op, func.CallOp)]:
            plan(call.callee.root_reference.data)
            _pass_workspace(call, functions)
        done.add(name)
        first = next((op for op in function.walk() if isinstance(op, memref.AllocOp)), None)
        if first is None:
            return
        if WORKSPACE in function.attributes:
            fail(first, f"@{name} has its workspace already")
        if name in launched:
            fail(first, f"@{name} is a stage: allocate where it is launched, and pass the memory")
        plan_memory(function)
        workspace = function.body.blocks[0].args[-1]
        slot_bytes = memory_bytes(workspace.type) - ALIGNMENT + 1  # pyright: ignore
        align_workspace(workspace, slot_bytes, function.location)

    for name in functions:
        plan(name)


def _pass_workspace(call: func.CallOp, functions: Mapping[str, func.FuncOp]) -> None:
    """Let a call of a function with a workspace allocate that."""
    callee = functions.get(call.callee.root_reference.data)
    if callee is None or WORKSPACE not in callee.attributes or is_launcher(callee):
        return
    types = callee.function_type.inputs.data
    if len(call.arguments) == len(types):
        return
    last = types[-1]
    assert isinstance(last, MemRefType), "the workspace"
    alloc = memref.AllocOp([], [], last)
    new = func.CallOp(call.callee, [*call.arguments, alloc.memref], call.result_types)
    for op in (alloc, new):
        op.location = call.location
    Rewriter.replace_op(call, [alloc, new], new.results)


@dataclass(frozen=True)
class PlanMemoryPass(ModulePass):
    """Give the allocations of every function that launches stages a place in its workspace."""

    name = "lowbit-plan-memory"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        """Plan the functions that are not planned yet."""
        plan_called_functions(op)
        for function in op.body.block.ops:
            if is_launcher(function) and WORKSPACE not in function.attributes:
                assert isinstance(function, func.FuncOp)
                check_launcher(function)
                plan_memory(function)


def is_launcher(op: Operation) -> bool:
    """Whether an operation is a function of the level of stages that launches them."""
    return isinstance(op, func.FuncOp) and INPUTS in op.attributes
