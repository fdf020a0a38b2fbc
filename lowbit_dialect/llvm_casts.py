"""Casts of the `llvm` dialect that xDSL lacks, or whose properties are not those of MLIR."""

from __future__ import annotations

from abc import ABC

from xdsl.dialects import llvm
from xdsl.dialects.builtin import I32, IntegerAttr, IntegerType, UnitAttr, VectorType, i32
from xdsl.dialects.llvm import OverflowAttr
from xdsl.ir import Attribute, Operation, SSAValue
from xdsl.irdl import irdl_op_definition, opt_prop_def, traits_def
from xdsl.parser import Parser
from xdsl.printer import Printer
from xdsl.traits import Pure
from xdsl.utils.exceptions import VerifyException


def _element(type: Attribute) -> Attribute:
    return type.element_type if isinstance(type, VectorType) else type


def _lanes(type: Attribute) -> tuple[int, ...]:
    return type.get_shape() if isinstance(type, VectorType) else ()


class _LaneCastOp(llvm.GenericCastOp, ABC):
    """A conversion of a scalar or of a vector, lane by lane."""

    traits = traits_def(Pure())

    def verify_(self) -> None:
        """As many lanes come out as went in."""
        source, result = self.arg.type, self.result.type
        if _lanes(source) != _lanes(result):
            raise VerifyException(f"a cast keeps the number of lanes, got {source} and {result}")


@irdl_op_definition
class FPToSIOp(_LaneCastOp):
    """`fptosi`: floats to signed integers, towards zero; what does not fit is undefined."""

    name = "llvm.fptosi"


@irdl_op_definition
class FPToUIOp(_LaneCastOp):
    """`fptoui`: floats to unsigned integers, towards zero; what does not fit is undefined."""

    name = "llvm.fptoui"


@irdl_op_definition
class UIToFPOp(_LaneCastOp):
    """`uitofp`: unsigned integers to floats; with `nneg` a set sign bit is undefined."""

    name = "llvm.uitofp"

    nonNeg = opt_prop_def(UnitAttr)  # noqa: N815  MLIR's name

    assembly_format = "(`nneg` $nonNeg^)? $arg attr-dict `:` type($arg) `to` type($result)"


@irdl_op_definition
class TruncOp(_LaneCastOp):
    """`trunc`: integers to fewer bits.

    With `overflow<nsw>` or `overflow<nuw>` a result that is not the same number, signed or
    unsigned, is undefined. MLIR has these flags as the bits of an `i32`, xDSL as its own attribute.
    """

    name = "llvm.trunc"

    overflowFlags = opt_prop_def(IntegerAttr[I32])  # noqa: N815  MLIR's name

    assembly_format = None

    def __init__(self, arg: SSAValue | Operation, result_type: Attribute, overflow: int = 0):
        super(llvm.GenericCastOp, self).__init__(
            operands=[arg],
            result_types=[result_type],
            properties={"overflowFlags": IntegerAttr(overflow, i32)},
        )

    def verify_(self) -> None:
        """Integers become narrower, lane by lane."""
        super().verify_()
        source, result = _element(self.arg.type), _element(self.result.type)
        if not isinstance(source, IntegerType) or not isinstance(result, IntegerType):
            raise VerifyException(f"expected integers, got {self.arg.type} and {self.result.type}")
        if source.width.data <= result.width.data:
            raise VerifyException(
                f"expected fewer bits than in {self.arg.type}, got {self.result.type}"
            )

    @classmethod
    def parse(cls, parser: Parser) -> TruncOp:
        """Parse `%a overflow<nsw> : i32 to i8`."""
        arg = parser.parse_unresolved_operand()
        overflow = OverflowAttr.parse(parser)
        attributes = parser.parse_optional_attr_dict()
        parser.parse_punctuation(":")
        source = parser.parse_type()
        parser.parse_keyword("to")
        op = cls(parser.resolve_operand(arg, source), parser.parse_type(), overflow.to_int())
        op.attributes |= attributes
        return op

    def print(self, printer: Printer) -> None:
        """Print it as it is parsed."""
        printer.print_string(" ")
        printer.print_ssa_value(self.arg)
        if self.overflowFlags is not None:
            OverflowAttr.from_int(self.overflowFlags.value.data).print(printer)
        printer.print_op_attributes(self.attributes)
        printer.print_string(" : ")
        printer.print_attribute(self.arg.type)
        printer.print_string(" to ")
        printer.print_attribute(self.result.type)
