"""`lowbit-fold-tensors`: what can be computed at compile time is."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from xdsl.context import Context
from xdsl.dialects import arith
from xdsl.dialects.builtin import (
    BytesAttr,
    DenseIntOrFPElementsAttr,
    ModuleOp,
    TensorType,
    f32,
)
from xdsl.ir import Operation, SSAValue
from xdsl.passes import ModulePass
from xdsl.pattern_rewriter import (
    PatternRewriter,
    RewritePattern,
)

from lowbit_dialect.codes import Code
from lowbit_dialect.constants import constant_tensor, constant_values
from lowbit_dialect.layouts.packed import packed_layout
from lowbit_dialect.ops.base import TensorOp
from lowbit_dialect.ops.pack import ConstantOp, UnpackOp
from lowering.support.rewriting import rewrite


def known_values(value: SSAValue) -> NDArray | None:
    """The elements of a constant tensor of a code (packed or unpacked again), i1, i32 or f32."""
    owner = value.owner
    if isinstance(owner, UnpackOp):
        owner = owner.x.owner
    if isinstance(owner, ConstantOp):
        return owner.values
    attr = owner.value if isinstance(owner, arith.ConstantOp) else None
    if isinstance(attr, DenseIntOrFPElementsAttr) and attr.get_element_type() == f32:
        return np.array(attr.get_values(), np.float32).reshape(attr.get_shape())
    return constant_values(value)


def _constant(values: NDArray, type_: TensorType) -> Operation:
    if isinstance(type_.element_type, Code):
        return ConstantOp.from_values(values, type_)
    if type_.element_type == f32:
        data = BytesAttr(np.ascontiguousarray(values, "<f4").tobytes())
        return arith.ConstantOp(DenseIntOrFPElementsAttr(TensorType(f32, values.shape), data))
    return constant_tensor(values)


class FoldTensorOp(RewritePattern):
    """An operation on constants is a constant.

    %c = arith.constant dense<[0.6, -0.2]> : tensor<2xf32>
    %q = lowbit.quantize %c scale [0.5]
    ->
    %q = lowbit.constant [1, 0]
    """

    def match_and_rewrite(self, op: Operation, rewriter: PatternRewriter) -> None:
        """Rewrite one operation, whatever it computes."""
        if not isinstance(op, TensorOp) or not op.operands:
            return
        operands = []
        for operand in op.operands:
            values = known_values(operand)
            if values is None:
                return
            operands.append(values)
        type_ = op.results[0].type
        assert isinstance(type_, TensorType)
        if packed_layout(type_) is not None:
            return
        try:
            values = op.evaluate(*operands)
        except ValueError:
            return  # what the reference refuses is for the level below to say
        rewriter.replace(op, _constant(values, type_))


@dataclass(frozen=True)
class FoldTensorsPass(ModulePass):
    """Compute every operation of level 1 whose operands are constants."""

    name = "lowbit-fold-tensors"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        """Apply the pattern until nothing changes."""
        rewrite(op, [FoldTensorOp()])
