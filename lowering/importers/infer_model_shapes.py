"""`lowbit-infer-model-shapes`: every value of a model gets an element type and a shape.

%y = qonnx.node "MatMul"(%x, %w) : (tensor<?x784xf32>, tensor<784x64xf32>) -> !qonnx.unknown
->
%y = qonnx.node "MatMul"(%x, %w) : (tensor<8x784xf32>, tensor<784x64xf32>) -> tensor<8x64xf32>
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from xdsl.context import Context
from xdsl.dialects import func
from xdsl.dialects.builtin import DYNAMIC_INDEX, ModuleOp, TensorType, f32
from xdsl.ir import SSAValue
from xdsl.passes import ModulePass
from xdsl.rewriter import Rewriter
from xdsl.utils.exceptions import PassFailedException

from lowbit_dialect.qonnx import NodeOp
from lowering.importers.evaluate import Constants
from lowering.importers.import_onnx import INPUT_NAMES, names_of
from lowering.importers.shape_functions import result_types


def infer_shapes(
    function: func.FuncOp, batch: int = 0, shapes: Mapping[str, Sequence[int]] | None = None
) -> None:
    """Give every value of a function its type.

    Args:
        function: is changed.
        batch: the first extent of the inputs, or 0 for what the model says, and 1 where it does
            not.
        shapes: of inputs, by name.

    Raises:
        PassFailedException: shapes do not fit each other; the message names the node.
    """
    shapes = shapes or {}
    names = names_of(function, INPUT_NAMES)
    for i, argument in enumerate(function.body.block.args):
        name = names[i] if i < len(names) else str(i)
        _set_type(argument, _input_type(argument, name, batch, shapes.get(name)))
    constants = Constants()
    for op in function.body.block.ops:
        if isinstance(op, NodeOp):
            for value, type_ in zip(op.outputs, result_types(op, constants), strict=True):
                _set_type(value, type_)
    function.update_function_type()


def _set_type(value: SSAValue, type_: TensorType) -> None:
    if value.type != type_:
        Rewriter.replace_value_with_new_type(value, type_)


def _input_type(value: SSAValue, name: str, batch: int, given: Sequence[int] | None) -> TensorType:
    type_ = value.type
    if not isinstance(type_, TensorType):
        if given is None:
            raise PassFailedException(f"input {name!r} has no shape: give one")
        return TensorType(f32, given)
    shape = list(type_.get_shape())
    if given is not None:
        if len(given) != len(shape) or any(
            own not in (DYNAMIC_INDEX, new) for own, new in zip(shape[1:], given[1:], strict=True)
        ):
            raise PassFailedException(
                f"input {name!r} has shape {shape_text(shape)}, got {list(given)}"
            )
        return TensorType(type_.element_type, given)
    if batch and shape:
        shape[0] = batch
    elif shape and shape[0] == DYNAMIC_INDEX:
        shape[0] = 1
    if DYNAMIC_INDEX in shape:
        raise PassFailedException(
            f"input {name!r} has shape {shape_text(shape)}: its extents are not known"
        )
    return TensorType(type_.element_type, shape)


def shape_text(shape: Sequence[int]) -> str:
    """A shape as messages write it: `?x28x28`."""
    return "x".join("?" if extent == DYNAMIC_INDEX else str(extent) for extent in shape)


@dataclass(frozen=True)
class InferModelShapesPass(ModulePass):
    """Find the types of all values; `batch` is the first extent of the inputs."""

    name = "lowbit-infer-model-shapes"
    batch: int = 0

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        """Apply to each function."""
        for function in op.body.ops:
            if isinstance(function, func.FuncOp):
                infer_shapes(function, self.batch)
