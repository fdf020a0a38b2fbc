"""`lowbit-fold-model-constants`: nodes whose results are constants become these.

%s = qonnx.node "Shape"(%x) : (tensor<1x16x4x4xf32>) -> tensor<4xi64>
%n = qonnx.node "Gather"(%s, %zero) : (tensor<4xi64>, tensor<i64>) -> tensor<i64>
->
%n = qonnx.constant dense<1> : tensor<i64>
"""

from __future__ import annotations

from dataclasses import dataclass

from xdsl.context import Context
from xdsl.dialects import func
from xdsl.dialects.builtin import ModuleOp
from xdsl.passes import ModulePass
from xdsl.rewriter import Rewriter

from lowbit_dialect.qonnx import DTYPES, AbsentOp, ConstantOp, NodeOp
from lowering.importers.evaluate import Constants


def fold_constants(function: func.FuncOp) -> None:
    """Replace what can be computed.

    Quantisers of constants stay: they say which integers stand for the weights.
    """
    constants = Constants()
    for op in list(function.body.block.ops):
        if isinstance(op, NodeOp) and len(op.outputs) == 1:
            array = constants.of(op.outputs[0])
            if array is None or array.dtype not in DTYPES:
                continue
            folded = ConstantOp.get(array, op.label.data if op.label is not None else None)
            if folded.result.type == op.outputs[0].type:
                Rewriter.replace_op(op, folded)
    for op in reversed(list(function.body.block.ops)):
        if isinstance(op, NodeOp | ConstantOp | AbsentOp) and not any(
            result.uses for result in op.results
        ):
            Rewriter.erase_op(op)


@dataclass(frozen=True)
class FoldModelConstantsPass(ModulePass):
    """Compute constants, and remove what is used nowhere."""

    name = "lowbit-fold-model-constants"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        """Apply to each function."""
        for function in op.body.ops:
            if isinstance(function, func.FuncOp):
                fold_constants(function)
