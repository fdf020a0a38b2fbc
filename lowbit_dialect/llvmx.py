"""The `llvmx` dialect: the few LLVM instructions that xDSL's `llvm` dialect does not have.

It exists only between `lowbit-to-llvm` and the emission of LLVM IR. Each operation is one LLVM
instruction or intrinsic of the same name and meaning.
"""

from __future__ import annotations

from typing import ClassVar

from xdsl.dialects.builtin import I64, IntegerAttr, IntegerType, VectorType
from xdsl.dialects.llvm import LLVMPointerType
from xdsl.dialects.utils import EnumAttribute
from xdsl.ir import Attribute, Dialect, Operation, SpacedOpaqueSyntaxAttribute, SSAValue
from xdsl.irdl import (
    AnyAttr,
    IRDLOperation,
    VarConstraint,
    irdl_attr_definition,
    irdl_op_definition,
    operand_def,
    prop_def,
    result_def,
    traits_def,
)
from xdsl.traits import MemoryReadEffect, MemoryWriteEffect, Pure
from xdsl.utils.exceptions import VerifyException
from xdsl.utils.str_enum import StrEnum


def _mask_of(vector: Attribute) -> Attribute | None:
    """The mask type that goes with a vector type, or nothing if it is not a vector."""
    if not isinstance(vector, VectorType):
        return None
    return VectorType(IntegerType(1), vector.get_shape())


def _verify_mask(mask: Attribute, vector: Attribute) -> None:
    expected = _mask_of(vector)
    if expected is None:
        raise VerifyException(f"expected a vector beside the mask, got {vector}")
    if mask != expected:
        raise VerifyException(f"a vector of type {vector} takes a mask {expected}, got {mask}")


class Cast(StrEnum):
    """A conversion between floats and integers, by the name of its LLVM instruction."""

    FPTOSI = "fptosi"
    FPTOUI = "fptoui"
    UITOFP = "uitofp"


@irdl_attr_definition
class CastAttr(EnumAttribute[Cast], SpacedOpaqueSyntaxAttribute):
    """`fptosi`, `fptoui` or `uitofp`."""

    name = "llvmx.kind"


class FCmpPredicate(StrEnum):
    """A float comparison: `o` is false and `u` is true where an operand is a NaN."""

    OEQ = "oeq"
    OGT = "ogt"
    OGE = "oge"
    OLT = "olt"
    OLE = "ole"
    ONE = "one"
    ORD = "ord"
    UEQ = "ueq"
    UGT = "ugt"
    UGE = "uge"
    ULT = "ult"
    ULE = "ule"
    UNE = "une"
    UNO = "uno"


@irdl_attr_definition
class FCmpPredicateAttr(EnumAttribute[FCmpPredicate], SpacedOpaqueSyntaxAttribute):
    """One of LLVM's predicates, `oeq` to `uno`."""

    name = "llvmx.fcmp_predicate"


@irdl_op_definition
class ExtractElementOp(IRDLOperation):
    """`extractelement`: one lane of a vector; the lane number is an integer of any width."""

    name = "llvmx.extractelement"

    vector = operand_def(VectorType)
    index = operand_def(IntegerType)
    result = result_def()

    traits = traits_def(Pure())

    assembly_format = (
        "$vector `[` $index `:` type($index) `]` attr-dict `:` type($vector) `to` type($result)"
    )

    def __init__(self, vector: SSAValue | Operation, index: SSAValue | Operation):
        vector = SSAValue.get(vector, type=VectorType)
        super().__init__(operands=[vector, index], result_types=[vector.type.element_type])

    def verify_(self) -> None:
        """The result is a lane."""
        assert isinstance(self.vector.type, VectorType)
        element = self.vector.type.element_type
        if self.result.type != element:
            raise VerifyException(
                f"a lane of {self.vector.type} is {element}, got {self.result.type}"
            )


@irdl_op_definition
class SelectOp(IRDLOperation):
    """`select` with a mask: lanes of the first operand where it is set, else of the second."""

    name = "llvmx.select"

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
        """The mask fits the vectors."""
        _verify_mask(self.mask.type, self.a.type)


@irdl_op_definition
class FCmpOp(IRDLOperation):
    """`fcmp` of vectors, which makes a mask; `llvm.fcmp` takes scalars only."""

    name = "llvmx.fcmp"

    T: ClassVar = VarConstraint("T", AnyAttr())

    a = operand_def(T)
    b = operand_def(T)
    result = result_def()
    predicate = prop_def(FCmpPredicateAttr)

    traits = traits_def(Pure())

    assembly_format = "$predicate `,` $a `,` $b attr-dict `:` type($a) `to` type($result)"

    def __init__(self, predicate: str, a: SSAValue | Operation, b: SSAValue | Operation):
        a = SSAValue.get(a)
        mask = _mask_of(a.type)
        super().__init__(
            operands=[a, b],
            result_types=[mask if mask is not None else IntegerType(1)],
            properties={"predicate": FCmpPredicateAttr(FCmpPredicate(predicate))},
        )

    def verify_(self) -> None:
        """The result is the mask that fits the operands."""
        _verify_mask(self.result.type, self.a.type)


@irdl_op_definition
class CastOp(IRDLOperation):
    """`fptosi`, `fptoui` or `uitofp` of scalars or vectors."""

    name = "llvmx.cast"

    source = operand_def()
    result = result_def()
    kind = prop_def(CastAttr)

    traits = traits_def(Pure())

    assembly_format = "$kind $source attr-dict `:` type($source) `to` type($result)"

    def __init__(self, kind: Cast | str, source: SSAValue | Operation, result_type: Attribute):
        super().__init__(
            operands=[source],
            result_types=[result_type],
            properties={"kind": CastAttr(Cast(kind))},
        )

    def verify_(self) -> None:
        """As many lanes come out as went in."""
        source, result = self.source.type, self.result.type
        lanes = [t.get_shape() if isinstance(t, VectorType) else () for t in (source, result)]
        if lanes[0] != lanes[1]:
            raise VerifyException(f"a cast keeps the number of lanes, got {source} and {result}")


@irdl_op_definition
class MaskedLoadOp(IRDLOperation):
    """`llvm.masked.load`: lanes of memory where the mask is set, else of `passthru`.

    Memory of lanes that are not set is not touched. The alignment is in bytes.
    """

    name = "llvmx.masked_load"

    T: ClassVar = VarConstraint("T", AnyAttr())

    pointer = operand_def(LLVMPointerType)
    mask = operand_def()
    passthru = operand_def(T)
    result = result_def(T)
    alignment = prop_def(IntegerAttr[I64])

    traits = traits_def(MemoryReadEffect())

    assembly_format = (
        "$pointer `,` $mask `,` $passthru `align` $alignment attr-dict `:` "
        "type($pointer) `,` type($mask) `,` type($result)"
    )

    def __init__(
        self,
        pointer: SSAValue | Operation,
        mask: SSAValue | Operation,
        passthru: SSAValue | Operation,
        alignment: int,
    ):
        passthru = SSAValue.get(passthru)
        super().__init__(
            operands=[pointer, mask, passthru],
            result_types=[passthru.type],
            properties={"alignment": IntegerAttr(alignment, 64)},
        )

    def verify_(self) -> None:
        """The mask fits the vector."""
        _verify_mask(self.mask.type, self.result.type)


@irdl_op_definition
class MaskedStoreOp(IRDLOperation):
    """`llvm.masked.store`: the lanes where the mask is set. The alignment is in bytes."""

    name = "llvmx.masked_store"

    value = operand_def()
    pointer = operand_def(LLVMPointerType)
    mask = operand_def()
    alignment = prop_def(IntegerAttr[I64])

    traits = traits_def(MemoryWriteEffect())

    assembly_format = (
        "$value `,` $pointer `,` $mask `align` $alignment attr-dict `:` "
        "type($value) `,` type($pointer) `,` type($mask)"
    )

    def __init__(
        self,
        value: SSAValue | Operation,
        pointer: SSAValue | Operation,
        mask: SSAValue | Operation,
        alignment: int,
    ):
        super().__init__(
            operands=[value, pointer, mask],
            properties={"alignment": IntegerAttr(alignment, 64)},
        )

    def verify_(self) -> None:
        """The mask fits the vector."""
        _verify_mask(self.mask.type, self.value.type)


LLVMX = Dialect(
    "llvmx",
    [
        CastOp,
        ExtractElementOp,
        FCmpOp,
        MaskedLoadOp,
        MaskedStoreOp,
        SelectOp,
    ],
    [CastAttr, FCmpPredicateAttr],
)
"""The dialect, to be registered under the name `llvmx`."""
