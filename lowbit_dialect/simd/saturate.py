"""`simd.narrow`, `simd.addsat`: what lanes cannot hold becomes their limit."""

from __future__ import annotations

from typing import ClassVar

from xdsl.dialects.builtin import (
    IntegerType,
    UnitAttr,
    VectorType,
)
from xdsl.ir import Operation, SSAValue
from xdsl.irdl import (
    AnyAttr,
    VarConstraint,
    irdl_op_definition,
    operand_def,
    opt_prop_def,
    result_def,
    traits_def,
)
from xdsl.traits import Pure
from xdsl.utils.exceptions import VerifyException

from lowbit_dialect.simd.base import SimdOperation, int_lanes


@irdl_op_definition
class NarrowOp(SimdOperation):
    """Two vectors as one of lanes half as wide, clipped to what these hold: `vector<LxiW>` twice
    to `vector<2LxiV>`, 2V = W, the lanes of the first below those of the second.

    %v = simd.narrow %a, %b : vector<16xi32> to vector<32xi16>
    %w = simd.narrow no_saturation %a, %b : vector<16xi32> to vector<32xi16>

    With `no_saturation` every number fits; what becomes of one that does not is undefined.
    """

    name = "simd.narrow"

    T: ClassVar = VarConstraint("T", AnyAttr())

    no_saturation = opt_prop_def(UnitAttr)
    low = operand_def(T)
    high = operand_def(T)
    result = result_def()

    traits = traits_def(Pure())

    assembly_format = (
        "(`no_saturation` $no_saturation^)? $low `,` $high attr-dict"
        " `:` type($low) `to` type($result)"
    )

    def __init__(
        self,
        low: SSAValue | Operation,
        high: SSAValue | Operation,
        no_saturation: bool = False,
    ):
        low = SSAValue.get(low)
        lanes, width = int_lanes("the operands", low.type)
        super().__init__(
            operands=[low, high],
            result_types=[VectorType(IntegerType(width // 2), [2 * lanes])],
            properties={"no_saturation": UnitAttr() if no_saturation else None},
        )

    def verify_(self) -> None:
        """The result has twice the lanes, half as wide."""
        lanes, width = int_lanes("the operands", self.low.type)
        result = int_lanes("the result", self.result.type)
        if result != (2 * lanes, width // 2):
            raise VerifyException(
                f"two vectors of {lanes} lanes of i{width} narrow to one of {2 * lanes} of"
                f" i{width // 2}, got {self.result.type}"
            )


@irdl_op_definition
class AddSatOp(SimdOperation):
    """The signed sum, clipped to what the lanes hold: `vector<LxiW>` twice to one.

    %r = simd.add_sat %a, %b : vector<16xi32>
    """

    name = "simd.add_sat"

    T: ClassVar = VarConstraint("T", AnyAttr())

    a = operand_def(T)
    b = operand_def(T)
    result = result_def(T)

    traits = traits_def(Pure())

    assembly_format = "$a `,` $b attr-dict `:` type($result)"

    def __init__(self, a: SSAValue | Operation, b: SSAValue | Operation):
        a = SSAValue.get(a)
        super().__init__(operands=[a, b], result_types=[a.type])

    def verify_(self) -> None:
        """The lanes are integers."""
        int_lanes("the operands", self.a.type)
