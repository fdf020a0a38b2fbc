"""The assembly format that all lowbit operations share.

    %r = lowbit.op %a, %b clause [1, 2] clause word : (type, type) -> type

A *clause* is a property printed as a keyword and a value; it is left out where it has its default.
"""

from __future__ import annotations

import struct
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import prod
from typing import Any, ClassVar, Self

from numpy.typing import NDArray
from xdsl.dialects.builtin import (
    DYNAMIC_INDEX,
    DenseArrayBase,
    Float32Type,
    IntegerAttr,
    IntegerType,
    MemRefType,
    NoneAttr,
    StringAttr,
    TensorType,
    UnitAttr,
    f32,
    i64,
)
from xdsl.ir import Attribute, Operation, Region, SSAValue
from xdsl.irdl import IRDLOperation
from xdsl.parser import Parser
from xdsl.printer import Printer
from xdsl.utils.exceptions import VerifyException

from lowbit_dialect.codes import Code
from lowbit_dialect.layouts.packed import PackedAttr, packed_layout
from lowbit_dialect.sums.base import INT32_MAX


@dataclass(frozen=True)
class ClauseKind:
    """How the value of a clause is parsed and printed."""

    parse: Callable[[Parser], Attribute]
    print: Callable[[Printer, Any], None]


@dataclass(frozen=True)
class Clause:
    """A property, the kind of its value, and the default that is not printed.

    `derived` says in words what stands for it where it is not given and follows from the operands.
    """

    name: str
    kind: ClauseKind
    default: Attribute | None = None
    derived: str = ""


INTS_PROPERTY = DenseArrayBase.constr(i64)
"""What a property of a clause of integers may hold."""

INT_PROPERTY = IntegerAttr.constr(i64)
"""What a property of a clause of one integer may hold."""


def int_list(attr: Attribute) -> list[int]:
    """The integers of a property that is a list of them."""
    assert isinstance(attr, DenseArrayBase)
    return list(attr.get_values())


def ints(values: Sequence[int]) -> DenseArrayBase[IntegerType]:
    """Property value of a list of integers."""
    return DenseArrayBase.from_list(i64, list(values))


def int_(value: int) -> IntegerAttr[IntegerType]:
    """Property value of an integer."""
    return IntegerAttr(value, i64)


def floats(values: Sequence[float]) -> DenseArrayBase[Float32Type]:
    """Property value of a list of f32."""
    return DenseArrayBase.from_list(f32, list(values))


def _parse_i64(parser: Parser) -> int:
    start = parser.pos
    value = parser.parse_integer(allow_boolean=False)
    if not -(1 << 63) <= value < 1 << 63:
        parser.raise_error(f"{value} does not fit in i64", start)
    return value


def _parse_f32(parser: Parser) -> float:
    start = parser.pos
    number = parser.parse_number(allow_boolean=False)
    try:
        if parser.lexer.input.content.startswith("0x", start):  # as in MLIR, the bits of the float
            return struct.unpack("<f", int(number).to_bytes(4, "little"))[0]
        value = float(number)
        struct.pack("<f", value)
    except OverflowError:
        parser.raise_error("the number does not fit in f32", start)
    return value


def _parse_ints(parser: Parser) -> Attribute:
    return ints(
        parser.parse_comma_separated_list(parser.Delimiter.SQUARE, lambda: _parse_i64(parser))
    )


def _parse_floats(parser: Parser) -> Attribute:
    return floats(
        parser.parse_comma_separated_list(parser.Delimiter.SQUARE, lambda: _parse_f32(parser))
    )


def _print_ints(printer: Printer, attr: DenseArrayBase[IntegerType]) -> None:
    with printer.in_square_brackets():
        printer.print_list(attr.get_values(), printer.print_int)


def _print_floats(printer: Printer, attr: DenseArrayBase[Float32Type]) -> None:
    with printer.in_square_brackets():
        printer.print_list(attr.get_values(), lambda value: printer.print_float(value, f32))


INTS = ClauseKind(_parse_ints, _print_ints)
FLOATS = ClauseKind(_parse_floats, _print_floats)
INT = ClauseKind(
    lambda parser: int_(_parse_i64(parser)),
    lambda printer, attr: printer.print_string(str(attr.value.data)),
)
WORD = ClauseKind(
    lambda parser: StringAttr(parser.parse_identifier()),
    lambda printer, attr: printer.print_string(attr.data),
)
ATTRIBUTE = ClauseKind(
    lambda parser: parser.parse_attribute(),
    lambda printer, attr: printer.print_attribute(attr),
)
FLAG = ClauseKind(lambda parser: UnitAttr(), lambda printer, attr: None)


class LowbitOp(IRDLOperation, ABC):
    """An operation in the format of this file; `CLAUSES` lists its properties."""

    CLAUSES: ClassVar[tuple[Clause, ...]] = ()
    REGION_KEYWORD: ClassVar[str | None] = None
    YIELDS: ClassVar[bool] = False
    """Whether its region ends in `lowbit.yield`."""

    @classmethod
    def build_op(
        cls,
        operands: Sequence[SSAValue | Operation],
        result_types: Sequence[Attribute],
        regions: Sequence[Region] = (),
        /,
        **properties: Attribute | None,
    ) -> Self:
        """Create the operation, filling in the defaults of clauses that are not given."""
        filled = {c.name: c.default for c in cls.CLAUSES if c.default is not None}
        filled |= {name: value for name, value in properties.items() if value is not None}
        values = [SSAValue.get(o) for o in operands]
        cls.derive(values, filled)
        return cls.create(
            operands=values,
            result_types=list(result_types),
            properties=filled,
            regions=list(regions) or ([Region()] if cls.REGION_KEYWORD else []),
        )

    @classmethod
    def derive(cls, operands: Sequence[SSAValue], properties: dict[str, Attribute]) -> None:
        """Add properties that are not given and follow from the operands or from others."""

    @classmethod
    def parse(cls, parser: Parser) -> Self:
        """Parse operands, clauses, types and the region."""
        unresolved = parser.parse_optional_undelimited_comma_separated_list(
            parser.parse_optional_unresolved_operand, parser.parse_unresolved_operand
        )
        clauses = {c.name: c for c in cls.CLAUSES}
        properties: dict[str, Attribute | None] = {}
        while (name := parser.parse_optional_identifier()) is not None:
            if name not in clauses or name in properties:
                twice = "given twice" if name in properties else "unknown"
                parser.raise_error(
                    f"{cls.name}: clause {name!r} is {twice}; allowed: {', '.join(clauses) or '-'}"
                )
            properties[name] = clauses[name].kind.parse(parser)
        attributes = parser.parse_optional_attr_dict()
        parser.parse_punctuation(":")
        types = parser.parse_function_type()
        operands = parser.resolve_operands(unresolved or [], types.inputs.data, parser.pos)
        regions = []
        if cls.REGION_KEYWORD and parser.parse_optional_keyword(cls.REGION_KEYWORD):
            regions = [parser.parse_region()]
        op = cls.build_op(operands, types.outputs.data, regions, **properties)
        op.attributes |= attributes
        return op

    def print(self, printer: Printer) -> None:
        """Print operands, clauses that differ from their default, types and the region."""
        if self.operands:
            printer.print_string(" ")
            printer.print_list(self.operands, printer.print_operand)
        for clause in self.CLAUSES:
            value = self.properties.get(clause.name)
            if value is not None and value != clause.default:
                printer.print_string(f" {clause.name}")
                if clause.kind is not FLAG:
                    printer.print_string(" ")
                    clause.kind.print(printer, value)
        printer.print_op_attributes(self.attributes)
        printer.print_string(" : ")
        printer.print_function_type(self.operand_types, self.result_types)
        if self.REGION_KEYWORD and self.regions[0].blocks:
            printer.print_string(f" {self.REGION_KEYWORD} ")
            printer.print_region(self.regions[0])


class TensorOp(LowbitOp, ABC):
    """An operation of level 1 with one result, computed from the elements of its operands."""

    @abstractmethod
    def evaluate(self, *operands: NDArray) -> NDArray:
        """What the reference computes.

        Args:
            operands: arrays of the operands' logical shapes: the integers that a code stands for,
                packed or not, otherwise numbers of the numpy dtype.

        Returns:
            The elements of the result, likewise.

        Raises:
            ValueError: the reference does not take these numbers.
        """


def code_of(type_: Attribute, role: str) -> Code:
    """Code of a tensor type.

    Raises:
        VerifyException: `type_` is not a tensor of a value code, or has another encoding than
            `#lowbit.packed`, or one that cannot hold the code.
    """
    if isinstance(type_, TensorType) and isinstance(type_.element_type, Code):
        if not isinstance(type_.encoding, NoneAttr | PackedAttr):
            raise VerifyException(f"{role} may be encoded as #lowbit.packed only, got {type_}")
        if isinstance(type_.encoding, PackedAttr):
            type_.encoding.verify_code(type_.element_type)
        return type_.element_type
    raise VerifyException(
        f"{role} must be a tensor of a value code (!lowbit.unipolar<b>, bipolar, signed or"
        f" codebook), got {type_}"
    )


def expect_type(actual: Attribute, expected: Attribute, role: str) -> None:
    """Raise a VerifyException that names the role where the types differ."""
    if actual != expected:
        raise VerifyException(f"{role} must be {expected}, got {actual}")


def static_shape(type_: Attribute, rank: int | None, role: str) -> tuple[int, ...]:
    """Shape of a tensor type whose extents are known and positive.

    Raises:
        VerifyException: not a tensor, another rank, an extent unknown or zero, more elements than
            i32 counts, or a packed layout that does not fit the shape.
    """
    if not isinstance(type_, TensorType):
        raise VerifyException(f"{role} must be a tensor, got {type_}")
    shape = type_.get_shape()
    if rank is not None and len(shape) != rank:
        raise VerifyException(f"{role} must have {rank} dimensions, got {len(shape)}")
    if any(extent < 1 for extent in shape):
        extents = "x".join("?" if e == DYNAMIC_INDEX else str(e) for e in shape)
        raise VerifyException(f"{role} must have known, positive extents, got {extents}")
    verify_elements(shape, role)
    layout = packed_layout(type_)
    if layout is not None and isinstance(type_.element_type, Code):
        layout.verify_code(type_.element_type)
        verify_elements(layout.physical_shape(shape, type_.element_type.width), f"packed {role}")
    return shape


def static_memory(type_: MemRefType, role: str) -> tuple[int, ...]:
    """Shape of a memref whose extents are known and positive, of fewer than 2^31 elements.

    Raises:
        VerifyException: the extents are others; the message starts with `role`.
    """
    shape = type_.get_shape()
    if any(extent < 1 for extent in shape):
        raise VerifyException(f"{role} must have known, positive extents, got {type_}")
    verify_elements(shape, role)
    return shape


def verify_elements(shape: Sequence[int], role: str) -> None:
    """Check that a tensor of this shape has fewer than 2^31 elements (words, where packed).

    Offsets must fit the 32-bit index type of small targets.
    """
    if prod(shape) > INT32_MAX:
        raise VerifyException(f"{role} has 2^31 elements or more: {list(shape)}")
