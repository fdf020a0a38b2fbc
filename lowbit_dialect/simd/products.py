"""`simd.dot_acc`, `simd.mul_acc`: products of small integers, accumulated."""

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
from xdsl.utils.exceptions import VerifyException
from xdsl.utils.str_enum import StrEnum

from lowbit_dialect.simd.base import SimdOperation, int_lanes


class Sign(StrEnum):
    """What numbers the lanes hold."""

    SIGNED = "signed"
    UNSIGNED = "unsigned"


@irdl_attr_definition
class SignAttr(EnumAttribute[Sign], SpacedOpaqueSyntaxAttribute):
    """`signed` or `unsigned`."""

    name = "simd.sign"


DOT_WIDTHS = (16, 32)
"""Bits of the lanes that `simd.dot_acc` takes: two or four bytes."""


@irdl_op_definition
class DotAccOp(SimdOperation):
    """`acc + sum_k a_k * b_k` over the bytes k of a lane, modulo 2^W.

    `%acc, %a, %b : vector<LxiW>`, W = 16 or 32; the lanes of a hold W / 8 unsigned bytes, those of
    b as many signed ones, or with `unsigned_b` unsigned ones too. `no_saturation` promises that the
    sum of two products, of bytes 2k and 2k + 1, is always within i16, which lets instructions in
    that saturate there; `small_a` that no byte of a is above 127, which lets in those that take
    signed bytes only.

        %r = simd.dot_acc %acc, %a, %b : vector<16xi32>
        %s = simd.dot_acc no_saturation %acc, %a, %b : vector<16xi16>
        %t = simd.dot_acc small_a %acc, %a, %b : vector<4xi32>
        %u = simd.dot_acc unsigned_b %acc, %a, %b : vector<4xi32>
    """

    name = "simd.dot_acc"

    T: ClassVar = VarConstraint("T", AnyAttr())

    acc = operand_def(T)
    a = operand_def(T)
    b = operand_def(T)
    result = result_def(T)
    no_saturation = opt_prop_def(UnitAttr)
    small_a = opt_prop_def(UnitAttr)
    unsigned_b = opt_prop_def(UnitAttr)

    traits = traits_def(Pure())

    assembly_format = (
        "(`no_saturation` $no_saturation^)? (`small_a` $small_a^)? (`unsigned_b` $unsigned_b^)?"
        " $acc `,` $a `,` $b attr-dict `:` type($result)"
    )

    def __init__(
        self,
        acc: SSAValue | Operation,
        a: SSAValue | Operation,
        b: SSAValue | Operation,
        no_saturation: bool = False,
        small_a: bool = False,
        unsigned_b: bool = False,
    ):
        acc = SSAValue.get(acc)
        super().__init__(
            operands=[acc, a, b],
            result_types=[acc.type],
            properties={
                "no_saturation": UnitAttr() if no_saturation else None,
                "small_a": UnitAttr() if small_a else None,
                "unsigned_b": UnitAttr() if unsigned_b else None,
            },
        )

    def verify_(self) -> None:
        """The lanes hold two or four bytes."""
        _, width = int_lanes("the accumulator", self.acc.type)
        if width not in DOT_WIDTHS:
            raise VerifyException(
                f"the accumulator must have lanes of i16 or i32, got {self.acc.type}"
            )


@irdl_op_definition
class MulAccOp(SimdOperation):
    """`acc + a * b`, lane by lane, modulo 2^W.

    `%acc : vector<LxiW>`, `%a, %b : vector<LxiV>`, both signed or both unsigned; V is W, or half of
    it.

        %r = simd.mul_acc signed %acc, %a, %b : vector<8xi8> to vector<8xi16>
        %s = simd.mul_acc unsigned %acc, %a, %b : vector<8xi16> to vector<8xi16>
    """

    name = "simd.mul_acc"

    T: ClassVar = VarConstraint("T", AnyAttr())
    U: ClassVar = VarConstraint("U", AnyAttr())

    sign = prop_def(SignAttr)
    acc = operand_def(U)
    a = operand_def(T)
    b = operand_def(T)
    result = result_def(U)

    traits = traits_def(Pure())

    assembly_format = "$sign $acc `,` $a `,` $b attr-dict `:` type($a) `to` type($result)"

    def __init__(
        self,
        sign: Sign,
        acc: SSAValue | Operation,
        a: SSAValue | Operation,
        b: SSAValue | Operation,
    ):
        acc = SSAValue.get(acc)
        super().__init__(
            operands=[acc, a, b], result_types=[acc.type], properties={"sign": SignAttr(sign)}
        )

    def verify_(self) -> None:
        """The accumulator has as many lanes, as wide or twice as wide."""
        lanes, width = int_lanes("the accumulator", self.acc.type)
        narrow_lanes, narrow = int_lanes("a", self.a.type)
        if lanes != narrow_lanes or width not in (narrow, 2 * narrow):
            raise VerifyException(
                f"products of {self.a.type} are summed in lanes as wide or twice as wide, got"
                f" {self.acc.type}"
            )
