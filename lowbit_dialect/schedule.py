"""`#lowbit.schedule`: the knobs of a kernel, chosen by measurement or by the cost model."""

from __future__ import annotations

from collections.abc import Sequence

from xdsl.dialects.builtin import IntAttr, StringAttr
from xdsl.ir import Attribute, ParametrizedAttribute
from xdsl.irdl import irdl_attr_definition
from xdsl.parser import AttrParser
from xdsl.printer import Printer
from xdsl.utils.exceptions import VerifyException

ORDERS = ("rows", "channels")

SKIPS = ("none", "rows", "all")

MAX_TILE = 256
"""Most vectors of a register tile: beyond every register file, the code would only grow."""


@irdl_attr_definition
class ScheduleAttr(ParametrizedAttribute):
    """Shape of the register tile and order of the loops around it.

    Parameters:
        pixels: output pixels of a register tile (mr).
        vectors: vectors of output channels of a register tile (nr).
        unroll: how many of the innermost reduction loops (channel words, then kw, then kh) are
            unrolled.
        order: `rows` walks all channel blocks for a row of pixels before the next row (weights
            stay in cache); `channels` walks all rows for a channel block (weight-stationary).
        skip: taps in the padding that are not executed: `none`, `rows` of taps that fall beside
            the image as a whole, or `all`, where tiles at the left and right end of a row have
            code of their own. Left out where it is `none`.

    Example: #lowbit.schedule<tile = 7x2, unroll = 1, order = rows, skip = rows>
    """

    name = "lowbit.schedule"

    pixels: IntAttr
    vectors: IntAttr
    unroll: IntAttr
    order: StringAttr
    skip: StringAttr

    @staticmethod
    def get(
        pixels: int, vectors: int, unroll: int = 1, order: str = "rows", skip: str = "none"
    ) -> ScheduleAttr:
        """Build the attribute from plain values."""
        return ScheduleAttr(
            IntAttr(pixels), IntAttr(vectors), IntAttr(unroll), StringAttr(order), StringAttr(skip)
        )

    @classmethod
    def parse_parameters(cls, parser: AttrParser) -> Sequence[Attribute]:
        """Parse ``<tile = MxN, unroll = U, order = rows|channels, skip = none|rows|all>``."""
        with parser.in_angle_brackets():
            parser.parse_keyword("tile")
            parser.parse_punctuation("=")
            pixels = parser.parse_shape_dimension(False)
            parser.parse_shape_delimiter()
            vectors = parser.parse_shape_dimension(False)
            parser.parse_punctuation(",")
            parser.parse_keyword("unroll")
            parser.parse_punctuation("=")
            unroll = parser.parse_integer(allow_boolean=False)
            parser.parse_punctuation(",")
            parser.parse_keyword("order")
            parser.parse_punctuation("=")
            order, skip = parser.parse_identifier(), "none"
            if parser.parse_optional_punctuation(","):
                parser.parse_keyword("skip")
                parser.parse_punctuation("=")
                skip = parser.parse_identifier()
        numbers = [IntAttr(pixels), IntAttr(vectors), IntAttr(unroll)]
        return [*numbers, StringAttr(order), StringAttr(skip)]

    def print_parameters(self, printer: Printer) -> None:
        """Print all fields."""
        with printer.in_angle_brackets():
            printer.print_string(
                f"tile = {self.pixels.data}x{self.vectors.data}, unroll = {self.unroll.data},"
                f" order = {self.order.data}"
            )
            if self.skip.data != "none":
                printer.print_string(f", skip = {self.skip.data}")

    def verify(self) -> None:
        """Check the ranges that hold on every target."""
        if self.pixels.data < 1 or self.vectors.data < 1:
            raise VerifyException(
                f"#lowbit.schedule: tile {self.pixels.data}x{self.vectors.data} is empty"
            )
        if self.pixels.data * self.vectors.data > MAX_TILE:
            raise VerifyException(
                f"#lowbit.schedule: tile {self.pixels.data}x{self.vectors.data} holds more than"
                f" {MAX_TILE} vectors"
            )
        if not 0 <= self.unroll.data <= 3:
            raise VerifyException(
                f"#lowbit.schedule: unroll = {self.unroll.data}: 0 to 3 reduction loops"
                " (channel words, kw, kh) can be unrolled"
            )
        if self.order.data not in ORDERS:
            raise VerifyException(
                f"#lowbit.schedule: order = {self.order.data}: rows and channels are allowed"
            )
        if self.skip.data not in SKIPS:
            raise VerifyException(
                f"#lowbit.schedule: skip = {self.skip.data}: none, rows and all are allowed"
            )
