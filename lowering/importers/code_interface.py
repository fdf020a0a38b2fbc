"""`lowbit-code-interface`: a model takes and gives the integers of its quantisers, not floats.

func.func @main(%x: tensor<1x64xf32>) -> tensor<1x10xf32> {
  %k = lowbit.sort_key %x
  %q = lowbit.fused_glue %k, %t form threshold
  ..
  %y = lowbit.dequantize %acc scale [0.25]
  func.return %y
->
func.func @main(%q: tensor<1x64x!lowbit.signed<4>>) -> tensor<1x10xi32> {
  ..
  func.return %acc

An input that is read by anything but one quantiser stays as it is, and so does a result that is not
of integers with a scale for all channels.
"""

from __future__ import annotations

from dataclasses import dataclass

from xdsl.context import Context
from xdsl.dialects import func
from xdsl.dialects.builtin import ModuleOp, TensorType
from xdsl.ir import BlockArgument, Operation, SSAValue
from xdsl.passes import ModulePass
from xdsl.rewriter import Rewriter

from lowbit_dialect.ops.elementwise import DequantizeOp
from lowbit_dialect.ops.floats import AffineOp
from lowbit_dialect.ops.glue import FusedGlueOp
from lowbit_dialect.ops.reshape import ReshapeOp
from lowbit_dialect.ops.sort_key import SortKeyOp


def use_codes(function: func.FuncOp) -> None:
    """Change the types of a function's inputs and results where that is possible."""
    for argument in list(function.body.block.args):
        _take_codes(argument)
    end = function.body.block.last_op
    assert isinstance(end, func.ReturnOp)
    for index, value in enumerate(end.operands):
        end.operands[index] = _integers_of(value)
    for op in reversed(list(function.body.block.ops)):
        if isinstance(op, AffineOp | DequantizeOp) and not op.result.uses:
            Rewriter.erase_op(op)
    function.update_function_type()


def _only_reader(value: SSAValue) -> Operation | None:
    uses = list(value.uses)
    return uses[0].operation if len(uses) == 1 else None


def _take_codes(argument: BlockArgument) -> None:
    """Let an argument hold what its quantiser gives; reshapes ahead of it stay."""
    reshapes: list[ReshapeOp] = []
    reader = _only_reader(argument)
    while isinstance(reader, ReshapeOp):
        reshapes.append(reader)
        reader = _only_reader(reader.result)
    if not isinstance(reader, SortKeyOp):
        return
    glue = _only_reader(reader.result)
    if not isinstance(glue, FusedGlueOp):
        return
    code = glue.result.type.element_type
    source = reader.x
    assert isinstance(argument.type, TensorType)
    new = Rewriter.replace_value_with_new_type(
        argument, TensorType(code, argument.type.get_shape())
    )
    for reshape in reshapes:
        source = Rewriter.replace_value_with_new_type(
            reshape.result, TensorType(code, reshape.result.type.get_shape())
        )
    glue.result.replace_all_uses_with(source if reshapes else new)
    Rewriter.erase_op(glue)
    Rewriter.erase_op(reader)


def _integers_of(value: SSAValue) -> SSAValue:
    """The integers that a result is made of, where they have one scale and offset."""
    source = value
    while isinstance(source.owner, AffineOp) and source.owner.is_uniform:
        source = source.owner.x
    if isinstance(source.owner, DequantizeOp) and source.owner.is_uniform:
        return source.owner.x
    return value


@dataclass(frozen=True)
class CodeInterfacePass(ModulePass):
    """Change the interface of every function."""

    name = "lowbit-code-interface"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        """Apply to each function."""
        for function in op.body.ops:
            if isinstance(function, func.FuncOp):
                use_codes(function)
