"""`#lowbit.schedule`: the knobs of a kernel, chosen by measurement or by the cost model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from xdsl.dialects.builtin import DictionaryAttr, IntAttr, StringAttr
from xdsl.ir import Attribute, ParametrizedAttribute
from xdsl.irdl import irdl_attr_definition
from xdsl.parser import AttrParser
from xdsl.printer import Printer
from xdsl.utils.exceptions import VerifyException

ORDERS = ("rows", "channels")

SKIPS = ("none", "rows", "all")

MAX_TILE = 256
"""Most vectors of a register tile: beyond every register file, the code would only grow."""

KnobValue = int | str


@dataclass(frozen=True)
class Knob:
    """A field of the schedule that a strategy adds: its default, and what it may be.

    `since` is the first format of tuning records whose schedules have the field.
    """

    default: KnobValue
    allowed: range | tuple[KnobValue, ...]
    since: int = 2

    def why_not(self, value: KnobValue) -> str | None:
        """Why a value is none of the field, or None where it is one."""
        if value in self.allowed:
            return None
        if isinstance(self.allowed, range):
            return f"{self.allowed.start} to {self.allowed.stop - 1} is allowed"
        return f"{', '.join(map(str, self.allowed))} are allowed"


@irdl_attr_definition
class ScheduleAttr(ParametrizedAttribute):
    """Shape of the register tile, order of the loops around it, and what a strategy adds.

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
        knobs: further fields, integers or words, which the kernel's operation names (`KNOBS`);
            those that are left out have their defaults.

    Example: #lowbit.schedule<tile = 7x2, unroll = 1, order = rows, skip = rows>
    Example: #lowbit.schedule<tile = 4x4, unroll = 1, order = rows, chunk = 2, strip = 7>
    """

    name = "lowbit.schedule"

    pixels: IntAttr
    vectors: IntAttr
    unroll: IntAttr
    order: StringAttr
    skip: StringAttr
    knobs: DictionaryAttr

    @staticmethod
    def get(
        pixels: int,
        vectors: int,
        unroll: int = 1,
        order: str = "rows",
        skip: str = "none",
        **knobs: KnobValue,
    ) -> ScheduleAttr:
        """Build the attribute from plain values."""
        return ScheduleAttr(
            IntAttr(pixels),
            IntAttr(vectors),
            IntAttr(unroll),
            StringAttr(order),
            StringAttr(skip),
            _knobs_attr(knobs),
        )

    @property
    def tile(self) -> tuple[int, int]:
        """Pixels and vectors of the register tile."""
        return self.pixels.data, self.vectors.data

    @property
    def knob_values(self) -> dict[str, KnobValue]:
        """The further fields that are given."""
        return {name: attr.data for name, attr in self.knobs.data.items()}  # pyright: ignore

    def without_skip(self) -> ScheduleAttr:
        """The schedule, with all taps in the padding executed."""
        fixed = self.pixels, self.vectors, self.unroll, self.order
        return ScheduleAttr(*fixed, StringAttr("none"), self.knobs)

    def with_knobs(self, knobs: Mapping[str, KnobValue]) -> ScheduleAttr:
        """The schedule with these further fields in place of its own."""
        fixed = self.pixels, self.vectors, self.unroll, self.order, self.skip
        return ScheduleAttr(*fixed, _knobs_attr(knobs))

    @classmethod
    def parse_parameters(cls, parser: AttrParser) -> Sequence[Attribute]:
        """Parse ``<tile = MxN, unroll = U, order = O, skip = S, KNOB = VALUE, ..>``."""
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
            order = parser.parse_identifier()
            others: dict[str, KnobValue] = {}
            while parser.parse_optional_punctuation(","):
                start = parser.pos
                name = parser.parse_identifier()
                if name in others:
                    parser.raise_error(f"#lowbit.schedule: {name} is given twice", start)
                parser.parse_punctuation("=")
                number = parser.parse_optional_integer(allow_boolean=False)
                others[name] = parser.parse_identifier() if number is None else number
        skip = others.pop("skip", "none")
        numbers = [IntAttr(pixels), IntAttr(vectors), IntAttr(unroll)]
        words = [StringAttr(order), StringAttr(str(skip))]
        return [*numbers, *words, _knobs_attr(others)]

    def print_parameters(self, printer: Printer) -> None:
        """Print all fields."""
        with printer.in_angle_brackets():
            printer.print_string(
                f"tile = {self.pixels.data}x{self.vectors.data}, unroll = {self.unroll.data},"
                f" order = {self.order.data}"
            )
            if self.skip.data != "none":
                printer.print_string(f", skip = {self.skip.data}")
            for name, value in self.knob_values.items():
                printer.print_string(f", {name} = {value}")

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


def _knobs_attr(knobs: Mapping[str, KnobValue]) -> DictionaryAttr:
    """Further fields, in the order of their names."""
    return DictionaryAttr(
        {
            name: IntAttr(knobs[name]) if isinstance(knobs[name], int) else StringAttr(knobs[name])  # pyright: ignore
            for name in sorted(knobs)
        }
    )
