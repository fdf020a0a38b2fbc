"""`simd.round_shift_acc` and the like: shifts that accumulate."""

from __future__ import annotations

from typing import ClassVar

from xdsl.dialects.builtin import (
    IntegerAttr,
    i64,
)
from xdsl.ir import Operation, SSAValue
from xdsl.irdl import (
    AnyAttr,
    VarConstraint,
    irdl_op_definition,
    operand_def,
    prop_def,
    result_def,
    traits_def,
)
from xdsl.traits import Pure
from xdsl.utils.exceptions import VerifyException

from lowbit_dialect.simd.base import SimdOperation, int_lanes


@irdl_op_definition
class RoundShiftAccOp(SimdOperation):
    """`acc + floor(source / 2^n + 1/2)`, lane by lane: signed lanes, of any number, rounded.

    `%acc, %source : vector<LxiW>`, 0 < n < W. The sum is modulo 2^W.

        %r = simd.round_shift_acc %acc, %source by 8 : vector<8xi16>
    """

    name = "simd.round_shift_acc"

    T: ClassVar = VarConstraint("T", AnyAttr())

    acc = operand_def(T)
    source = operand_def(T)
    result = result_def(T)
    bits = prop_def(IntegerAttr.constr(i64))

    traits = traits_def(Pure())

    assembly_format = "$acc `,` $source `by` $bits attr-dict `:` type($result)"

    def __init__(self, acc: SSAValue | Operation, source: SSAValue | Operation, bits: int):
        acc = SSAValue.get(acc)
        super().__init__(
            operands=[acc, source],
            result_types=[acc.type],
            properties={"bits": IntegerAttr(bits, i64)},
        )

    def verify_(self) -> None:
        """The shift leaves something."""
        _, width = int_lanes("the accumulator", self.acc.type)
        if not 0 < self.bits.value.data < width:
            raise VerifyException(
                f"lanes of i{width} are shifted by 1 to {width - 1}, got {self.bits.value.data}"
            )
