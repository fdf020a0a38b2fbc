"""Operations of the `memref` dialect that xDSL reads in the generic form only."""

from __future__ import annotations

from xdsl.dialects import memref
from xdsl.dialects.builtin import MemRefType
from xdsl.ir import Attribute, Operation, SSAValue
from xdsl.irdl import IRDLOperation, irdl_op_definition, operand_def, traits_def
from xdsl.traits import MemoryReadEffect, MemoryWriteEffect
from xdsl.utils.exceptions import VerifyException

from lowbit_dialect.extended import extended


@irdl_op_definition
class CopyOp(IRDLOperation):
    """The elements of a memref, copied into another one of the same shape.

    memref.copy %x, %y : memref<4x8xi32> to memref<4x8xi32, strided<[16, 1]>>
    """

    name = "memref.copy"

    source = operand_def(MemRefType)
    destination = operand_def(MemRefType)
    traits = traits_def(MemoryWriteEffect(), MemoryReadEffect())

    assembly_format = "$source `,` $destination attr-dict `:` type($source) `to` type($destination)"

    def __init__(self, source: SSAValue | Operation, destination: SSAValue | Operation):
        super().__init__(operands=[source, destination])

    def verify_(self) -> None:
        """Both have the same shape and elements."""
        source, destination = self.source.type, self.destination.type
        assert isinstance(source, MemRefType)
        assert isinstance(destination, MemRefType)
        for name, kind in (("shape", MemRefType.get_shape), ("elements", _element)):
            if kind(source) != kind(destination):
                raise VerifyException(f"expected the same {name}, got {source} and {destination}")


def _element(type_: MemRefType) -> Attribute:
    return type_.element_type


OPERATIONS: tuple[type[Operation], ...] = (CopyOp,)
"""The operations that xDSL defines otherwise."""

MEMREF = extended(memref.MemRef, OPERATIONS)
"""The dialect `memref`: xDSL's, with `OPERATIONS` in place of its own."""
