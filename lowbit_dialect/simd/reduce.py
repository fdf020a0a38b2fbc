"""`simd.reduce_add`: the sum of the lanes."""

from __future__ import annotations

from xdsl.dialects.builtin import (
    IntegerType,
    VectorType,
)
from xdsl.ir import Operation, SSAValue
from xdsl.irdl import (
    irdl_op_definition,
    operand_def,
    result_def,
    traits_def,
)
from xdsl.traits import Pure
from xdsl.utils.exceptions import VerifyException

from lowbit_dialect.simd.base import SimdOperation, int_lanes


@irdl_op_definition
class ReduceAddOp(SimdOperation):
    """The sum of all lanes modulo 2^W: `vector<LxiW>` to `iW`.

    %s = simd.reduce_add %v : vector<16xi32> to i32
    """

    name = "simd.reduce_add"

    source = operand_def()
    result = result_def(IntegerType)

    traits = traits_def(Pure())

    assembly_format = "$source attr-dict `:` type($source) `to` type($result)"

    def __init__(self, source: SSAValue | Operation):
        source = SSAValue.get(source)
        element = source.type.element_type if isinstance(source.type, VectorType) else source.type
        super().__init__(operands=[source], result_types=[element])

    def verify_(self) -> None:
        """The result is a lane."""
        _, width = int_lanes("the operand", self.source.type)
        if self.result.type != IntegerType(width):
            raise VerifyException(
                f"the sum of lanes of i{width} is i{width}, got {self.result.type}"
            )
