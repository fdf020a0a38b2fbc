"""`lowbit.reduce`: sums, means, extremes and their positions along dimensions of f32."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from numpy.typing import NDArray
from typing_extensions import override
from xdsl.dialects.builtin import StringAttr, TensorType, f32, i32
from xdsl.ir import Operation, SSAValue
from xdsl.irdl import irdl_op_definition, operand_def, prop_def, result_def, traits_def
from xdsl.rewriter import Rewriter
from xdsl.traits import Pure
from xdsl.utils.exceptions import VerifyException

from lowbit_dialect import reference
from lowbit_dialect.ops.base import (
    INTS,
    INTS_PROPERTY,
    WORD,
    Clause,
    TensorOp,
    expect_type,
    int_list,
    ints,
    static_shape,
)

FUNCTIONS = (*reference.REDUCTIONS, "argmax")
"""The functions of `lowbit.reduce`."""


@irdl_op_definition
class ReduceOp(TensorOp):
    """A function of the elements along `axes`, which stay with an extent of 1.

    `function` is sum, mean, max, min, all of f32 to f32, or argmax, along one dimension, to i32:
    the first index of the largest element, or of the first NaN. A max or min of a NaN is a NaN.
    Sums are in f32, in an order that is the same for each call on a target.
    """

    name = "lowbit.reduce"
    CLAUSES: ClassVar = (Clause("function", WORD), Clause("axes", INTS, ints([-1])))

    x = operand_def(TensorType)
    result = result_def(TensorType)
    function = prop_def(StringAttr)
    axes = prop_def(INTS_PROPERTY)
    traits = traits_def(Pure())

    @staticmethod
    def get(x: SSAValue | Operation, function: str, axes: Sequence[int] = (-1,)) -> ReduceOp:
        """Build the op, its result type inferred."""
        type_ = SSAValue.get(x).type
        op = ReduceOp.build_op([x], [type_], function=StringAttr(function), axes=ints(axes))
        Rewriter.replace_value_with_new_type(op.result, op.result_type)
        return op

    @property
    def dims(self) -> tuple[int, ...]:
        """The dimensions that are reduced, counted from the front, in ascending order."""
        rank, axes = len(static_shape(self.x.type, None, "x")), int_list(self.axes)
        if not axes or not all(-rank <= axis < rank for axis in axes):
            raise VerifyException(f"axes {axes} are not some of the {rank} dimensions")
        dims = sorted(axis % rank for axis in axes)
        if len(set(dims)) < len(dims):
            raise VerifyException(f"axes {axes} name a dimension twice")
        return tuple(dims)

    @property
    def result_type(self) -> TensorType:
        """The type of the result."""
        shape = list(static_shape(self.x.type, None, "x"))
        for dim in self.dims:
            shape[dim] = 1
        return TensorType(i32 if self.function.data == "argmax" else f32, shape)

    def verify_(self) -> None:
        """Check types, axes and the function."""
        expect_type(self.x.type, TensorType(f32, static_shape(self.x.type, None, "x")), "x")
        if self.function.data not in FUNCTIONS:
            raise VerifyException(
                f"function {self.function.data!r}: {', '.join(FUNCTIONS)} are allowed"
            )
        if self.function.data == "argmax" and len(self.dims) != 1:
            raise VerifyException(f"argmax takes one axis, got {int_list(self.axes)}")
        expect_type(self.result.type, self.result_type, "result")

    @override
    def evaluate(self, *operands: NDArray) -> NDArray:
        return reference.reduce_(operands[0], self.function.data, self.dims)
