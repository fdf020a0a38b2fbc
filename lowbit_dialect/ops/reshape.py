"""`lowbit.reshape`: the same elements in row-major order under another shape."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

from numpy.typing import NDArray
from typing_extensions import override
from xdsl.dialects.builtin import TensorType
from xdsl.ir import Operation, SSAValue
from xdsl.irdl import irdl_op_definition, operand_def, result_def, traits_def
from xdsl.traits import Pure
from xdsl.utils.exceptions import VerifyException

from lowbit_dialect.ops.base import TensorOp, expect_type, static_shape


@irdl_op_definition
class ReshapeOp(TensorOp):
    """The elements of a tensor, in row-major order, under another shape.

    x is of a code or of any builtin element type, and not packed (unpack it before, pack it after).
    """

    name = "lowbit.reshape"

    x = operand_def(TensorType)
    result = result_def(TensorType)
    traits = traits_def(Pure())

    @staticmethod
    def get(x: SSAValue | Operation, shape: Sequence[int]) -> ReshapeOp:
        """Build the op."""
        x = SSAValue.get(x)
        assert isinstance(x.type, TensorType)
        return ReshapeOp.build_op([x], [TensorType(x.type.element_type, shape)])

    @staticmethod
    def flatten(x: SSAValue | Operation, axis: int = 1) -> ReshapeOp:
        """Build the op that joins the dimensions before `axis`, and those from there on."""
        shape = static_shape(SSAValue.get(x).type, None, "x")
        if not 0 <= axis <= len(shape):
            raise VerifyException(f"axis {axis} is not one of 0 .. {len(shape)}")
        return ReshapeOp.get(x, [prod(shape[:axis]), prod(shape[axis:])])

    def verify_(self) -> None:
        """Check element types, layouts and the number of elements."""
        given = static_shape(self.x.type, None, "x")
        assert isinstance(self.x.type, TensorType)
        element = self.x.type.element_type
        shape = static_shape(self.result.type, None, "result")
        expect_type(self.x.type, TensorType(element, given), "x")
        expect_type(self.result.type, TensorType(element, shape), "result")
        if prod(given) != prod(shape):
            raise VerifyException(
                f"x has {prod(given)} elements, {list(given)}, the result {prod(shape)},"
                f" {list(shape)}"
            )

    @override
    def evaluate(self, *operands: NDArray) -> NDArray:
        return operands[0].reshape(self.result.type.get_shape())
