"""Operations of the `llvm` dialect that xDSL lacks, or has for fewer types than MLIR.

Names, syntax and properties are those of MLIR, so `mlir-opt` and `mlir-translate` read what is
printed here. `LLVM` is xDSL's dialect with these operations, and the casts of `llvm_casts`, in it.
"""

from __future__ import annotations

from typing import ClassVar

from xdsl.dialects import llvm
from xdsl.dialects.builtin import (
    I1,
    AnyFloatConstr,
    ArrayAttr,
    IntAttr,
    IntegerAttr,
    SignlessIntegerConstraint,
    VectorType,
    i1,
    i32,
    i64,
)
from xdsl.dialects.llvm import FastMathAttr, FCmpPredicateFlag, LLVMPointerType
from xdsl.ir import Attribute, Operation, SSAValue
from xdsl.irdl import (
    AnyAttr,
    IRDLOperation,
    ParsePropInAttrDict,
    RangeOf,
    VarConstraint,
    base,
    irdl_op_definition,
    operand_def,
    prop_def,
    result_def,
    traits_def,
)
from xdsl.parser import Parser
from xdsl.printer import Printer
from xdsl.traits import MemoryReadEffect, MemoryWriteEffect, Pure
from xdsl.utils.exceptions import VerifyException

from lowbit_dialect.extended import extended
from lowbit_dialect.llvm_casts import FPToSIOp, FPToUIOp, TruncOp, UIToFPOp

NO_FAST_MATH = FastMathAttr(None)


def _lanes(type: Attribute) -> tuple[int, ...]:
    return type.get_shape() if isinstance(type, VectorType) else ()


def _verify_mask(mask: Attribute, vector: Attribute) -> None:
    if not isinstance(vector, VectorType):
        raise VerifyException(f"expected a vector beside the mask, got {vector}")
    expected = VectorType(i1, vector.get_shape())
    if mask != expected:
        raise VerifyException(f"a vector of type {vector} takes a mask {expected}, got {mask}")


@irdl_op_definition
class ExtractElementOp(IRDLOperation):
    """`extractelement`: one lane of a vector; the lane number is an integer of any width."""

    name = "llvm.extractelement"

    ELEMENT: ClassVar = VarConstraint("ELEMENT", AnyAttr())

    vector = operand_def(
        VectorType.constr(ELEMENT, shape=ArrayAttr.constr(RangeOf(base(IntAttr)).of_length(1)))
    )
    position = operand_def(SignlessIntegerConstraint)
    res = result_def(ELEMENT)

    traits = traits_def(Pure())

    assembly_format = "$vector `[` $position `:` type($position) `]` attr-dict `:` type($vector)"

    def __init__(self, vector: SSAValue | Operation, position: SSAValue | Operation):
        vector = SSAValue.get(vector, type=VectorType)
        super().__init__(operands=[vector, position], result_types=[vector.type.element_type])


@irdl_op_definition
class SelectOp(IRDLOperation):
    """`select`: the first value where the condition holds, else the second.

    The condition is one `i1`, or of vectors a mask with an `i1` for each lane.
    """

    name = "llvm.select"

    T: ClassVar = VarConstraint("T", AnyAttr())

    cond = operand_def(I1 | VectorType[I1])
    lhs = operand_def(T)
    rhs = operand_def(T)
    res = result_def(T)
    fastmathFlags = prop_def(FastMathAttr, default_value=NO_FAST_MATH)  # noqa: N815  MLIR's name

    traits = traits_def(Pure())

    irdl_options = (ParsePropInAttrDict(),)

    assembly_format = "$cond `,` $lhs `,` $rhs attr-dict `:` type($cond) `,` type($res)"

    def __init__(
        self, cond: SSAValue | Operation, lhs: SSAValue | Operation, rhs: SSAValue | Operation
    ):
        lhs = SSAValue.get(lhs)
        super().__init__(operands=[cond, lhs, rhs], result_types=[lhs.type])

    def verify_(self) -> None:
        """A mask has as many lanes as the vectors."""
        if isinstance(self.cond.type, VectorType):
            _verify_mask(self.cond.type, self.res.type)


@irdl_op_definition
class FCmpOp(IRDLOperation):
    """`fcmp`: a comparison of floats, which gives an `i1`, or of vectors of floats, a mask.

    The predicate is one of `_false`, `oeq`, `ogt`, `oge`, `olt`, `ole`, `one`, `ord`, `ueq`, `ugt`,
    `uge`, `ult`, `ule`, `une`, `uno` and `_true`. Where an operand is a NaN, those with `o` are
    false and those with `u` are true.
    """

    name = "llvm.fcmp"

    T: ClassVar = VarConstraint("T", AnyFloatConstr | VectorType.constr(AnyFloatConstr))

    lhs = operand_def(T)
    rhs = operand_def(T)
    res = result_def(I1 | VectorType[I1])
    predicate = prop_def(IntegerAttr.constr(i64))
    fastmathFlags = prop_def(FastMathAttr, default_value=NO_FAST_MATH)  # noqa: N815  MLIR's name

    traits = traits_def(Pure())

    def __init__(
        self,
        lhs: SSAValue | Operation,
        rhs: SSAValue | Operation,
        predicate: str,
        fast_math: FastMathAttr = NO_FAST_MATH,
    ):
        lhs = SSAValue.get(lhs)
        lanes = _lanes(lhs.type)
        super().__init__(
            operands=[lhs, rhs],
            result_types=[VectorType(i1, lanes) if lanes else i1],
            properties={
                "predicate": IntegerAttr(FCmpPredicateFlag(predicate).to_int(), i64),
                "fastmathFlags": fast_math,
            },
        )

    def verify_(self) -> None:
        """There is such a predicate, and the result has as many lanes as the operands."""
        if not 0 <= self.predicate.value.data < len(FCmpPredicateFlag):
            raise VerifyException(
                f"expected a predicate of 0 to {len(FCmpPredicateFlag) - 1}, "
                f"got {self.predicate.value.data}"
            )
        if isinstance(self.lhs.type, VectorType) or isinstance(self.res.type, VectorType):
            _verify_mask(self.res.type, self.lhs.type)

    @classmethod
    def parse(cls, parser: Parser) -> FCmpOp:
        """Parse `"olt" %a, %b {fastmathFlags = ..} : vector<4xf32>`."""
        start = parser.pos
        predicate = parser.parse_str_literal()
        if predicate not in list(FCmpPredicateFlag):
            allowed = ", ".join(FCmpPredicateFlag)
            parser.raise_error(
                f'unknown predicate "{predicate}": expected one of {allowed}', start, parser.pos
            )
        lhs = parser.parse_unresolved_operand()
        parser.parse_punctuation(",")
        rhs = parser.parse_unresolved_operand()
        attributes = parser.parse_optional_attr_dict()
        parser.parse_punctuation(":")
        type = parser.parse_type()
        left, right = parser.resolve_operands([lhs, rhs], [type, type], parser.pos)
        fast_math = attributes.pop("fastmathFlags", NO_FAST_MATH)
        if not isinstance(fast_math, FastMathAttr):
            parser.raise_error(f"expected #llvm.fastmath, got {fast_math}")
        op = cls(left, right, predicate, fast_math)
        op.attributes |= attributes
        return op

    def print(self, printer: Printer) -> None:
        """Print it as it is parsed."""
        printer.print_string(f' "{FCmpPredicateFlag.from_int(self.predicate.value.data)}" ')
        printer.print_list((self.lhs, self.rhs), printer.print_ssa_value)
        flags: dict[str, Attribute] = {}
        if self.fastmathFlags != NO_FAST_MATH:
            flags["fastmathFlags"] = self.fastmathFlags
        printer.print_op_attributes(flags | self.attributes)
        printer.print_string(" : ")
        printer.print_attribute(self.lhs.type)


@irdl_op_definition
class MaskedLoadOp(IRDLOperation):
    """`llvm.masked.load`: lanes of memory where the mask is set, else of `pass_thru`.

    Memory of lanes that are not set is not touched. The alignment is in bytes.
    """

    name = "llvm.intr.masked.load"

    T: ClassVar = VarConstraint("T", base(VectorType))

    data = operand_def(LLVMPointerType)
    mask = operand_def(VectorType[I1])
    pass_thru = operand_def(T)
    res = result_def(T)
    alignment = prop_def(IntegerAttr.constr(i32))

    traits = traits_def(MemoryReadEffect())

    irdl_options = (ParsePropInAttrDict(),)

    assembly_format = "operands attr-dict `:` functional-type(operands, results)"

    def __init__(
        self,
        data: SSAValue | Operation,
        mask: SSAValue | Operation,
        pass_thru: SSAValue | Operation,
        alignment: int,
    ):
        pass_thru = SSAValue.get(pass_thru)
        super().__init__(
            operands=[data, mask, pass_thru],
            result_types=[pass_thru.type],
            properties={"alignment": IntegerAttr(alignment, i32)},
        )

    def verify_(self) -> None:
        """The mask fits the vector."""
        _verify_mask(self.mask.type, self.res.type)


@irdl_op_definition
class MaskedStoreOp(IRDLOperation):
    """`llvm.masked.store`: the lanes where the mask is set. The alignment is in bytes."""

    name = "llvm.intr.masked.store"

    value = operand_def(VectorType)
    data = operand_def(LLVMPointerType)
    mask = operand_def(VectorType[I1])
    alignment = prop_def(IntegerAttr.constr(i32))

    traits = traits_def(MemoryWriteEffect())

    irdl_options = (ParsePropInAttrDict(),)

    assembly_format = (
        "$value `,` $data `,` $mask attr-dict `:` type($value) `,` type($mask) `into` type($data)"
    )

    def __init__(
        self,
        value: SSAValue | Operation,
        data: SSAValue | Operation,
        mask: SSAValue | Operation,
        alignment: int,
    ):
        super().__init__(
            operands=[value, data, mask],
            properties={"alignment": IntegerAttr(alignment, i32)},
        )

    def verify_(self) -> None:
        """The mask fits the vector."""
        _verify_mask(self.mask.type, self.value.type)


OPERATIONS: tuple[type[Operation], ...] = (
    ExtractElementOp,
    SelectOp,
    FCmpOp,
    TruncOp,
    FPToSIOp,
    FPToUIOp,
    UIToFPOp,
    MaskedLoadOp,
    MaskedStoreOp,
)
"""The operations that xDSL lacks or defines otherwise."""


LLVM = extended(llvm.LLVM, OPERATIONS)
"""The dialect `llvm`: xDSL's, with `OPERATIONS` added or in place of its own."""
