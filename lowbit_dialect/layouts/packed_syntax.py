"""How `#lowbit.packed` is written."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from xdsl.dialects.builtin import ArrayAttr, IntAttr, IntegerType, StringAttr
from xdsl.ir import Attribute
from xdsl.parser import AttrParser
from xdsl.printer import Printer

if TYPE_CHECKING:
    from lowbit_dialect.layouts.packed import PackedAttr

WORD_BITS = (8, 16, 32, 64)
PLANE = -1
"""Entry of `order` that stands for the bit-plane axis (printed `p`)."""
FIELDS = ("frame", "lanes", "groups", "bytes", "bits", "shift", "index")
"""The fields that may be left out."""
BYTES = ("", "levels", "values", "digits")
"""What the bytes of a word hold; the empty word is for words of bits."""
LEVEL_BITS = (1, 2, 4, 8)
"""Bits that a level may take in a word of levels."""


def int_list_attr(values: Sequence[int]) -> ArrayAttr[IntAttr]:
    """Integers as an attribute."""
    return ArrayAttr([IntAttr(v) for v in values])


def parse_packed(parser: AttrParser) -> Sequence[Attribute]:
    """Parse ``<axis = A, word = iW, order = [..] (, frame = [..] , lanes = [d, n], ..)>``."""
    given: dict[str, Attribute] = {}
    with parser.in_angle_brackets():
        parser.parse_keyword("axis")
        parser.parse_punctuation("=")
        axis = parser.parse_integer(allow_boolean=False)
        parser.parse_punctuation(",")
        parser.parse_keyword("word")
        parser.parse_punctuation("=")
        word = parser.parse_type()
        if not isinstance(word, IntegerType) or word != IntegerType(word.width):
            parser.raise_error(f"word must be i8, i16, i32 or i64, got {word}")
        parser.parse_punctuation(",")
        parser.parse_keyword("order")
        parser.parse_punctuation("=")
        order = parser.parse_comma_separated_list(
            parser.Delimiter.SQUARE, lambda: _parse_order_entry(parser)
        )
        while parser.parse_optional_punctuation(",") is not None:
            field = parser.parse_identifier()
            if field not in FIELDS or field in given:
                twice = "given twice" if field in given else "unknown"
                parser.raise_error(
                    f"#lowbit.packed: field {field!r} is {twice};"
                    f" {', '.join(FIELDS[:-1])} and {FIELDS[-1]} are allowed"
                )
            parser.parse_punctuation("=")
            if field in ("groups", "bits", "shift"):
                given[field] = IntAttr(parser.parse_integer(allow_boolean=False))
            elif field == "bytes":
                given[field] = StringAttr(parser.parse_identifier())
            else:
                given[field] = int_list_attr(
                    parser.parse_comma_separated_list(
                        parser.Delimiter.SQUARE,
                        lambda: parser.parse_integer(allow_boolean=False),
                    )
                )
    none = int_list_attr(())
    return [
        IntAttr(axis),
        IntAttr(word.width.data),
        int_list_attr(order),
        given.get("frame", none),
        given.get("lanes", none),
        given.get("groups", IntAttr(1)),
        given.get("bytes", StringAttr("")),
        given.get("bits", IntAttr(8)),
        given.get("shift", IntAttr(0)),
        given.get("index", none),
    ]


def print_packed(layout: PackedAttr, printer: Printer) -> None:
    """Print the fields, leaving out those that hold nothing."""
    order = ", ".join("p" if d.data == PLANE else str(d.data) for d in layout.order)
    fields = [
        f"axis = {layout.axis.data}",
        f"word = i{layout.word_bits.data}",
        f"order = [{order}]",
    ]
    for name, value in (("frame", layout.frame), ("lanes", layout.lanes)):
        if len(value):
            fields.append(f"{name} = [{', '.join(str(d.data) for d in value)}]")
    if layout.groups.data != 1:
        fields.append(f"groups = {layout.groups.data}")
    if layout.bytes.data:
        fields.append(f"bytes = {layout.bytes.data}")
    if layout.bits.data != 8:
        fields.append(f"bits = {layout.bits.data}")
    if layout.shift.data:
        fields.append(f"shift = {layout.shift.data}")
    if len(layout.index):
        fields.append(f"index = [{', '.join(str(d.data) for d in layout.index)}]")
    with printer.in_angle_brackets():
        printer.print_string(", ".join(fields))


def _parse_order_entry(parser: AttrParser) -> int:
    if parser.parse_optional_keyword("p") is not None:
        return PLANE
    return parser.parse_integer(allow_boolean=False, allow_negative=False)
