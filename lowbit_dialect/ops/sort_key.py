"""`lowbit.sort_key`: integers that are ordered as floats are."""

from __future__ import annotations

from numpy.typing import NDArray
from typing_extensions import override
from xdsl.dialects.builtin import TensorType, f32, i32
from xdsl.ir import Operation, SSAValue
from xdsl.irdl import irdl_op_definition, operand_def, result_def, traits_def
from xdsl.traits import Pure

from lowbit_dialect import reference
from lowbit_dialect.ops.base import TensorOp, expect_type, static_shape


@irdl_op_definition
class SortKeyOp(TensorOp):
    """f32 to i32 of the same order, so that thresholds of the keys are thresholds of the floats.

    The key of a float is its bits as an integer, those but the sign inverted where it is negative:
    0.0 has the key 0, -0.0 the key -1, and a NaN the least i32, below all numbers.
    """

    name = "lowbit.sort_key"

    x = operand_def(TensorType)
    result = result_def(TensorType)
    traits = traits_def(Pure())

    @staticmethod
    def get(x: SSAValue | Operation) -> SortKeyOp:
        """Build the op."""
        x = SSAValue.get(x)
        shape = static_shape(x.type, None, "x")
        return SortKeyOp.build_op([x], [TensorType(i32, shape)])

    def verify_(self) -> None:
        """Check types."""
        shape = static_shape(self.x.type, None, "x")
        expect_type(self.x.type, TensorType(f32, shape), "x")
        expect_type(self.result.type, TensorType(i32, shape), "result")

    @override
    def evaluate(self, *operands: NDArray) -> NDArray:
        return reference.sort_key(operands[0])
