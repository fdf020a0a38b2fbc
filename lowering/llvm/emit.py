"""From LLVM's dialect to the text of LLVM IR, through llvmlite's builder.

xDSL converts single operations well; this adds what its module conversion drops: linkage,
attributes of functions, alignment of globals, and the operations of `llvmx`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from llvmlite import ir
from llvmlite.ir.instructions import CallInstr
from llvmlite.ir.values import ArgumentAttributes
from xdsl.backend.llvm.convert_op import convert_op, create_constant
from xdsl.backend.llvm.convert_type import convert_type
from xdsl.dialects import llvm
from xdsl.dialects.builtin import (
    DenseIntOrFPElementsAttr,
    IntegerAttr,
    IntegerType,
    ModuleOp,
)
from xdsl.ir import Attribute, Block, Operation, SSAValue
from xdsl.utils.exceptions import DiagnosticException

from lowbit_dialect import llvmx
from lowering.llvm.types import intrinsic_suffix
from lowering.targets import Target

_FLAGS = {
    "llvm.noalias": "noalias",
    "llvm.nocapture": "captures(none)",
    "llvm.nonnull": "nonnull",
    "llvm.noundef": "noundef",
}
_NUMBERS = {"llvm.align": "align", "llvm.dereferenceable": "dereferenceable"}

_FUNCTION_ATTRIBUTES = (
    "nounwind",
    # Loops that look like memset or memcpy stay loops: a kernel has to link without a libc.
    '"no-builtins"',
    # A stage is code of its own for threads to call; a copy of it in its caller saves nothing.
    "noinline",
    '"frame-pointer"="none"',
)

Values = dict[SSAValue, Any]
"""From values to llvmlite's, whose base class declares neither types nor names."""

Emitter = Callable[[Any, ir.IRBuilder, Values], None]


class _Literal(ir.Constant):
    """A value given by its text, for forms that llvmlite does not write."""

    def __init__(self, type: ir.Type, text: str):
        self.type = type
        self.constant = text

    def get_reference(self) -> str:
        """The text."""
        return self.constant


def _opaque(pointer: Any) -> _Literal:
    """A pointer without a type behind it; llvmlite gives typed ones to buffers and globals."""
    return _Literal(ir.PointerType(), pointer.get_reference())


def _constant(op: llvm.ConstantOp, builder: ir.IRBuilder, values: Values) -> None:
    """A vector with one value in all lanes is written once, not lane by lane."""
    type, value = convert_type(op.result.type), op.value
    if isinstance(value, DenseIntOrFPElementsAttr) and isinstance(type, ir.VectorType):
        lanes = set(value.iter_values())
        if len(lanes) == 1:
            lane = ir.Constant(type.element, lanes.pop())
            values[op.result] = _Literal(type, f"splat ({lane})")
            return
    values[op.result] = create_constant(op.result.type, value)


def _undefined(op: llvm.UndefOp, builder: ir.IRBuilder, values: Values) -> None:
    values[op.res] = _Literal(convert_type(op.res.type), "undef")


def _gep(op: llvm.GEPOp, builder: ir.IRBuilder, values: Values) -> None:
    dynamic = iter(op.ssa_indices)
    indices = [
        values[next(dynamic)]
        if index == llvm.GEP_USE_SSA_VAL
        else ir.Constant(ir.IntType(32), index)
        for index in op.rawConstantIndices.iter_values()
    ]
    values[op.result] = builder.gep(
        values[op.ptr],
        indices,
        inbounds=op.inbounds is not None,
        source_etype=convert_type(op.elem_type),
    )


def _alloca(op: llvm.AllocaOp, builder: ir.IRBuilder, values: Values) -> None:
    slot: Any = builder.alloca(convert_type(op.elem_type), size=values[op.size])
    if op.alignment is not None:
        slot.align = op.alignment.value.data
    values[op.res] = _opaque(slot)


def _address_of(op: llvm.AddressOfOp, builder: ir.IRBuilder, values: Values) -> None:
    values[op.result] = _opaque(builder.module.get_global(op.global_name.root_reference.data))


def _extract_element(op: llvmx.ExtractElementOp, builder: ir.IRBuilder, values: Values) -> None:
    values[op.result] = builder.extract_element(values[op.vector], values[op.index])


def _select(op: llvmx.SelectOp, builder: ir.IRBuilder, values: Values) -> None:
    values[op.result] = builder.select(values[op.mask], values[op.a], values[op.b])


_COMPARISONS = {"eq": "==", "ne": "!=", "lt": "<", "le": "<=", "gt": ">", "ge": ">="}


def _fcmp(op: llvmx.FCmpOp, builder: ir.IRBuilder, values: Values) -> None:
    predicate = op.predicate.data.value
    compare = builder.fcmp_ordered if predicate.startswith("o") else builder.fcmp_unordered
    symbol = _COMPARISONS.get(predicate[1:], predicate)
    values[op.result] = compare(symbol, values[op.a], values[op.b])


def _cast(op: llvmx.CastOp, builder: ir.IRBuilder, values: Values) -> None:
    cast = getattr(builder, op.kind.data.value)
    values[op.result] = cast(values[op.source], convert_type(op.result.type))


def _declare(module: ir.Module, name: str, type: ir.FunctionType) -> ir.Function:
    known = module.globals.get(name)
    return known if isinstance(known, ir.Function) else ir.Function(module, type, name)


def _align(call: CallInstr, argument: int, alignment: IntegerAttr) -> None:
    attributes = ArgumentAttributes()
    attributes.align = alignment.value.data
    call.arg_attributes[argument] = attributes


def _masked_load(op: llvmx.MaskedLoadOp, builder: ir.IRBuilder, values: Values) -> None:
    operands = [values[op.pointer], values[op.mask], values[op.passthru]]
    type = ir.FunctionType(operands[2].type, [operand.type for operand in operands])
    name = f"llvm.masked.load.{intrinsic_suffix(op.result.type)}.p0"
    call = builder.call(_declare(builder.module, name, type), operands)
    _align(call, 0, op.alignment)
    values[op.result] = call


def _masked_store(op: llvmx.MaskedStoreOp, builder: ir.IRBuilder, values: Values) -> None:
    operands = [values[op.value], values[op.pointer], values[op.mask]]
    type = ir.FunctionType(ir.VoidType(), [operand.type for operand in operands])
    name = f"llvm.masked.store.{intrinsic_suffix(op.value.type)}.p0"
    _align(builder.call(_declare(builder.module, name, type), operands), 1, op.alignment)


_EMITTERS: dict[type[Operation], Emitter] = {
    llvm.ConstantOp: _constant,
    llvm.UndefOp: _undefined,
    llvm.AllocaOp: _alloca,
    llvm.AddressOfOp: _address_of,
    llvm.GEPOp: _gep,
    llvmx.ExtractElementOp: _extract_element,
    llvmx.SelectOp: _select,
    llvmx.FCmpOp: _fcmp,
    llvmx.CastOp: _cast,
    llvmx.MaskedLoadOp: _masked_load,
    llvmx.MaskedStoreOp: _masked_store,
}


def _emit_global(op: llvm.GlobalOp, module: ir.Module) -> None:
    """A global as the bytes of its elements, which is a tenth of the text of a list of numbers."""
    value = op.value
    if value is not None and not isinstance(value, DenseIntOrFPElementsAttr):
        raise DiagnosticException(
            f"the global @{op.sym_name.data} has the value {value}: expected dense elements"
        )
    size = _bytes_of(op.global_type)
    type = ir.ArrayType(ir.IntType(8), size)
    content = None
    if value is not None:
        data = value.data.data
        content = bytearray(data * (size // max(len(data), 1)))
    # llvmlite declares its attributes as None, whatever they hold later.
    variable: Any = ir.GlobalVariable(module, type, op.sym_name.data)
    variable.linkage = _linkage(op)
    variable.global_constant = op.constant is not None
    variable.initializer = ir.Constant(type, content)
    if op.alignment is not None:
        variable.align = op.alignment.value.data


def _linkage(op: llvm.GlobalOp | llvm.FuncOp) -> str:
    """The linkage of a definition; LLVM writes `external` for declarations only."""
    linkage = op.linkage.linkage.data
    return "" if linkage == "external" else linkage


def _bytes_of(type: Attribute) -> int:
    """Bytes of an array of integers or floats, as `lowbit-to-llvm` makes them."""
    if isinstance(type, llvm.LLVMArrayType):
        return type.size.data * _bytes_of(type.type)
    if isinstance(type, IntegerType):
        return type.width.data // 8
    return type.bitwidth // 8  # type: ignore[attr-defined]


def _declare_function(op: llvm.FuncOp, module: ir.Module) -> ir.Function:
    inputs = [convert_type(t) for t in op.function_type.inputs]
    function = ir.Function(
        module,
        ir.FunctionType(convert_type(op.function_type.output), inputs),
        name=op.sym_name.data,
    )
    if op.body.blocks:
        function.linkage = _linkage(op)
        # llvmlite checks names against a list that lacks the quoted ones.
        for attribute in _FUNCTION_ATTRIBUTES:
            set.add(function.attributes, attribute)
    for argument, attributes in zip(function.args, op.arg_attrs or (), strict=False):
        for name, value in attributes.data.items():
            if name in _FLAGS:
                argument.add_attribute(_FLAGS[name])
            elif name in _NUMBERS and isinstance(value, IntegerAttr):
                setattr(argument.attributes, _NUMBERS[name], value.value.data)
    return function


def _emit_body(op: llvm.FuncOp, function: ir.Function) -> None:
    blocks: dict[Block, ir.Block] = {}
    values: Values = {}
    for number, block in enumerate(op.body.blocks):
        blocks[block] = target = function.append_basic_block(f"b{number}")
        if number == 0:
            values.update(zip(block.args, function.args, strict=True))
            continue
        builder = ir.IRBuilder(target)
        for argument in block.args:
            values[argument] = builder.phi(convert_type(argument.type))
    for block, target in blocks.items():
        builder = ir.IRBuilder(target)
        for inner in block.ops:
            emitter = _EMITTERS.get(type(inner))
            if emitter is not None:
                emitter(inner, builder, values)
            else:
                convert_op(inner, builder, values, blocks)


def module_to_llvm_ir(module: ModuleOp, target: Target) -> str:
    """The text of LLVM IR for a module of LLVM functions and globals.

    Raises:
        DiagnosticException: if there is anything else in it.
    """
    result = ir.Module()
    result.triple = target.triple
    functions: list[tuple[llvm.FuncOp, ir.Function]] = []
    for op in module.body.block.ops:
        if isinstance(op, llvm.GlobalOp):
            _emit_global(op, result)
        elif isinstance(op, llvm.FuncOp):
            functions.append((op, _declare_function(op, result)))
        else:
            raise DiagnosticException(
                f"'{op.name}' is not LLVM's: expected functions and globals after lowbit-to-llvm"
            )
    for op, function in functions:
        if op.body.blocks:
            _emit_body(op, function)
    return str(result)
