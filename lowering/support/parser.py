"""A parser that remembers where operations stand, and reads what xDSL's own does not."""

from __future__ import annotations

from bisect import bisect_right
from itertools import accumulate
from math import prod
from typing import Any

from xdsl.context import Context
from xdsl.dialects.builtin import (
    AnyDenseElement,
    AnyFloat,
    ComplexType,
    DenseIntOrFPElementsAttr,
    FileLineColLoc,
    IndexType,
    IntAttr,
    IntegerType,
    ModuleOp,
    RankedStructure,
    StringAttr,
    UnknownLoc,
)
from xdsl.ir import Operation
from xdsl.parser import AttrParser, Parser
from xdsl.utils.exceptions import DiagnosticException, ParseError
from xdsl.utils.mlir_lexer import MLIRTokenKind

from lowering.support.reproducer_options import REPRODUCER_KEY, ReproducerOptions

MAX_ELEMENTS = 1 << 26
"""Elements of the largest dense literal."""

_FORESEEN = (DiagnosticException, ParseError, ValueError, RecursionError, MemoryError)


class _BitsElement(AttrParser._TensorLiteralElement):
    """A hexadecimal element of a dense literal: of a float type it is the bits, as in MLIR.

    xDSL prints such elements, 2^23 for one, but reads them as integers, 1.26e9.
    """

    def to_type(
        self, parser: AttrParser, type: AnyFloat | IntegerType | IndexType | ComplexType
    ) -> Any:
        if not isinstance(type, AnyFloat):
            return super().to_type(parser, type)
        bits = self.to_int(parser, allow_negative=False)
        if bits >> type.bitwidth:
            parser.raise_error(f"more than {type.bitwidth} bits for {type}", self.span)
        return type.unpack(bits.to_bytes(type.bitwidth // 8, "little"), 1)[0]


class LocatingParser(Parser):
    """xDSL's parser, giving each op without a `loc(...)` the place of its text, as MLIR does.

    `line_offset` is the number of lines of the file before `text`, which matters for the chunks of
    a split file. After `parse_module`, `reproducer` holds the `mlir_reproducer` trailer, if any;
    after a failure, `failed_at` is the place of the innermost op that could not be built.
    """

    def __init__(self, ctx: Context, text: bytes, name: str, line_offset: int = 0) -> None:
        super().__init__(ctx, text, name)
        self.reproducer: ReproducerOptions | None = None
        self.failed_at: FileLineColLoc | None = None
        self._filename = StringAttr(name)
        self._line_offset = line_offset
        lines = self.lexer.input.content.split("\n")
        self._line_starts = list(accumulate((len(line) + 1 for line in lines[:-1]), initial=0))

    def parse_operation(self) -> Operation:
        """Parse one operation and give it its place."""
        start = self.pos
        try:
            op = super().parse_operation()
        except Exception:
            # Constructors and attribute verifiers raise errors that know no place.
            self.failed_at = self.failed_at or self._location(start)
            raise
        if isinstance(op.location, UnknownLoc):
            op.location = self._location(start)
        return op

    def parse_module(self, allow_implicit_module: bool = True) -> ModuleOp:
        """Parse a module.

        Raises:
            ParseError: the text is malformed.
        """
        if self._current_token.kind == MLIRTokenKind.EOF:
            self.raise_error("the input is empty: expected an operation")
        try:
            return super().parse_module(allow_implicit_module)
        except _FORESEEN:
            raise
        except Exception as error:
            # xDSL's parser does not expect a second block of a name, or numbers of any size.
            what = f"{type(error).__name__}: {error}"
            self.raise_error(f"the text before this place is malformed ({what})")

    def parse_dense_int_or_fp_elements_attr(
        self, type: RankedStructure[AnyDenseElement] | None
    ) -> DenseIntOrFPElementsAttr:
        """Parse a dense literal, all of whose elements xDSL makes, also of one value for all."""
        if type is not None:
            self._check_extents(type)
        return super().parse_dense_int_or_fp_elements_attr(type)

    def _parse_dense_literal_type(self) -> RankedStructure[AnyDenseElement]:
        type = super()._parse_dense_literal_type()
        self._check_extents(type)
        return type

    def _check_extents(self, type: RankedStructure[AnyDenseElement]) -> None:
        count = prod(type.get_shape())
        if count > MAX_ELEMENTS:
            self.raise_error(f"a dense literal has up to {MAX_ELEMENTS} elements, got {count}")

    def _parse_tensor_literal_element(self) -> AttrParser._TensorLiteralElement:
        element = super()._parse_tensor_literal_element()
        if element.span.text.lstrip("-")[:2] in ("0x", "0X"):
            return _BitsElement(element.is_negative, element.value, element.span)
        return element

    def _location(self, position: int) -> FileLineColLoc:
        line = bisect_right(self._line_starts, position)
        column = position - self._line_starts[line - 1] + 1
        return FileLineColLoc(self._filename, IntAttr(line + self._line_offset), IntAttr(column))

    def _parse_external_resources(self) -> None:
        # xDSL knows no external resources; MLIR says that unknown ones are skipped.
        self.parse_comma_separated_list(self.Delimiter.BRACES, self._parse_external_resource)

    def _parse_external_resource(self) -> None:
        owner = self.parse_identifier_or_str_literal()
        self.parse_punctuation(":")
        entries = self.parse_comma_separated_list(self.Delimiter.BRACES, self._parse_entry)
        if owner == REPRODUCER_KEY:
            start = self.pos
            try:
                self.reproducer = ReproducerOptions.from_entries(dict(entries))
            except ValueError as error:
                self.raise_error(str(error), start)

    def _parse_entry(self) -> tuple[str, str | bool]:
        key = self.parse_identifier_or_str_literal()
        self.parse_punctuation(":")
        value = self.parse_optional_boolean()
        return key, self.parse_str_literal() if value is None else value
