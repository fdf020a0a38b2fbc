"""`lowbit-model-to-integers`: a model becomes operations of `lowbit`, of integers where it can.

%q = qonnx.node "Quant"(%y, %scale, %zero, %bits) : (tensor<1x64xf32>, ..) -> tensor<1x64xf32>
->
%q = lowbit.fused_glue %acc, %t form threshold
  : (tensor<1x64xi32>, tensor<64x3xi32>) -> tensor<1x64x!lowbit.signed<2>>
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from xdsl.context import Context
from xdsl.dialects import func
from xdsl.dialects.builtin import IntegerType, ModuleOp, TensorType
from xdsl.ir import Block, Region, SSAValue
from xdsl.passes import ModulePass
from xdsl.rewriter import Rewriter
from xdsl.utils.exceptions import PassFailedException

from lowbit_dialect.onnx_operators import QUANTIZERS
from lowbit_dialect.qonnx import NodeOp
from lowering.importers import (  # noqa: F401
    convert_arithmetic,
    convert_contractions,
    convert_movement,
    convert_pointwise,
    convert_qlinear,
    convert_windows,
)
from lowering.importers.conversion import Conversion, convert
from lowering.importers.convert_pointwise import integer_range
from lowering.importers.emitter import Emitter, Record
from lowering.importers.import_onnx import INPUT_NAMES, OUTPUT_NAMES
from lowering.importers.values import Value, code_for


@dataclass(frozen=True)
class Converted:
    """A function in the `lowbit` dialect, and what became of its nodes."""

    function: func.FuncOp
    records: tuple[Record, ...]
    quantizers: tuple[tuple[str, Value], ...] = ()
    """The integers of each quantiser, by the name of the node, where asked: results behind those of
    the model, in their order, and arrays where they are constant."""


def convert_function(
    function: func.FuncOp,
    pools: Mapping[NodeOp, NodeOp] | None = None,
    *,
    with_quantizers: bool = False,
) -> Converted:
    """Convert a function whose values have types.

    Args:
        function: of an imported module; it stays as it is.
        pools: nodes that give what a quantiser gave in the model, see `sink_max_pools`.
        with_quantizers: whether the integers of every quantiser are results, too.

    Raises:
        PassFailedException: a node cannot be converted; the message names it.
    """
    pools = pools or {}
    source = function.body.block
    block = Block(arg_types=[_interface(value.type) for value in source.args])
    conversion = Conversion(Emitter(block))
    for given, argument in zip(source.args, block.args, strict=True):
        conversion.values[given] = Value(argument)
    quantizers: list[tuple[str, Value]] = []
    results: list[SSAValue] = []
    for op in source.ops:
        if isinstance(op, NodeOp):
            convert(conversion, op)
            quantizer = pools.get(op, op)
            is_shown = quantizer.operator.data in QUANTIZERS and op not in pools.values()
            if with_quantizers and is_shown:
                _note_quantizer(conversion, op, quantizer, quantizers)
        elif isinstance(op, func.ReturnOp):
            results = [_result(conversion, value) for value in op.operands]
    extra = [v.data for _, v in quantizers if isinstance(v.data, SSAValue)]
    conversion.emitter.insert_last(func.ReturnOp(*results, *extra))
    types = [arg.type for arg in block.args], [value.type for value in [*results, *extra]]
    made = func.FuncOp(function.sym_name.data, types, Region(block))
    for name in (INPUT_NAMES, OUTPUT_NAMES):
        if name in function.attributes:
            made.attributes[name] = function.attributes[name]
    return Converted(made, tuple(conversion.emitter.records), tuple(quantizers))


def _interface(type_) -> TensorType:
    """The type of an argument: floats, or the integers of a code."""
    assert isinstance(type_, TensorType)
    element = type_.element_type
    if isinstance(element, IntegerType):
        ends = integer_range(element)
        code = code_for(int(ends.low[0]), int(ends.high[0]))
        if code is None:
            raise PassFailedException(f"inputs of {element} are not supported")
        return TensorType(code, type_.get_shape())
    return type_


def _note_quantizer(
    conversion: Conversion, node: NodeOp, quantizer: NodeOp, quantizers: list[tuple[str, Value]]
) -> None:
    value = conversion.values[node.outputs[0]]
    found = conversion.extract(value)
    if isinstance(found, Value):
        label = quantizer.label.data if quantizer.label is not None else ""
        quantizers.append((label, found))


def _result(conversion: Conversion, value: SSAValue) -> SSAValue:
    """A result: floats as f32, integers as those of a code."""
    found = conversion.of(value)
    assert isinstance(value.type, TensorType)
    if isinstance(value.type.element_type, IntegerType):
        if isinstance(found.data, SSAValue) and not found.chain.steps and not found.has_floats:
            return found.data
        integers = conversion.extract(found)
        if isinstance(integers, Value) and isinstance(integers.data, SSAValue):
            tail = integers.chain.affine
            if tail is not None and (tail.scale == 1).all() and (tail.offset == 0).all():
                return integers.data
    return conversion.floats_of(found)


@dataclass(frozen=True)
class ModelToIntegersPass(ModulePass):
    """Convert every function; shapes must be known (`lowbit-infer-model-shapes`)."""

    name = "lowbit-model-to-integers"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        """Apply to each function of the `qonnx` dialect."""
        for function in list(op.body.ops):
            if isinstance(function, func.FuncOp) and any(
                isinstance(inner, NodeOp) for inner in function.walk()
            ):
                Rewriter.replace_op(function, convert_function(function).function, [])
