"""`lowbit-outline-stages`: each launch becomes a function of the buffers that a runtime has.

func.func private @main_1_dot_conv(%a: memref<4x8xi32>, %b: memref<..>, %low, %high) { .. }
func.func @main(%x: memref<4x8xi32>, %z: memref<..>, %workspace: memref<127xi8>)
    attributes {lowbit.inputs = [..], lowbit.outputs = [..], lowbit.workspace = 127 : i64} {
  %y = memref.view %workspace[%offset][] : memref<127xi8> to memref<..>
  ..
  lowbit.launch @main_1_dot_conv(%x, %y : ..) extent 56
->
func.func @main_1_dot_conv(%x: memref<128xi8> {llvm.align = 4 : i64}, %z: memref<..>,
    %workspace: memref<127xi8>, %low: index, %high: index) {
  %a = memref.view %x[%zero][] : memref<128xi8> to memref<4x8xi32>
  %b = memref.view %slots[%offset][] : memref<64xi8> to memref<..>    slots are aligned
  ..
}
func.func @main(%x: memref<128xi8>, %z: .., %workspace: ..)
    attributes {.., lowbit.stages = {main_1_dot_conv = 56 : i64}} {
  func.call @main_1_dot_conv(%x, %z, %workspace, %zero, %all)
  ..

All stages of a function take its inputs, its outputs and one workspace, as bytes. A runtime with
threads calls each on parts of its range, in any order, and waits between stages. The body of a
stage that is launched once is moved; a shared stage is called with views.

An input or an output is aligned to the size of its elements, as C aligns them. The workspace may
begin at any address: each stage rounds it up to a multiple of 64 (`align_workspace`), for which the
caller's workspace has 63 bytes more than the slots.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from xdsl.context import Context
from xdsl.dialects import arith, func, memref
from xdsl.dialects.builtin import (
    ArrayAttr,
    DictionaryAttr,
    FunctionType,
    IndexType,
    IntegerAttr,
    MemRefType,
    ModuleOp,
    StringAttr,
    SymbolRefAttr,
    i64,
)
from xdsl.ir import Attribute, Block, BlockArgument, Operation, Region, SSAValue
from xdsl.passes import ModulePass
from xdsl.rewriter import Rewriter

from lowbit_dialect.layouts.packed import memory_bytes
from lowbit_dialect.ops.compute import ComputeOp, LaunchOp, ViewAsOp
from lowering.loops.emit import Emit
from lowering.stages.align_workspace import ALIGNMENT, align_workspace
from lowering.stages.interface import STAGES, WORKSPACE, block_of, bytes_of, check_launcher
from lowering.stages.plan_memory import is_launcher
from lowering.stages.share_stages import STAGE
from lowering.support.diagnostics import fail
from lowering.support.globals import Globals

INDEX = IndexType()


def _align(type_: Attribute) -> DictionaryAttr:
    """What holds for a buffer whose elements are no bytes: its alignment."""
    assert isinstance(type_, MemRefType)
    size = memory_bytes(MemRefType(type_.element_type, [1]))
    return DictionaryAttr({"llvm.align": IntegerAttr(size, i64)} if size > 1 else {})


@dataclass
class _Memory:
    """The bytes of an operand of a launch: an argument from an offset on, or a global."""

    argument: int = -1
    offset: int = 0
    name: str = ""
    names: Globals | None = field(default=None, compare=False, repr=False)


@dataclass
class _Views:
    """Memory of other types over the bytes of a stage's arguments."""

    emit: Emit
    arguments: Sequence[SSAValue]
    made: dict[tuple[int, int, str, Attribute], SSAValue] = field(default_factory=dict)

    def of(self, place: _Memory, type_: MemRefType) -> SSAValue:
        """A place as a memref."""
        key = (place.argument, place.offset, place.name, type_)
        if key not in self.made:
            if place.names is not None:
                new = self.emit.op(memref.GetGlobalOp(place.names.typed(place.name, type_), type_))
            else:
                offset = self.emit.constant(place.offset)
                source = self.arguments[place.argument]
                new = self.emit.op(memref.ViewOp(source, offset, [], type_))
            self.made[key] = new
        return self.made[key]


class _Outliner:
    """A function that launches stages, while its launches become functions."""

    def __init__(
        self,
        main: func.FuncOp,
        functions: dict[str, func.FuncOp],
        shared: set[str],
        names: Globals,
    ):
        self.main, self.functions, self.shared, self.names = main, functions, shared, names
        self.block = block_of(main)
        *tensors, workspace = self.block.args
        types = [a.type for a in tensors if isinstance(a.type, MemRefType)]
        self.types = [*map(bytes_of, types), workspace.type]
        self.attributes = [*map(_align, types), DictionaryAttr({})]
        count = memory_bytes(workspace.type)  # pyright: ignore
        self.slot_bytes = count - ALIGNMENT + 1

    def place_of(self, value: SSAValue, launch: LaunchOp) -> _Memory:
        """Where an operand of a launch lies."""
        owner = value.owner
        if isinstance(value, BlockArgument) and owner is self.block:
            return _Memory(value.index)
        if isinstance(owner, memref.GetGlobalOp):
            return _Memory(name=owner.name_.root_reference.data, names=self.names)
        if isinstance(owner, memref.ViewOp) and owner.source is self.block.args[-1]:
            offset = owner.byte_shift.owner
            if isinstance(offset, arith.ConstantOp) and isinstance(offset.value, IntegerAttr):
                start = offset.value.value.data
                end = start + memory_bytes(value.type)  # pyright: ignore
                if not 0 <= start < end <= self.slot_bytes:
                    fail(launch, f"bytes {start} to {end} of a workspace of {self.slot_bytes}")
                return _Memory(len(self.block.args) - 1, start)
        fail(
            launch,
            "an operand is neither an argument, a global nor a view of the workspace at a constant"
            " offset",
        )

    def stage(self, name: str, launch: LaunchOp) -> func.FuncOp:
        """The function of a launch."""
        function = self.functions[launch.function_name]
        places = [self.place_of(value, launch) for value in launch.memory]
        if launch.function_name in self.shared:
            block = self._call(function, places, launch)
        else:
            block = self._moved(function, places)
        align_workspace(block.args[len(self.types) - 1], self.slot_bytes, launch.location)
        return self._function(name, [*self.types, INDEX, INDEX], block, launch)

    def _moved(self, function: func.FuncOp, places: Sequence[_Memory]) -> Block:
        """The body of a stage, on the buffers of the runtime."""
        block = block_of(function)
        for op in block.ops:
            if isinstance(op, ComputeOp):
                fail(op.operation, "no pass has lowered it to loops")
        operands = list(block.args[:-2])
        for k, type_ in enumerate(self.types):
            block.insert_arg(type_, k)
        arguments = block.args[: len(self.types)]
        for argument, place in zip(operands, places, strict=True):
            for use in list(argument.uses):
                if isinstance(use.operation, ViewAsOp):
                    _fold(use.operation, place, arguments)
        first = block.first_op
        assert first is not None, "it ends in func.return"
        views = _Views(Emit.before(first), arguments)
        for argument, place in zip(operands, places, strict=True):
            if any(argument.uses):
                argument.replace_all_uses_with(views.of(place, argument.type))  # pyright: ignore
            block.erase_arg(argument)
        function.body.detach_block(block)
        function.detach()
        function.erase()
        return block

    def _call(self, function: func.FuncOp, places: Sequence[_Memory], launch: LaunchOp) -> Block:
        """A call of a shared stage."""
        block = Block(arg_types=[*self.types, INDEX, INDEX])
        emit = Emit(block, location=launch.location)
        views = _Views(emit, block.args)
        # What the function takes, which may be the bytes of what is launched (`_typed_by_bytes`).
        taken = [argument.type for argument in block_of(function).args[:-2]]
        operands = [
            views.of(place, type_)  # pyright: ignore
            for place, type_ in zip(places, taken, strict=True)
        ]
        emit.op(func.CallOp(launch.callee, [*operands, *block.args[-2:]], []))
        emit.op(func.ReturnOp())
        return block

    def _function(
        self, name: str, types: Sequence[Attribute], block: Block, source: Operation
    ) -> func.FuncOp:
        known = [*self.attributes, *[DictionaryAttr({})] * (len(types) - len(self.attributes))]
        function = func.FuncOp(
            name,
            FunctionType.from_lists(types, []),
            Region(block),
            arg_attrs=ArrayAttr(known) if any(attr.data for attr in known) else None,
        )
        function.location = source.location
        return function

    def run(self) -> list[func.FuncOp]:
        """The functions of the launches, and the function that calls them in order."""
        entry = Block(arg_types=self.types)
        emit = Emit(entry, location=self.main.location)
        stages, extents = list[func.FuncOp](), dict[str, Attribute]()
        for op in list(self.block.ops):
            if not isinstance(op, LaunchOp):
                if not isinstance(op, _MADE_AGAIN):
                    fail(
                        op,
                        "between launches there can be views of the workspace and globals only;"
                        " lowbit-plan-memory gives allocations their places",
                    )
                continue
            given = op.attributes.get(STAGE)
            name = given.data if isinstance(given, StringAttr) else op.function_name
            if op.function_name in self.shared and name in self.names.symbols:
                name = self.names.fresh(f"{len(stages)}")
            stages.append(self.stage(name, op))
            extents[name] = IntegerAttr(op.parts, i64)
            bounds = [emit.constant(0), emit.constant(op.parts)]
            call = func.CallOp(SymbolRefAttr(name), [*entry.args, *bounds], [])
            emit.op(call)
            call.location = op.location
        emit.op(func.ReturnOp())
        main = self._function(self.main.sym_name.data, self.types, entry, self.main)
        main.attributes |= self.main.attributes
        main.attributes[STAGES] = DictionaryAttr(extents)
        return [*stages, main]


_MADE_AGAIN = (arith.ConstantOp, memref.ViewOp, memref.GetGlobalOp, func.ReturnOp)
"""Operations beside launches: each stage has its own."""


def _fold(op: ViewAsOp, place: _Memory, arguments: Sequence[SSAValue]) -> None:
    """Replace a view of another type by one of the bytes."""
    assert isinstance(op.result.type, MemRefType)
    emit = Emit.before(op)
    view = _Views(emit, arguments).of(place, op.result.type)
    op.result.replace_all_uses_with(view)
    op.detach()
    op.erase()


def _typed_by_bytes(function: func.FuncOp) -> None:
    """Make the operands of a shared stage bytes, where it views them as other types."""
    block = block_of(function)
    known = [
        _align(a.type) if isinstance(a.type, MemRefType) else DictionaryAttr({}) for a in block.args
    ]
    changed = [a for a in block.args if any(isinstance(u.operation, ViewAsOp) for u in a.uses)]
    for argument in changed:
        type_, uses = argument.type, list(argument.uses)
        assert isinstance(type_, MemRefType)
        new = Rewriter.replace_value_with_new_type(argument, bytes_of(type_))
        for use in uses:
            if isinstance(use.operation, ViewAsOp):
                _fold(use.operation, _Memory(0), [new])
        others = [use for use in list(new.uses) if not isinstance(use.operation, memref.ViewOp)]
        if others:
            first = block.first_op
            assert first is not None
            view = _Views(Emit.before(first), [new]).of(_Memory(0), type_)
            for use in others:
                use.operation.operands[use.index] = view
    function.function_type = FunctionType.from_lists([a.type for a in block.args], [])
    function.arg_attrs = ArrayAttr(known)


@dataclass(frozen=True)
class OutlineStagesPass(ModulePass):
    """Make a function of the runtime's buffers of each launch."""

    name = "lowbit-outline-stages"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        """Outline the launches of all functions that are planned."""
        ops = list(op.body.block.ops)
        functions = {f.sym_name.data: f for f in ops if isinstance(f, func.FuncOp)}
        mains = [f for f in functions.values() if is_launcher(f) and STAGES not in f.attributes]
        launches = Counter(
            launch.function_name
            for main in mains
            for launch in main.body.walk()
            if isinstance(launch, LaunchOp)
        )
        for name in launches:
            if is_launcher(functions[name]):
                fail(functions[name], "it launches stages and is launched itself")
        called = {
            call.callee.root_reference.data
            for call in op.body.walk()
            if isinstance(call, func.CallOp)
        }
        shared = {name for name, times in launches.items() if times > 1 or name in called}
        for name in sorted(shared):
            _typed_by_bytes(functions[name])
        for main in mains:
            if WORKSPACE not in main.attributes:
                fail(main, "it has no workspace yet; lowbit-plan-memory gives it one")
            check_launcher(main)
            names = Globals(op, main.sym_name.data)
            for new in _Outliner(main, functions, shared, names).run():
                op.body.block.insert_op_before(new, main)
            main.detach()
            main.erase(safe_erase=False)
