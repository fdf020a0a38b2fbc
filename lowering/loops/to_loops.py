"""`lowbit-to-loops`: functions of tensors become functions of byte buffers, made of loops.

func.func @main(%x: tensor<..>) -> tensor<..> { .. }
->
func.func @main_0_bitpack(%x: memref<Nxi8>, %y, %workspace, %low, %high) { scf.for .. }
func.func @main(%x: memref<Nxi8>, %y: memref<Mxi8>, %workspace: memref<Wxi8>)
    attributes {lowbit.inputs = [tensor<..>], lowbit.outputs = [..], lowbit.stages = {..}}
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from xdsl.context import Context
from xdsl.dialects import arith, func
from xdsl.dialects.builtin import (
    ArrayAttr,
    DictionaryAttr,
    Float32Type,
    Float64Type,
    IndexType,
    IntegerAttr,
    IntegerType,
    ModuleOp,
    TensorType,
    i64,
)
from xdsl.ir import Attribute, Operation
from xdsl.passes import ModulePass
from xdsl.utils.exceptions import VerifyException

from lowbit_dialect.codes import Code
from lowbit_dialect.extensions import note_shipped
from lowbit_dialect.layout import byte_count, packed_layout
from lowbit_dialect.ops.base import code_of, static_shape
from lowbit_dialect.ops.cast import CastOp
from lowbit_dialect.ops.correction import CorrectionOp
from lowbit_dialect.ops.elementwise import AddOp, DequantizeOp, QuantizeOp
from lowbit_dialect.ops.glue import FusedGlueOp
from lowbit_dialect.ops.kernel import KernelOp
from lowbit_dialect.ops.pack import BitpackOp, ConstantOp, UnpackOp
from lowbit_dialect.ops.pool import AvgPool2DOp, MaxPool2DOp
from lowbit_dialect.ops.reshape import ReshapeOp
from lowering.loops.avg_pool import lower_avg_pool
from lowering.loops.buffers import Buffers
from lowering.loops.cast import lower_cast
from lowering.loops.correction import lower_correction
from lowering.loops.elementwise import (
    lower_add,
    lower_dequantize,
    lower_glue,
    lower_quantize,
)
from lowering.loops.fill_and_copy import lower_copy, lower_zero
from lowering.loops.layout_stages import lower_bitpack, lower_unpack
from lowering.loops.pool import lower_max_pool
from lowering.loops.stage import FunctionLowering
from lowering.opt.diagnostics import fail
from lowering.strategies import strategy_of
from lowering.symbol_names import why_not_name
from lowering.targets import Target, get_target

LOWERINGS: dict[type[Operation], Callable[[Any, FunctionLowering], None]] = {
    AddOp: lower_add,
    AvgPool2DOp: lower_avg_pool,
    BitpackOp: lower_bitpack,
    CastOp: lower_cast,
    CorrectionOp: lower_correction,
    DequantizeOp: lower_dequantize,
    FusedGlueOp: lower_glue,
    MaxPool2DOp: lower_max_pool,
    QuantizeOp: lower_quantize,
    ReshapeOp: lambda op, lowering: lower_copy(op.x, op.result, lowering),
    UnpackOp: lower_unpack,
}
note_shipped(LOWERINGS)


def _lowering_of(op: Operation) -> Callable[[Any, FunctionLowering], None] | None:
    """What lowers an operation: its strategy, where it is a kernel."""
    return strategy_of(op).lower if isinstance(op, KernelOp) else LOWERINGS.get(type(op))


CONSTANTS = (ConstantOp, arith.ConstantOp)

INTEGER_BITS = (1, 8, 16, 32, 64)
"""Widths of integers that arguments and results may have."""


def leaves_gaps(type_: TensorType) -> bool:
    """Whether some bytes of a packed tensor belong to no element, in a frame or a ragged tail."""
    layout = packed_layout(type_)
    if layout is None:
        return False
    if len(layout.index):
        return True
    bits = layout.bits.data if layout.bytes.data else code_of(type_, "tensor").width
    elements = 1
    for extent in type_.get_shape():
        elements *= extent
    return byte_count(type_) * 8 != elements * bits


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


def lower_function(function: func.FuncOp, module: ModuleOp, target: Target) -> None:
    """Replace a function of tensors by its stages and the function that calls them."""
    reason = why_not_name(function.sym_name.data)
    if reason is not None:
        fail(function, f"it cannot have this name: {reason}")
    blocks = function.body.blocks
    end = blocks[0].last_op if len(blocks) == 1 else None
    if not isinstance(end, func.ReturnOp):
        fail(function, f"@{function.sym_name.data} must be one block that ends in func.return")
    block = blocks[0]
    for value in (*block.args, *end.operands):
        _check_interface(value.type, function)
    result_types: list[TensorType] = [v.type for v in end.operands]  # pyright: ignore
    buffers = Buffers(function, result_types)
    lowering = FunctionLowering(module, function.sym_name.data, buffers, target)
    copies = []
    for index, value in enumerate(end.operands):
        is_computed = isinstance(value.owner, Operation) and not isinstance(value.owner, CONSTANTS)
        if is_computed and value not in buffers.places:
            buffers.output(value, index)
        else:
            copies.append((value, index))
    for op in block.ops:
        if op is end or isinstance(op, CONSTANTS):
            continue
        lower = _lowering_of(op)
        if lower is None:
            fail(op, "has no lowering to loops; run the passes before this one")
        result = op.results[0]
        in_output = buffers.place(result).argument != buffers.workspace_argument
        if in_output and leaves_gaps(result.type):  # pyright: ignore
            lower_zero(result, lowering)
        lower(op, lowering)
    for value, index in copies:
        # A value of its own to stand for the output.
        stand_in = ConstantOp.from_image(b"", value.type)  # pyright: ignore
        buffers.output(stand_in.result, index)
        lowering.outputs.add(stand_in.result)
        lower_copy(value, stand_in.result, lowering)
    functions = lowering.finish()
    main = functions[-1]
    main.attributes |= {
        "lowbit.inputs": ArrayAttr([a.type for a in block.args]),
        "lowbit.outputs": ArrayAttr(result_types),
        "lowbit.workspace": IntegerAttr(buffers.workspace_bytes, i64),
        "lowbit.stages": DictionaryAttr(
            {name: IntegerAttr(extent, i64) for name, extent, _ in lowering.stages}
        ),
    }
    for new in functions:
        new.location = function.location
        module.body.block.insert_op_before(new, function)
    function.detach()
    function.erase()


@dataclass(frozen=True)
class ToLoopsPass(ModulePass):
    """Lower every function of tensors to loops over buffers."""

    name = "lowbit-to-loops"
    target: str = "host"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        """Lower all functions that have a body."""
        target = get_target(self.target)
        for function in list(op.body.block.ops):
            if isinstance(function, func.FuncOp) and not function.is_declaration:
                lower_function(function, op, target)
