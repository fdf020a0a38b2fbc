"""`lowbit.binary`: a function of the elements of two tensors of f32."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from numpy.typing import NDArray
from typing_extensions import override
from xdsl.dialects.builtin import StringAttr, TensorType, f32
from xdsl.ir import Operation, SSAValue
from xdsl.irdl import irdl_op_definition, operand_def, prop_def, result_def, traits_def
from xdsl.traits import Pure
from xdsl.utils.exceptions import VerifyException

from lowbit_dialect import reference
from lowbit_dialect.ops.base import WORD, Clause, TensorOp, expect_type, static_shape


def broadcast_shape(*shapes: tuple[int, ...]) -> tuple[int, ...]:
    """The shape that tensors are repeated to, as numpy does it.

    Raises:
        VerifyException: they differ in an extent that is not 1.
    """
    try:
        return np.broadcast_shapes(*shapes)
    except ValueError:
        listed = " and ".join(str(list(shape)) for shape in shapes)
        raise VerifyException(f"{listed} differ in an extent that is not 1") from None


@irdl_op_definition
class BinaryOp(TensorOp):
    """A function of two f32, rounded to f32: `function` is add, sub, mul, div, max or min.

    Extents of 1, and dimensions that are missing in front, are repeated as in numpy. A NaN in
    either operand gives a NaN.
    """

    name = "lowbit.binary"
    CLAUSES: ClassVar = (Clause("function", WORD),)

    lhs = operand_def(TensorType)
    rhs = operand_def(TensorType)
    result = result_def(TensorType)
    function = prop_def(StringAttr)
    traits = traits_def(Pure())

    @staticmethod
    def get(lhs: SSAValue | Operation, rhs: SSAValue | Operation, function: str) -> BinaryOp:
        """Build the op, its result type inferred."""
        values = [SSAValue.get(value) for value in (lhs, rhs)]
        shapes = (static_shape(v.type, None, r) for v, r in zip(values, _ROLES, strict=True))
        type_ = TensorType(f32, broadcast_shape(*shapes))
        return BinaryOp.build_op(values, [type_], function=StringAttr(function))

    def verify_(self) -> None:
        """Check element types, shapes and the function."""
        shapes = []
        for value, role in zip(self.operands, _ROLES, strict=True):
            shapes.append(static_shape(value.type, None, role))
            expect_type(value.type, TensorType(f32, shapes[-1]), role)
        expect_type(self.result.type, TensorType(f32, broadcast_shape(*shapes)), "result")
        static_shape(self.result.type, None, "result")
        if self.function.data not in reference.BINARY:
            raise VerifyException(
                f"function {self.function.data!r}: {', '.join(reference.BINARY)} are allowed"
            )

    @override
    def evaluate(self, *operands: NDArray) -> NDArray:
        lhs, rhs = operands
        return reference.binary(lhs, rhs, self.function.data)


_ROLES = ("lhs", "rhs")
