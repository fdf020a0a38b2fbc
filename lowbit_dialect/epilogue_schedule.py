"""`#lowbit.epilogue_schedule`: how the epilogue of a kernel computes, decided at level 2."""

from __future__ import annotations

from collections.abc import Sequence

from xdsl.dialects.builtin import IntAttr
from xdsl.ir import Attribute, ParametrizedAttribute
from xdsl.irdl import irdl_attr_definition
from xdsl.parser import AttrParser
from xdsl.printer import Printer
from xdsl.utils.exceptions import VerifyException

SUM_BITS = (8, 16, 32)
"""Widths of the lanes that sums are compared in."""

WORDS = (1, 2, 4, 8, 16, 32, 64)
"""How many words of masks may be packed together."""

DEFAULTS = {"sum_bits": 32, "words": 1}


@irdl_attr_definition
class EpilogueScheduleAttr(ParametrizedAttribute):
    """How sums are compared with thresholds, and how levels are packed.

    Parameters:
        sum_bits: bits of the lanes that sums are compared in: 8, 16 or 32. Lanes of 8 and 16 bits
            need constant thresholds whose comparisons they decide as lanes of 32 bits do.
        words: how many words of a bit plane, of neighbouring pixels, are packed together, at most;
            a power of two.

    A field that has its default, `sum_bits = 32` or `words = 1`, is not printed.

    Example: #lowbit.epilogue_schedule<sum_bits = 8, words = 4>
    """

    name = "lowbit.epilogue_schedule"

    sum_bits: IntAttr
    words: IntAttr

    @staticmethod
    def get(sum_bits: int = 32, words: int = 1) -> EpilogueScheduleAttr:
        """Build the attribute from plain values."""
        return EpilogueScheduleAttr(IntAttr(sum_bits), IntAttr(words))

    @classmethod
    def parse_parameters(cls, parser: AttrParser) -> Sequence[Attribute]:
        """Parse ``<sum_bits = B, words = N>``, either of them or none."""
        values: dict[str, int] = {}

        def parse_field() -> None:
            start, name = parser.pos, parser.parse_identifier()
            if name not in DEFAULTS:
                allowed = ", ".join(DEFAULTS)
                parser.raise_error(
                    f"#lowbit.epilogue_schedule: unknown field {name}; allowed: {allowed}", start
                )
            if name in values:
                parser.raise_error(f"#lowbit.epilogue_schedule: {name} is given twice", start)
            parser.parse_punctuation("=")
            values[name] = parser.parse_integer(allow_boolean=False)

        parser.parse_comma_separated_list(parser.Delimiter.ANGLE, parse_field)
        return [IntAttr(values.get(name, default)) for name, default in DEFAULTS.items()]

    def print_parameters(self, printer: Printer) -> None:
        """Print the fields that do not have their defaults."""
        values = {"sum_bits": self.sum_bits.data, "words": self.words.data}
        fields = [f"{name} = {value}" for name, value in values.items() if value != DEFAULTS[name]]
        printer.print_string(f"<{', '.join(fields)}>")

    def verify(self) -> None:
        """Check the ranges that hold on every target."""
        for name, value, allowed in (
            ("sum_bits", self.sum_bits.data, SUM_BITS),
            ("words", self.words.data, WORDS),
        ):
            if value not in allowed:
                raise VerifyException(
                    f"#lowbit.epilogue_schedule: {name} = {value}:"
                    f" {', '.join(map(str, allowed))} are allowed"
                )


DEFAULT = EpilogueScheduleAttr.get()
"""The schedule of an epilogue that names none."""
