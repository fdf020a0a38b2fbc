"""`simd.popcount_acc`: products of bits, counted and accumulated."""

from __future__ import annotations

from typing import ClassVar

from xdsl.dialects.builtin import (
    UnitAttr,
)
from xdsl.dialects.utils import EnumAttribute
from xdsl.ir import Operation, SpacedOpaqueSyntaxAttribute, SSAValue
from xdsl.irdl import (
    AnyAttr,
    VarConstraint,
    irdl_attr_definition,
    irdl_op_definition,
    operand_def,
    opt_prop_def,
    prop_def,
    result_def,
    traits_def,
)
from xdsl.traits import Pure
from xdsl.utils.str_enum import StrEnum

from lowbit_dialect.simd.base import SimdOperation, int_lanes


class Combine(StrEnum):
    """How two words are combined before their bits are counted."""

    AND = "and"
    XOR = "xor"


@irdl_attr_definition
class CombineAttr(EnumAttribute[Combine], SpacedOpaqueSyntaxAttribute):
    """`and` or `xor`."""

    name = "simd.combine"


@irdl_op_definition
class PopcountAccOp(SimdOperation):
    """`acc +/- popcount(a and/xor b)`, lane by lane, modulo 2^W.

    `%acc, %a, %b : vector<LxiW>`. With `subtract` the count is taken away from the accumulator.

        %r = simd.popcount_acc and %acc, %a, %b : vector<16xi32>
        %s = simd.popcount_acc xor subtract %acc, %a, %b : vector<16xi32>
    """

    name = "simd.popcount_acc"

    T: ClassVar = VarConstraint("T", AnyAttr())

    acc = operand_def(T)
    a = operand_def(T)
    b = operand_def(T)
    result = result_def(T)
    combine = prop_def(CombineAttr)
    subtract = opt_prop_def(UnitAttr)

    traits = traits_def(Pure())

    assembly_format = (
        "$combine (`subtract` $subtract^)? $acc `,` $a `,` $b attr-dict `:` type($result)"
    )

    def __init__(
        self,
        acc: SSAValue | Operation,
        a: SSAValue | Operation,
        b: SSAValue | Operation,
        combine: Combine = Combine.AND,
        subtract: bool = False,
    ):
        acc = SSAValue.get(acc)
        super().__init__(
            operands=[acc, a, b],
            result_types=[acc.type],
            properties={
                "combine": CombineAttr(combine),
                "subtract": UnitAttr() if subtract else None,
            },
        )

    def verify_(self) -> None:
        """The lanes are integers."""
        int_lanes("the accumulator", self.acc.type)
