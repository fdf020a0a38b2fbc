"""Value codes: what the bits of a low-bit element mean.

A code of b bits maps the bit pattern (x_{b-1} .. x_0) to an integer. Three of the four codes are
*affine in their bits*, ``x = alpha + sum_p beta_p x_p``, which is all that the bit-serial kernels
need to know of them; a codebook is any table of 2^b integers.
"""

from __future__ import annotations

import re
from abc import abstractmethod
from collections.abc import Iterable, Sequence
from functools import lru_cache
from operator import index

import numpy as np
from numpy.typing import NDArray
from typing_extensions import override
from xdsl.dialects.builtin import ArrayAttr, IntAttr
from xdsl.ir import Attribute, ParametrizedAttribute, TypeAttribute
from xdsl.irdl import irdl_attr_definition
from xdsl.parser import AttrParser
from xdsl.printer import Printer
from xdsl.utils.exceptions import VerifyException

from lowbit_dialect.affine import Affine, affine_values

MAX_BITS = 8


class Code(ParametrizedAttribute, TypeAttribute):
    """Base of the element types that say what low-bit patterns mean."""

    @property
    def keyword(self) -> str:
        """The code's name without the dialect: unipolar, bipolar, signed or codebook."""
        return self.name.removeprefix("lowbit.")

    @property
    @abstractmethod
    def width(self) -> int:
        """Number of bits b."""

    @property
    @abstractmethod
    def values(self) -> NDArray[np.int64]:
        """Value of every bit pattern, indexed by the pattern (2^b entries)."""

    @property
    @abstractmethod
    def affine(self) -> Affine | None:
        """The affine form, or None for a codebook."""

    @property
    def patterns_by_level(self) -> NDArray[np.uint8]:
        """Bit pattern of each level number, levels ascending in value."""
        return np.argsort(self.values, kind="stable").astype(np.uint8)

    @property
    def min_value(self) -> int:
        """Smallest representable value."""
        return int(self.values.min())

    @property
    def max_value(self) -> int:
        """Largest representable value."""
        return int(self.values.max())

    @property
    def max_magnitude(self) -> int:
        """Largest absolute value."""
        return max(abs(self.min_value), abs(self.max_value))

    def decode(self, patterns: NDArray[np.integer]) -> NDArray[np.int64]:
        """Values of bit patterns; bits above the code's width are ignored."""
        return self.values[np.asarray(patterns).astype(np.int64) & ((1 << self.width) - 1)]

    def encode(self, values: NDArray[np.integer], name: str = "values") -> NDArray[np.uint8]:
        """Bit patterns of integers.

        Raises:
            ValueError: the array is not of integers, or an element is not a value of the code;
                the message names the array, the element, its index, and what is allowed.
        """
        array = np.asarray(values)
        if array.dtype.kind not in "iub":
            raise ValueError(f"{name}: expected integers of code {self}, got dtype {array.dtype}")
        if array.size == 0:
            return array.astype(np.uint8)
        low, high = int(array.min()), int(array.max())
        if low >= self.min_value and high <= self.max_value:
            patterns = _pattern_table(self)[array.astype(np.int64) - self.min_value]
            if patterns.min() >= 0:
                return patterns.astype(np.uint8)
        flat = array.reshape(-1)
        # Each dtype on its own terms: next to int64, uint64 would be rounded to float64.
        is_value = (flat >= self.min_value) & (flat <= self.max_value)
        is_value[is_value] = (
            _pattern_table(self)[flat[is_value].astype(np.int64) - self.min_value] >= 0
        )
        position = int(np.argmin(is_value))
        index = [int(i) for i in np.unravel_index(position, array.shape)]
        raise ValueError(
            f"{name}: {int(flat[position])} at index {index} is not a value of code {self}"
            f" ({self.describe_values()})"
        )

    def describe_values(self) -> str:
        """The allowed values, for messages."""
        return f"{self.min_value} .. {self.max_value}"

    def __str__(self) -> str:
        return f"{self.keyword}<{self.width}>"


def _int_attr(value: int | IntAttr) -> IntAttr:
    """An integer of any type as an attribute.

    Raises:
        VerifyException: it is none.
    """
    if isinstance(value, IntAttr):
        return value
    try:
        return IntAttr(index(value))
    except TypeError:
        raise VerifyException(f"a code is made of integers, got {value!r}") from None


@lru_cache(maxsize=64)  # there is no end of codebooks, and a table takes up to 128 kB
def _pattern_table(code: Code) -> NDArray[np.int16]:
    """Pattern of value ``min_value + i``, or -1 where the code has no such value."""
    table = np.full(code.max_value - code.min_value + 1, -1, np.int16)
    table[code.values - code.min_value] = np.arange(len(code.values))
    return table


class AffineCode(Code):
    """A code of 1 to 8 bits that is affine in them."""

    bits: IntAttr

    def __init__(self, bits: int | IntAttr):
        super().__init__(_int_attr(bits))

    @classmethod
    def parse_parameters(cls, parser: AttrParser) -> Sequence[Attribute]:
        """Parse ``<b>``."""
        with parser.in_angle_brackets():
            return [IntAttr(parser.parse_integer(allow_boolean=False))]

    def print_parameters(self, printer: Printer) -> None:
        """Print ``<b>``."""
        with printer.in_angle_brackets():
            printer.print_int(self.width)

    def verify(self) -> None:
        """Check the width."""
        if not 1 <= self.bits.data <= MAX_BITS:
            raise VerifyException(
                f"{self.keyword} code of {self.bits.data} bits: 1 to {MAX_BITS} are allowed"
            )

    @property
    @override
    def width(self) -> int:
        return self.bits.data

    @property
    @abstractmethod
    @override
    def affine(self) -> Affine: ...

    @property
    @override
    def values(self) -> NDArray[np.int64]:
        return affine_values(self.affine)


@irdl_attr_definition
class UnipolarType(AffineCode):
    """Plain binary number of bits x_p: sum_p 2^p x_p, 0 .. 2^b - 1. A ReLU gives these."""

    name = "lowbit.unipolar"
    bits: IntAttr

    def __init__(self, bits: int | IntAttr):
        super().__init__(bits)

    @property
    @override
    def affine(self) -> Affine:
        return Affine(0, tuple(1 << p for p in range(self.width)))


@irdl_attr_definition
class BipolarType(AffineCode):
    """Every bit stands for +-1: sum_p 2^p (2 x_p - 1), the odd numbers in +-(2^b - 1).

    With b = 1 the bit 0 is -1 and the bit 1 is +1.
    """

    name = "lowbit.bipolar"
    bits: IntAttr

    def __init__(self, bits: int | IntAttr):
        super().__init__(bits)

    @property
    @override
    def affine(self) -> Affine:
        return Affine(1 - (1 << self.width), tuple(2 << p for p in range(self.width)))

    @override
    def describe_values(self) -> str:
        return f"odd numbers {self.min_value} .. {self.max_value}"


@irdl_attr_definition
class SignedType(AffineCode):
    """Two's complement of b bits, -2^(b-1) .. 2^(b-1) - 1; b = 2 holds ternary values."""

    name = "lowbit.signed"
    bits: IntAttr

    def __init__(self, bits: int | IntAttr):
        super().__init__(bits)

    @property
    @override
    def affine(self) -> Affine:
        top = self.width - 1
        return Affine(0, (*(1 << p for p in range(top)), -(1 << top)))


@irdl_attr_definition
class CodebookType(Code):
    """Any 2^b distinct integers, listed by bit pattern; bit-serial kernels do not take it."""

    name = "lowbit.codebook"
    bits: IntAttr
    entries: ArrayAttr[IntAttr]

    def __init__(self, bits: int | IntAttr, entries: Sequence[int] | ArrayAttr[IntAttr]):
        if not isinstance(entries, ArrayAttr):
            listed = list(entries) if isinstance(entries, Iterable) else [entries]
            entries = ArrayAttr([_int_attr(entry) for entry in listed])
        super().__init__(_int_attr(bits), entries)

    @classmethod
    def parse_parameters(cls, parser: AttrParser) -> Sequence[Attribute]:
        """Parse ``<b, [v0, v1, ..]>``."""
        with parser.in_angle_brackets():
            bits = parser.parse_integer(allow_boolean=False)
            parser.parse_punctuation(",")
            entries = parser.parse_comma_separated_list(
                parser.Delimiter.SQUARE, lambda: parser.parse_integer(allow_boolean=False)
            )
        return [IntAttr(bits), ArrayAttr([IntAttr(e) for e in entries])]

    def print_parameters(self, printer: Printer) -> None:
        """Print ``<b, [v0, v1, ..]>``."""
        with printer.in_angle_brackets():
            printer.print_int(self.width)
            printer.print_string(", ")
            with printer.in_square_brackets():
                printer.print_list(self.entries.data, lambda e: printer.print_int(e.data))

    def verify(self) -> None:
        """Check width, number of entries, that they differ and are small enough for i32 sums."""
        if not 1 <= self.width <= MAX_BITS:
            raise VerifyException(
                f"codebook code of {self.width} bits: 1 to {MAX_BITS} are allowed"
            )
        if len(self.entries) != 1 << self.width:
            raise VerifyException(
                f"codebook of {self.width} bits lists {len(self.entries)} values,"
                f" {1 << self.width} are needed"
            )
        listed = [e.data for e in self.entries]
        if len(set(listed)) != len(listed):
            raise VerifyException(f"codebook lists a value twice: {listed}")
        if max(map(abs, listed)) > 1 << 15:
            raise VerifyException(f"codebook values must lie in +-32768, got {listed}")

    @property
    @override
    def width(self) -> int:
        return self.bits.data

    @property
    @override
    def affine(self) -> None:
        return None

    @property
    @override
    def values(self) -> NDArray[np.int64]:
        return np.array([e.data for e in self.entries], np.int64)

    @override
    def describe_values(self) -> str:
        return f"one of {sorted(self.values.tolist())}"

    def __str__(self) -> str:
        return f"codebook<{self.width}, {self.values.tolist()}>"


def affine(code: Code) -> AffineCode:
    """A code that is known to be affine."""
    assert isinstance(code, AffineCode), f"{code} is not affine"
    return code


AFFINE_CODES: dict[str, type[AffineCode]] = {
    code.name.removeprefix("lowbit."): code for code in (UnipolarType, BipolarType, SignedType)
}


_AFFINE_TEXT = re.compile(rf"\s*(?:!lowbit\.)?({'|'.join(AFFINE_CODES)})<\s*(-?\d+)\s*>\s*")
_CODEBOOK_TEXT = re.compile(r"\s*(?:!lowbit\.)?codebook<\s*(-?\d+)\s*,\s*\[([^\]]*)\]\s*>\s*")
_INTEGER_TEXT = re.compile(r"\s*-?\d+\s*")


def parse_code(text: str | Attribute) -> Code:
    """The code written ``unipolar<2>``, ``bipolar<1>``, ``signed<4>`` or ``codebook<2, [..]>``.

    Raises:
        ValueError: the text is none of these; the message lists what is allowed.
    """
    if isinstance(text, Code):
        return text
    if not isinstance(text, str):
        raise ValueError(f"expected a code such as 'unipolar<2>', got {text}")
    try:
        if match := _AFFINE_TEXT.fullmatch(text):
            return AFFINE_CODES[match[1]](int(match[2]))
        if match := _CODEBOOK_TEXT.fullmatch(text):
            entries = match[2].split(",")
            if not all(_INTEGER_TEXT.fullmatch(entry) for entry in entries):
                raise ValueError("its values must be integers")
            return CodebookType(int(match[1]), [int(entry) for entry in entries])
    except (ValueError, VerifyException) as error:
        raise ValueError(f"bad code {text!r}: {error}") from error
    allowed = ", ".join(f"{k}<b>" for k in AFFINE_CODES)
    raise ValueError(f"unknown code {text!r}: allowed are {allowed}, codebook<b, [values]>")
