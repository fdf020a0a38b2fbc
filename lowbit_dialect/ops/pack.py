"""`lowbit.constant`, `lowbit.bitpack` and `lowbit.unpack`: values and how they lie in memory."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Self

import numpy as np
from numpy.typing import NDArray
from xdsl.dialects.builtin import BytesAttr, DenseArrayBase, TensorType, i8
from xdsl.ir import Attribute, Operation, SSAValue
from xdsl.irdl import (
    IRDLOperation,
    irdl_op_definition,
    operand_def,
    prop_def,
    result_def,
    traits_def,
)
from xdsl.parser import Parser
from xdsl.printer import Printer
from xdsl.traits import ConstantLike, Pure
from xdsl.utils.exceptions import VerifyException

from lowbit_dialect.arguments import INT64_MAX
from lowbit_dialect.layouts.images import foreign_bytes, pattern_bytes, patterns_of
from lowbit_dialect.layouts.packed import PackedAttr, byte_count, packed_layout
from lowbit_dialect.ops.base import LowbitOp, code_of, expect_type, static_shape, verify_elements

INLINE_ELEMENTS = 64
"""Constants of at most so many elements print their values, larger ones their bytes."""


def with_encoding(type_: TensorType, layout: PackedAttr | None) -> TensorType:
    """The tensor type with another layout."""
    if layout is None:
        return TensorType(type_.element_type, type_.get_shape())
    return TensorType(type_.element_type, type_.get_shape(), layout)


@irdl_op_definition
class ConstantOp(IRDLOperation):
    """A low-bit constant, held as its memory image (packed where its type is packed).

    Written with its values, `lowbit.constant [1, -1, 1, 1] : tensor<2x2x!lowbit.bipolar<1>>`, in
    row-major order, or with its bytes, `lowbit.constant "0x0d"`; small unpacked ones print values.
    """

    name = "lowbit.constant"

    image = prop_def(DenseArrayBase.constr(i8))
    result = result_def(TensorType)
    traits = traits_def(Pure(), ConstantLike())

    @staticmethod
    def from_patterns(patterns: NDArray[np.integer], type_: TensorType) -> ConstantOp:
        """Constant of these bit patterns (logical shape), laid out as the type says."""
        return ConstantOp.from_image(pattern_bytes(patterns, type_), type_)

    @staticmethod
    def from_image(image: bytes, type_: TensorType) -> ConstantOp:
        """Constant with this memory image."""
        return ConstantOp.create(
            properties={"image": DenseArrayBase(i8, BytesAttr(image))}, result_types=[type_]
        )

    @property
    def image_bytes(self) -> bytes:
        """The memory image."""
        return self.image.data.data

    @staticmethod
    def from_values(
        values: NDArray[np.integer], type_: TensorType, name: str = "constant"
    ) -> ConstantOp:
        """Constant of these integers (logical shape), which messages call `name`.

        Raises:
            ValueError: an element is not a value of the type's code, or they are too few or many.
        """
        if np.size(values) != prod(type_.get_shape()):
            raise ValueError(
                f"{name}: {np.size(values)} values, {type_} takes {prod(type_.get_shape())}"
            )
        patterns = code_of(type_, "type").encode(values, name)
        return ConstantOp.from_patterns(patterns.reshape(type_.get_shape()), type_)

    @property
    def patterns(self) -> NDArray[np.uint8]:
        """Bit patterns, logical shape."""
        return patterns_of(self.image_bytes, self.result.type)

    @property
    def values(self) -> NDArray[np.int64]:
        """Integer values, logical shape."""
        return code_of(self.result.type, "result").decode(self.patterns)

    def verify_(self) -> None:
        """Check that the bytes are as many as the type needs."""
        code_of(self.result.type, "result")
        static_shape(self.result.type, None, "result")
        needed = byte_count(self.result.type)
        if len(self.image_bytes) != needed:
            raise VerifyException(
                f"{len(self.image_bytes)} bytes given, {self.result.type} takes {needed}"
            )
        image = np.frombuffer(self.image_bytes, np.uint8)
        foreign = foreign_bytes(image, self.result.type)
        if foreign.any():
            where = int(np.argmax(foreign))
            raise VerifyException(
                f"byte {where}, 0x{image[where]:02x}, sets bits that no element of"
                f" {self.result.type} has"
            )

    @classmethod
    def parse(cls, parser: Parser) -> Self:
        """Parse values in brackets or a hex string, attributes and the type."""
        start = parser.pos
        text = parser.parse_optional_str_literal()
        values = None
        if text is None:
            values = parser.parse_comma_separated_list(
                parser.Delimiter.SQUARE, lambda: parser.parse_integer(allow_boolean=False)
            )
        attributes = parser.parse_optional_attr_dict()
        parser.parse_punctuation(":")
        type_ = parser.parse_type()
        try:
            if values is None:
                if text is None or not text.startswith("0x"):
                    raise ValueError('the bytes of a constant are written "0x.."')
                image = bytes.fromhex(text[2:])
            else:
                image = _image_of_values(values, type_)
        except (ValueError, VerifyException) as error:
            parser.raise_error(f"lowbit.constant: {error}", start)
        return cls.create(
            properties={"image": DenseArrayBase(i8, BytesAttr(image))},
            result_types=[type_],
            attributes=attributes,
        )

    def print(self, printer: Printer) -> None:
        """Print the values of a small unpacked constant, the bytes of any other."""
        type_ = self.result.type
        small = packed_layout(type_) is None and self.values.size <= INLINE_ELEMENTS
        if small:
            listed = ", ".join(str(v) for v in self.values.reshape(-1))
            printer.print_string(f" [{listed}]")
        else:
            printer.print_string(f' "0x{self.image_bytes.hex()}"')
        printer.print_op_attributes(self.attributes)
        printer.print_string(" : ")
        printer.print_attribute(type_)


def _image_of_values(values: Sequence[int], type_: Attribute) -> bytes:
    """Memory image of integers in row-major order.

    Raises:
        ValueError, VerifyException: they are too few or too many, or one is not a value of the code
            of the type.
    """
    code, shape = code_of(type_, "result"), static_shape(type_, None, "result")
    assert isinstance(type_, TensorType)
    if len(values) != prod(shape):
        raise ValueError(f"{len(values)} values given, {type_} takes {prod(shape)}")
    for value in values:
        if abs(value) > INT64_MAX:
            raise ValueError(f"{value} is not a value of code {code} ({code.describe_values()})")
    array = np.array(values, np.int64).reshape(shape)
    return pattern_bytes(code.encode(array, "constant"), type_)


def _verify_layouts(unpacked: Attribute, packed: Attribute) -> None:
    code = code_of(unpacked, "unpacked side")
    if packed_layout(unpacked) is not None:
        raise VerifyException(f"the unpacked side must have no layout, got {unpacked}")
    layout = packed_layout(packed)
    if layout is None:
        raise VerifyException(f"the packed side needs a #lowbit.packed layout, got {packed}")
    assert isinstance(unpacked, TensorType)
    expect_type(packed, with_encoding(unpacked, layout), "packed side")
    shape = static_shape(unpacked, None, "tensor")
    layout.verify_code(code)
    verify_elements(layout.physical_shape(shape, code.width), "packed side")


@irdl_op_definition
class BitpackOp(LowbitOp):
    """Lay a tensor out in words of bits or bytes; shape, code and values stay the same."""

    name = "lowbit.bitpack"

    x = operand_def(TensorType)
    result = result_def(TensorType)
    traits = traits_def(Pure())

    @staticmethod
    def get(x: SSAValue | Operation, layout: PackedAttr) -> BitpackOp:
        """Build the op for a layout."""
        x = SSAValue.get(x)
        assert isinstance(x.type, TensorType)
        return BitpackOp.build_op([x], [with_encoding(x.type, layout)])

    def verify_(self) -> None:
        """Check that only the layout changes."""
        _verify_layouts(self.x.type, self.result.type)


@irdl_op_definition
class UnpackOp(LowbitOp):
    """Give each element of a packed tensor a byte of its own; the inverse of `lowbit.bitpack`."""

    name = "lowbit.unpack"

    x = operand_def(TensorType)
    result = result_def(TensorType)
    traits = traits_def(Pure())

    @staticmethod
    def get(x: SSAValue | Operation) -> UnpackOp:
        """Build the op."""
        x = SSAValue.get(x)
        assert isinstance(x.type, TensorType)
        return UnpackOp.build_op([x], [with_encoding(x.type, None)])

    def verify_(self) -> None:
        """Check that only the layout changes."""
        _verify_layouts(self.result.type, self.x.type)
