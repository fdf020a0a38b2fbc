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

PRODUCT_BITS = (32, 64)
"""Widths of the products of sums with the multipliers of glue in scale form."""

DEFAULTS = {"sum_bits": 32, "words": 1, "product_bits": 64}


@irdl_attr_definition
class EpilogueScheduleAttr(ParametrizedAttribute):
    """How sums are compared with thresholds or scaled, and how levels are packed.

    Parameters:
        sum_bits: bits of the lanes that sums are compared in: 8, 16 or 32. Lanes of 8 and 16 bits
            need constant thresholds whose comparisons they decide as lanes of 32 bits do.
        words: how many words of a bit plane, of neighbouring pixels, are packed together, at most;
            a power of two.
        product_bits: bits of the products of glue in scale form. 32 bits need constants for which
            `(sum * multiplier + bias) >> shift` gives every sum the same level.

    A field that has its default (32, 1 and 64) is not printed.

    Example: #lowbit.epilogue_schedule<sum_bits = 8, words = 4>
    """

    name = "lowbit.epilogue_schedule"

    sum_bits: IntAttr
    words: IntAttr
    product_bits: IntAttr

    @staticmethod
    def get(sum_bits: int = 32, words: int = 1, product_bits: int = 64) -> EpilogueScheduleAttr:
        """Build the attribute from plain values."""
        return EpilogueScheduleAttr(IntAttr(sum_bits), IntAttr(words), IntAttr(product_bits))

    @property
    def values(self) -> dict[str, int]:
        """The fields by name."""
        return {
            "sum_bits": self.sum_bits.data,
            "words": self.words.data,
            "product_bits": self.product_bits.data,
        }

    @classmethod
    def parse_parameters(cls, parser: AttrParser) -> Sequence[Attribute]:
        """Parse ``<sum_bits = B, words = N, product_bits = P>``, any of them or none."""
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
        values = self.values.items()
        fields = [f"{name} = {value}" for name, value in values if value != DEFAULTS[name]]
        printer.print_string(f"<{', '.join(fields)}>")

    def verify(self) -> None:
        """Check the ranges that hold on every target."""
        allowed = {"sum_bits": SUM_BITS, "words": WORDS, "product_bits": PRODUCT_BITS}
        for name, value in self.values.items():
            if value not in allowed[name]:
                raise VerifyException(
                    f"#lowbit.epilogue_schedule: {name} = {value}:"
                    f" {', '.join(map(str, allowed[name]))} are allowed"
                )


DEFAULT = EpilogueScheduleAttr.get()
"""The schedule of an epilogue that names none."""
