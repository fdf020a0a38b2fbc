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
    IntegerAttr,
    MemRefType,
    ModuleOp,
    TensorType,
    i8,
    i64,
)
from xdsl.ir import Operation, SSAValue
from xdsl.passes import ModulePass

from lowbit_dialect.layout import byte_count, packed_layout
from lowbit_dialect.ops.base import code_of
from lowbit_dialect.ops.bitserial import BitserialConvOp, BitserialGemmOp
from lowbit_dialect.ops.correction import CorrectionOp
from lowbit_dialect.ops.dot import DotConvOp, DotGemmOp
from lowbit_dialect.ops.elementwise import AddOp, DequantizeOp, QuantizeOp
from lowbit_dialect.ops.glue import FusedGlueOp
from lowbit_dialect.ops.pack import BitpackOp, ConstantOp, UnpackOp
from lowbit_dialect.ops.pool import MaxPool2DOp
from lowering.loops.buffers import Buffers
from lowering.loops.contraction import lower_contraction
from lowering.loops.correction import lower_correction
from lowering.loops.elementwise import (
    lower_add,
    lower_dequantize,
    lower_glue,
    lower_quantize,
)
from lowering.loops.layout_stages import lower_bitpack, lower_unpack
from lowering.loops.pool import lower_max_pool
from lowering.loops.stage import FunctionLowering, Stage
from lowering.opt.diagnostics import fail
from lowering.targets import Target, get_target

LOWERINGS: dict[type[Operation], Callable[[Any, FunctionLowering], None]] = {
    AddOp: lower_add,
    BitpackOp: lower_bitpack,
    BitserialConvOp: lower_contraction,
    BitserialGemmOp: lower_contraction,
    CorrectionOp: lower_correction,
    DequantizeOp: lower_dequantize,
    DotConvOp: lower_contraction,
    DotGemmOp: lower_contraction,
    FusedGlueOp: lower_glue,
    MaxPool2DOp: lower_max_pool,
    QuantizeOp: lower_quantize,
    UnpackOp: lower_unpack,
}

CONSTANTS = (ConstantOp, arith.ConstantOp)


def leaves_gaps(type_: TensorType) -> bool:
    """Whether some bytes of a packed tensor belong to no element, in a frame or a ragged tail."""
    layout = packed_layout(type_)
    if layout is None:
        return False
    bits = 8 if layout.bytes.data else code_of(type_, "tensor").width
    elements = 1
    for extent in type_.get_shape():
        elements *= extent
    return byte_count(type_) * 8 != elements * bits


def _zero_stage(value: SSAValue, lowering: FunctionLowering) -> None:
    """Zero an output whose gaps nobody else writes."""
    assert isinstance(value.type, TensorType)
    count = byte_count(value.type)

    def body(stage: Stage, low: SSAValue, high: SSAValue) -> None:
        emit = stage.emit
        memory = stage.memory(value, MemRefType(i8, [count]))
        emit.loop(low, high, lambda i: emit.store(emit.constant(0, i8), memory, [i]))

    lowering.stage("zero", count, body)


def _copy_stage(source: SSAValue, result: SSAValue, lowering: FunctionLowering) -> None:
    """Copy a tensor that is returned but not computed here, or returned twice."""
    assert isinstance(source.type, TensorType)
    count = byte_count(source.type)

    def body(stage: Stage, low: SSAValue, high: SSAValue) -> None:
        emit = stage.emit
        data = stage.memory(source, MemRefType(i8, [count]))
        target = stage.memory(result, MemRefType(i8, [count]))
        emit.loop(low, high, lambda i: emit.store(emit.load(data, [i]), target, [i]))

    lowering.stage("copy", count, body)


def lower_function(function: func.FuncOp, module: ModuleOp, target: Target) -> None:
    """Replace a function of tensors by its stages and the function that calls them."""
    block = function.body.block
    end = block.last_op
    if len(function.body.blocks) != 1 or not isinstance(end, func.ReturnOp):
        fail(function, f"@{function.sym_name.data} must be one block that ends in func.return")
    for value in (*block.args, *end.operands):
        if not isinstance(value.type, TensorType):
            fail(function, f"@{function.sym_name.data} takes and returns tensors, got {value.type}")
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
        lower = LOWERINGS.get(type(op))
        if lower is None:
            fail(op, "has no lowering to loops; run the passes before this one")
        result = op.results[0]
        in_output = buffers.place(result).argument != buffers.workspace_argument
        if in_output and leaves_gaps(result.type):  # pyright: ignore
            _zero_stage(result, lowering)
        lower(op, lowering)
    for value, index in copies:
        # A value of its own to stand for the output.
        stand_in = ConstantOp.from_image(b"", value.type)  # pyright: ignore
        buffers.output(stand_in.result, index)
        lowering.outputs.add(stand_in.result)
        _copy_stage(value, stand_in.result, lowering)
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
