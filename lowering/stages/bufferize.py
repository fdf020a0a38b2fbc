"""`lowbit-bufferize`: functions of tensors become stages, functions of memory with one operation.

func.func @main(%x: tensor<4x8x!lowbit.unipolar<2>>) -> tensor<..> {
  %y = lowbit.bitpack %x : (..) -> tensor<.., #lowbit.packed<..>>
  ..
}
->
func.func private @main_0_bitpack(%x: memref<4x8xi8>, %y: memref<..>, %low: index, %high: index) {
  lowbit.compute ins(%x : memref<4x8xi8>) outs(%y : memref<..>) from %low to %high {
  ^bb0(%a: tensor<4x8x!lowbit.unipolar<2>>):
    %b = lowbit.bitpack %a : (..) -> tensor<.., #lowbit.packed<..>>
    lowbit.yield %b : (..) -> ()
  }
  func.return
}
func.func @main(%x: memref<4x8xi8>, %z: memref<..>)
    attributes {lowbit.inputs = [tensor<..>], lowbit.outputs = [tensor<..>]} {
  %y = memref.alloc() {lowbit.holds = tensor<..>} : memref<..>
  lowbit.launch @main_0_bitpack(%x, %y : memref<4x8xi8>, memref<..>) extent 4
  ..
}

Weights are globals of the module. Constants that the loops of an operation depend on, as thresholds
are, stay in its body. The gaps of packed results are zeroed by a stage of their own. A value that
is returned without being computed, or twice, is copied.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NoReturn

from xdsl.context import Context
from xdsl.dialects import arith, func, memref
from xdsl.dialects.builtin import (
    ArrayAttr,
    Float32Type,
    Float64Type,
    FunctionType,
    IndexType,
    IntegerType,
    MemRefType,
    ModuleOp,
    NoneAttr,
    TensorType,
)
from xdsl.ir import Attribute, Block, Operation, Region, SSAValue
from xdsl.passes import ModulePass
from xdsl.utils.exceptions import VerifyException

from lowbit_dialect.codes import Code
from lowbit_dialect.layouts.packed import PackedAttr, storage_type
from lowbit_dialect.ops.base import static_shape
from lowbit_dialect.ops.compute import ComputeOp, LaunchOp
from lowbit_dialect.ops.copy import CopyOp, ZeroGapsOp
from lowbit_dialect.ops.kernel import KernelOp, YieldOp
from lowbit_dialect.ops.pack import ConstantOp
from lowbit_dialect.schedule import ScheduleAttr
from lowering.loops.contraction.padding_skip import reads_weights
from lowering.loops.lowerings import HOW_TO_ADD, lowering_of
from lowering.loops.stage import constant_image
from lowering.stages.gaps import leaves_gaps
from lowering.stages.interface import INPUTS, OUTPUTS
from lowering.support.diagnostics import fail
from lowering.support.functions import is_public
from lowering.support.globals import Globals
from lowering.support.symbol_names import why_not_name
from lowering.targets import Target, get_target

HOLDS = "lowbit.holds"
"""Attribute of an allocation: the type of the tensor that it is for."""

INTEGER_BITS = (1, 8, 16, 32, 64)
"""Widths of integers that arguments and results may have."""

_CONSTANTS = (ConstantOp, arith.ConstantOp)


def _check_interface(type_: Attribute, function: func.FuncOp) -> None:
    """Refuse arguments and results that have no memory of a known size, or no numpy dtype."""
    name = f"@{function.sym_name.data}"
    if not isinstance(type_, TensorType):
        fail(function, f"{name} takes and returns tensors, got {type_}")
    try:
        static_shape(type_, None, str(type_))
    except VerifyException as error:
        fail(function, f"{name}: {error}")
    element = type_.element_type
    is_integer = isinstance(element, IntegerType) and element.width.data in INTEGER_BITS
    if not (is_integer or isinstance(element, Code | IndexType | Float32Type | Float64Type)):
        fail(
            function,
            f"{name}: {type_} has elements of {element}; value codes, i1, i8, i16, i32, i64, index,"
            " f32 and f64 are allowed",
        )
    if not isinstance(type_.encoding, NoneAttr | PackedAttr):
        fail(function, f"{name}: {type_} may be encoded as #lowbit.packed only")


def _checked_block(function: func.FuncOp) -> tuple[Block, func.ReturnOp]:
    """The block of a function that can be bufferized, and its end."""
    reason = why_not_name(function.sym_name.data)
    if reason is not None:
        fail(function, f"it cannot have this name: {reason}")
    blocks = function.body.blocks
    end = blocks[0].last_op if len(blocks) == 1 else None
    if not isinstance(end, func.ReturnOp):
        fail(function, f"@{function.sym_name.data} must be one block that ends in func.return")
    for value in (*blocks[0].args, *end.operands):
        _check_interface(value.type, function)
    return blocks[0], end


class _Function:
    """A function while it is bufferized."""

    def __init__(self, function: func.FuncOp, module: ModuleOp, target: Target):
        self.function, self.target = function, target
        self.block, self.end = _checked_block(function)
        self.results: list[SSAValue] = list(self.end.operands)
        self.types = [v.type for v in (*self.block.args, *self.results)]
        self.globals = Globals(module, function.sym_name.data)
        storages = [storage_type(t) for t in self.types if isinstance(t, TensorType)]
        self.main = Block(arg_types=storages)
        inputs = len(self.block.args)
        self.outputs = self.main.args[inputs:]
        self.memory: dict[SSAValue, SSAValue] = dict(
            zip(self.block.args, self.main.args[:inputs], strict=True)
        )
        for old, new in self.memory.items():
            new.name_hint = old.name_hint
        self.stages: list[func.FuncOp] = []

    def run(self) -> list[func.FuncOp]:
        """The stages and the function that launches them."""
        copies: list[tuple[SSAValue, SSAValue]] = []
        for value, output in zip(self.results, self.outputs, strict=True):
            is_computed = isinstance(value.owner, Operation)
            is_computed = is_computed and not isinstance(value.owner, _CONSTANTS)
            if is_computed and value not in self.memory:
                self.memory[value] = output
            else:
                copies.append((value, output))
        self.end.detach()
        self.end.erase()
        for op in list(self.block.ops):
            if not isinstance(op, _CONSTANTS):
                self._operation(op)
        for value, output in copies:
            copy = CopyOp.get(value)
            copy.location = self.function.location
            self._stage(copy, output)
        end = func.ReturnOp()
        end.location = self.end.location
        self.main.add_op(end)
        inputs = len(self.block.args)
        main = func.FuncOp(
            self.function.sym_name.data,
            FunctionType.from_lists([a.type for a in self.main.args], []),
            Region(self.main),
            visibility=self.function.sym_visibility,
        )
        main.location = self.function.location
        main.attributes |= self.function.attributes
        main.attributes |= {
            INPUTS: ArrayAttr(self.types[:inputs]),
            OUTPUTS: ArrayAttr(self.types[inputs:]),
        }
        return [*self.stages, main]

    def _operation(self, op: Operation) -> None:
        """Make the stages of an operation of tensors."""
        if len(op.results) != 1:
            self._refuse(op)
        result, type_ = op.results[0], op.results[0].type
        if not isinstance(type_, TensorType):
            self._refuse(op)
        if result in self.memory:
            if leaves_gaps(type_):
                zero = ZeroGapsOp.get(type_)
                zero.location = op.location
                self._stage(zero, self.memory[result])
        else:
            alloc = memref.AllocOp([], [], storage_type(type_))
            alloc.attributes[HOLDS] = type_
            alloc.memref.name_hint = result.name_hint
            self._add(alloc, op)
            self.memory[result] = alloc.memref
        self._stage(op, self.memory[result])

    def _refuse(self, op: Operation) -> NoReturn:
        fail(
            op, f"nothing lowers it at the level of stages; run the passes before, or {HOW_TO_ADD}"
        )

    def _stage(self, op: Operation, output: SSAValue) -> None:
        """Make the function of an operation, and launch it."""
        lowering = lowering_of(op)
        if lowering is None:
            self._refuse(op)
        body = Block()
        constants: dict[SSAValue, SSAValue] = {}
        inner: dict[SSAValue, SSAValue] = {}
        kept = _read_by_loops(op)
        for user in op.walk():
            for k, value in enumerate(user.operands):
                if _is_inside(value, op):
                    continue
                if value not in inner and value not in constants:
                    owner = value.owner
                    if isinstance(owner, arith.ConstantOp) or value in kept:
                        assert isinstance(owner, Operation)
                        copy = owner.clone()
                        copy.location = owner.location
                        body.add_op(copy)
                        constants[value] = copy.results[0]
                    else:
                        inner[value] = body.insert_arg(value.type, len(body.args))
                user.operands[k] = constants[value] if value in constants else inner[value]
        memory = [*(self._memory_of(value, op) for value in inner), output]
        if op.parent is not None:
            op.detach()
        body.add_op(op)
        end = YieldOp.build_op([op.results[0]], [])
        end.location = op.location
        body.add_op(end)
        extent = lowering(op, self.target).extent
        name = self.globals.fresh(f"{len(self.stages)}_{op.name.rpartition('.')[2]}")
        self.stages.append(stage_function(name, [m.type for m in memory], body, op))
        self._add(LaunchOp(name, memory, extent), op)

    def _memory_of(self, value: SSAValue, op: Operation) -> SSAValue:
        """The memref that a value lies in."""
        if value not in self.memory:
            image = constant_image(value)
            if image is None or not isinstance(value.type, TensorType):
                fail(op, f"an operand is no tensor of this function: {value.type}")
            type_ = storage_type(value.type)
            get = memref.GetGlobalOp(self.globals.constant(image, type_, op.location), type_)
            self._add(get, op)
            self.memory[value] = get.memref
        return self.memory[value]

    def _add(self, new: Operation, op: Operation) -> None:
        new.location = op.location
        self.main.add_op(new)


def stage_function(
    name: str, types: Sequence[Attribute], body: Block, op: Operation
) -> func.FuncOp:
    """A private function with one `lowbit.compute`; the last of the memrefs is written."""
    block = Block(arg_types=[*types, IndexType(), IndexType()])
    *memory, low, high = block.args
    low.name_hint, high.name_hint = "low", "high"
    compute = ComputeOp(memory[:-1], memory[-1:], (low, high), Region(body))
    end = func.ReturnOp()
    block.add_ops([compute, end])
    function = func.FuncOp(
        name,
        FunctionType.from_lists([a.type for a in block.args], []),
        Region(block),
        visibility="private",
    )
    for new in (compute, end, function):
        new.location = op.location
    return function


def _is_inside(value: SSAValue, op: Operation) -> bool:
    """Whether a value is defined in a region of an operation."""
    owner = value.owner
    above = owner.parent_op() if isinstance(owner, Block) else owner
    return above is not None and op.is_ancestor(above) and value not in op.results


def _read_by_loops(op: Operation) -> Sequence[SSAValue]:
    """Low-bit constants whose numbers the loops of an operation depend on."""
    if not isinstance(op, KernelOp) or not isinstance(op.operands[1].owner, ConstantOp):
        return ()
    schedule = op.properties.get("schedule")
    is_read = isinstance(schedule, ScheduleAttr) and reads_weights(op, schedule)
    return (op.operands[1],) if is_read else ()


def _is_on_memory(function: func.FuncOp) -> bool:
    """Whether a function works on memory already: on memrefs, or called by functions that do."""
    types = (*function.function_type.inputs.data, *function.function_type.outputs.data)
    if any(isinstance(t, TensorType) for t in types):
        return False
    is_inner = len(types) > 0 and not is_public(function)
    return is_inner or any(isinstance(t, MemRefType) for t in types)


def bufferize(function: func.FuncOp, module: ModuleOp, target: Target) -> None:
    """Replace a function of tensors by its stages and the function that launches them."""
    for new in _Function(function, module, target).run():
        module.body.block.insert_op_before(new, function)
    function.detach()
    function.erase()


@dataclass(frozen=True)
class BufferizePass(ModulePass):
    """Turn every function of tensors into stages on memory, and a function that launches them."""

    name = "lowbit-bufferize"
    target: str = "host"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        """Bufferize all functions that have a body."""
        target = get_target(self.target)
        for function in list(op.body.block.ops):
            if not isinstance(function, func.FuncOp) or function.is_declaration:
                continue
            if not _is_on_memory(function):
                bufferize(function, op, target)
