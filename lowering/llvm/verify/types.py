"""What the rules for operations need to know about types, looked up once for each."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from xdsl.dialects import llvm
from xdsl.dialects.builtin import (
    Float16Type,
    Float32Type,
    Float64Type,
    IntegerType,
    NoneType,
    Signedness,
    VectorType,
)
from xdsl.ir import Attribute

MAX_INTEGER_BITS = 1 << 10
"""Bits of the widest integer that is handed to LLVM; its limit is 2^23."""

MAX_VALUE_BITS = 1 << 13
"""Bits of the largest vector or aggregate that is handed to LLVM as a value."""

_KNOWN_WIDTHS = (1, 8, 16, 32, 64)
_KNOWN_VECTOR_BITS = 1 << 12
_FLOAT_BITS: dict[type[Attribute], int] = {Float16Type: 16, Float32Type: 32, Float64Type: 64}


class Kind(Enum):
    """What a type is, for the rules."""

    INTEGER = "integers"
    FLOAT = "floats"
    POINTER = "pointers"
    AGGREGATE = "structs or arrays"
    VOID = "nothing"


@dataclass(frozen=True, eq=False)
class Facts:
    """One type of LLVM; equal types have the same facts.

    `bits` is the width of an element, `lanes` is 0 for what is no vector. `known` types are those
    that the lowering makes, of which LLVM can generate code for every operation on every target.
    """

    type: Attribute
    kind: Kind
    bits: int = 0
    lanes: int = 0
    known: bool = False

    @property
    def total_bits(self) -> int:
        """Bits of all elements."""
        return self.bits * (self.lanes or 1)


class Types:
    """The facts of the types of a module."""

    def __init__(self) -> None:
        # By identity first: to hash a type takes longer than all else that is done with it.
        self._by_identity: dict[int, tuple[Attribute, Facts | str]] = {}
        self._by_value: dict[Attribute, Facts | str] = {}

    def look_up(self, type: Attribute) -> Facts | str:
        """The facts of `type`, or the reason why it is no type of a value in LLVM IR."""
        found = self._by_identity.get(id(type))
        if found is None:
            facts = self._by_value.get(type)
            if facts is None:
                facts = self._by_value[type] = self._facts(type)
            found = self._by_identity[id(type)] = type, facts
        return found[1]

    def _facts(self, type: Attribute) -> Facts | str:
        if isinstance(type, VectorType):
            return self._vector(type)
        if isinstance(type, IntegerType):
            return _integer(type)
        if type.__class__ in _FLOAT_BITS:
            bits = _FLOAT_BITS[type.__class__]
            return Facts(type, Kind.FLOAT, bits, known=bits >= 32)
        if isinstance(type, llvm.LLVMPointerType):
            if type.addr_space != llvm.LLVMPointerType().addr_space:
                return f"{type}: pointers are in address space 0"
            return Facts(type, Kind.POINTER, 64, known=True)
        if isinstance(type, llvm.LLVMVoidType | NoneType):
            return Facts(type, Kind.VOID)
        if isinstance(type, llvm.LLVMArrayType):
            return self._aggregate(type, [type.type], type.size.data)
        if isinstance(type, llvm.LLVMStructType):
            if type.struct_name.data:
                return f"{type}: structs have no names"
            return self._aggregate(type, type.types.data, 1)
        return (
            f"{type}: expected a signless integer, f16, f32, f64, a pointer, or a vector of these"
        )

    def _vector(self, type: VectorType) -> Facts | str:
        if type.get_num_dims() != 1 or type.get_num_scalable_dims():
            return f"{type}: vectors have one dimension of fixed length"
        lanes, element = type.get_shape()[0], self.look_up(type.element_type)
        if isinstance(element, str):
            return element
        if lanes < 1 or element.lanes or element.kind not in _ELEMENT_KINDS:
            return f"{type}: vectors have at least one lane, of an integer or a float"
        if lanes * element.bits > MAX_VALUE_BITS:
            return f"{type}: vectors have {MAX_VALUE_BITS} bits at most"
        known = (
            element.known
            and lanes & (lanes - 1) == 0
            and lanes * max(element.bits, 8) <= _KNOWN_VECTOR_BITS
        )
        return Facts(type, element.kind, element.bits, lanes, known)

    def _aggregate(self, type: Attribute, members: tuple | list, count: int) -> Facts | str:
        bits = 0
        for member in members:
            facts = self.look_up(member)
            if isinstance(facts, str):
                return facts
            if facts.kind is Kind.VOID:
                return f"{type}: a member has no type"
            bits += facts.total_bits
        if count < 0:
            return f"{type}: a number of elements is not negative"
        return Facts(type, Kind.AGGREGATE, bits * count)


_ELEMENT_KINDS = (Kind.INTEGER, Kind.FLOAT)


def _integer(type: IntegerType) -> Facts | str:
    bits = type.width.data
    if type.signedness.data is not Signedness.SIGNLESS:
        return f"{type}: integers are signless"
    if not 1 <= bits <= MAX_INTEGER_BITS:
        return f"{type}: integers have 1 to {MAX_INTEGER_BITS} bits"
    return Facts(type, Kind.INTEGER, bits, known=bits in _KNOWN_WIDTHS)
