"""`simd.cmpi`, `simd.cmpf`, `simd.select`: masks made and used."""

from __future__ import annotations

from functools import cache
from typing import ClassVar

from xdsl.dialects.builtin import (
    IntegerType,
    VectorType,
)
from xdsl.dialects.utils import EnumAttribute
from xdsl.ir import Operation, SpacedOpaqueSyntaxAttribute, SSAValue
from xdsl.irdl import (
    AnyAttr,
    VarConstraint,
    irdl_attr_definition,
    irdl_op_definition,
    operand_def,
    prop_def,
    result_def,
    traits_def,
)
from xdsl.traits import Pure
from xdsl.utils.exceptions import VerifyException
from xdsl.utils.str_enum import StrEnum

from lowbit_dialect.simd.base import (
    SimdOperation,
    float_lanes,
    int_lanes,
    lanes_of,
    mask_lanes,
)


class Predicate(StrEnum):
    """An integer comparison; `s` is signed, `u` unsigned."""

    EQ = "eq"
    NE = "ne"
    SLT = "slt"
    SLE = "sle"
    SGT = "sgt"
    SGE = "sge"
    ULT = "ult"
    ULE = "ule"
    UGT = "ugt"
    UGE = "uge"


@irdl_attr_definition
class PredicateAttr(EnumAttribute[Predicate], SpacedOpaqueSyntaxAttribute):
    """`eq`, `ne`, `slt`, `sle`, `sgt`, `sge`, `ult`, `ule`, `ugt` or `uge`."""

    name = "simd.predicate"


class FloatPredicate(StrEnum):
    """A comparison of floats: where a lane is NaN those with `o` are false, with `u` true."""

    OEQ = "oeq"
    OGT = "ogt"
    OGE = "oge"
    OLT = "olt"
    OLE = "ole"
    UNE = "une"
    UNO = "uno"


@irdl_attr_definition
class FloatPredicateAttr(EnumAttribute[FloatPredicate], SpacedOpaqueSyntaxAttribute):
    """`oeq`, `ogt`, `oge`, `olt`, `ole`, `une` or `uno`."""

    name = "simd.float_predicate"


@cache
def _mask_type(lanes: int) -> VectorType:
    return VectorType(IntegerType(1), [lanes])


@cache
def _predicate(predicate: Predicate) -> PredicateAttr:
    return PredicateAttr(predicate)


class CompareOperation(SimdOperation):
    """A lane-by-lane comparison that makes a mask."""

    T: ClassVar = VarConstraint("T", AnyAttr())

    a = operand_def(T)
    b = operand_def(T)
    result = result_def()

    traits = traits_def(Pure())

    assembly_format = "$predicate `,` $a `,` $b attr-dict `:` type($a) `to` type($result)"

    def __init__(
        self,
        predicate: PredicateAttr | FloatPredicateAttr,
        a: SSAValue | Operation,
        b: SSAValue | Operation,
    ):
        a = SSAValue.get(a)
        shape = a.type.get_shape() if isinstance(a.type, VectorType) else (1,)
        super().__init__(
            operands=[a, b],
            result_types=[_mask_type(shape[0])],
            properties={"predicate": predicate},
        )

    def _verify_mask(self, lanes: int) -> None:
        mask = mask_lanes("the result", self.result.type)
        if mask != lanes:
            raise VerifyException(f"the operands have {lanes} lanes, the mask has {mask}")


@irdl_op_definition
class CmpIOp(CompareOperation):
    """A lane-by-lane comparison that makes a mask; `arith.cmpi` makes a single i1.

    %mask = simd.cmpi slt, %a, %b : vector<16xi32> to vector<16xi1>
    """

    name = "simd.cmpi"

    predicate = prop_def(PredicateAttr)

    def __init__(
        self, predicate: Predicate | str, a: SSAValue | Operation, b: SSAValue | Operation
    ):
        super().__init__(_predicate(Predicate(predicate)), a, b)

    def verify_(self) -> None:
        """The mask has a lane for each of the operands'."""
        self._verify_mask(int_lanes("the operands", self.a.type)[0])


@irdl_op_definition
class CmpFOp(CompareOperation):
    """A lane-by-lane comparison of f32 that makes a mask; `arith.cmpf` makes a single i1.

    `uno` holds where a lane of a or b is NaN, `une` where they differ or one is NaN; the others
    are false there.

        %mask = simd.cmpf olt, %a, %b : vector<16xf32> to vector<16xi1>
    """

    name = "simd.cmpf"

    predicate = prop_def(FloatPredicateAttr)

    def __init__(
        self, predicate: FloatPredicate | str, a: SSAValue | Operation, b: SSAValue | Operation
    ):
        super().__init__(FloatPredicateAttr(FloatPredicate(predicate)), a, b)

    def verify_(self) -> None:
        """The mask has a lane for each of the operands'."""
        self._verify_mask(float_lanes("the operands", self.a.type))


@irdl_op_definition
class SelectOp(SimdOperation):
    """`mask ? a : b`, lane by lane, on vectors of integers or f32.

    %r = simd.select %mask, %a, %b : vector<16xi1>, vector<16xi32>
    """

    name = "simd.select"

    T: ClassVar = VarConstraint("T", AnyAttr())

    mask = operand_def()
    a = operand_def(T)
    b = operand_def(T)
    result = result_def(T)

    traits = traits_def(Pure())

    assembly_format = "$mask `,` $a `,` $b attr-dict `:` type($mask) `,` type($result)"

    def __init__(
        self, mask: SSAValue | Operation, a: SSAValue | Operation, b: SSAValue | Operation
    ):
        a = SSAValue.get(a)
        super().__init__(operands=[mask, a, b], result_types=[a.type])

    def verify_(self) -> None:
        """The mask has a lane for each of the operands'."""
        mask, lanes = mask_lanes("the mask", self.mask.type), lanes_of("the operands", self.a.type)
        if mask != lanes:
            raise VerifyException(f"the mask has {mask} lanes, the operands have {lanes}")
