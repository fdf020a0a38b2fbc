"""`#lowbit.packed`: how a low-bit tensor lies in memory, in words of bits or of bytes.

The one place that knows physical shapes and byte counts; the verifiers, the lowering and the
runtime all ask it. Within a word, element k of a group is bit k (little bit order, as in DLPack),
or byte k where elements stay whole; the rest of a ragged tail is zero.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil, prod
from typing import Any

import numpy as np
from numpy.typing import NDArray
from xdsl.dialects.builtin import (
    ArrayAttr,
    FixedBitwidthType,
    IntAttr,
    IntegerType,
    MemRefType,
    StringAttr,
    TensorType,
    i1,
    i8,
    i32,
)
from xdsl.ir import Attribute, ParametrizedAttribute
from xdsl.irdl import irdl_attr_definition
from xdsl.parser import AttrParser
from xdsl.printer import Printer
from xdsl.utils.exceptions import VerifyException

from lowbit_dialect.codes import Code
from lowbit_dialect.layouts.channels import channels_layout
from lowbit_dialect.layouts.packed_checks import check_packed
from lowbit_dialect.layouts.packed_syntax import (
    FIELDS,
    PLANE,
    int_list_attr,
    parse_packed,
    print_packed,
)


@irdl_attr_definition
class PackedAttr(ParametrizedAttribute):
    """Bit planes of a tensor, or its elements as bytes, packed along one axis into words.

    Parameters:
        axis: logical dimension whose elements share a word.
        word_bits: bits of a word: 8, 16, 32 or 64.
        order: physical order of the logical dimensions and of the bit-plane axis `p`; there is no
            plane axis where the words hold bytes.
        frame: per logical dimension a pair (before, after) of zero elements kept around the image,
            flattened; empty for none. Neither the packed nor the lane dimension has a frame.
        lanes: empty, or (dimension, count): that dimension is split into blocks of `count`
            lanes, and the lane axis becomes the innermost physical one (weights).
        groups: the lane dimension where there is one, and otherwise the packed one, consists of
            this many equal segments, each starting on a block or word of its own.
        bytes: empty for words of bits. `levels`: words of bytes 0 .. 2^b-1 that number the values
            of the code, ascending. `values`: words of bytes that are the values, which i8 must
            hold. `digits`: the same values as digits of a number, the first element the most
            significant one: a word of n bytes is the sum of 256^(n-1-k) times element k. So the
            product of a word of levels and one of digits has the sum of n products in its byte of
            weight 256^(n-1), as long as no digit of the product takes more than a byte.
        bits: of each level in words of levels: 8, or 4, 2 or 1, so that as many parts of a byte
            hold one each. A word of n bytes has element k at bit `bits * (k // n)` of byte k % n:
            `word >> bits * s`, masked, is the word of bytes that elements s * n and on would have.
        shift: how many bits levels of 8 bits are shifted left in their bytes.
        index: empty, or (bits, register), for words of bits in lanes: each word is cut into table
            indices of so many bits, the last one of what is left, and each index is a byte. The
            lanes of a register of so many bytes are in another order: byte k of it belongs to
            channel `k // 4 + register // 4 * (k % 4)` (`index_order`).

    Example, 2-bit activations in rows of words, with a one-pixel frame:
        #lowbit.packed<axis = 3, word = i32, order = [0, 1, p, 3, 2],
                       frame = [0, 0, 1, 1, 1, 1, 0, 0]>
    and 4-bit activations as bytes, four channels a word:
        #lowbit.packed<axis = 3, word = i32, order = [0, 1, 2, 3], bytes = levels>
    and weights as table indices of 6 bits, 64 output channels a register:
        #lowbit.packed<axis = 3, word = i64, order = [0, p, 1, 2, 3], lanes = [0, 64],
                       index = [6, 64]>
    and 2-bit weights of a matrix product, 16 of them in the word of each of 64 lanes:
        #lowbit.packed<axis = 0, word = i32, order = [1, 0], lanes = [1, 64], bytes = levels,
                       bits = 2>
    """

    name = "lowbit.packed"

    axis: IntAttr
    word_bits: IntAttr
    order: ArrayAttr[IntAttr]
    frame: ArrayAttr[IntAttr]
    lanes: ArrayAttr[IntAttr]
    groups: IntAttr
    bytes: StringAttr
    bits: IntAttr
    shift: IntAttr
    index: ArrayAttr[IntAttr]

    @staticmethod
    def get(
        axis: int,
        word_bits: int,
        order: Sequence[int],
        frame: Sequence[int] = (),
        lanes: Sequence[int] = (),
        groups: int = 1,
        bytes: str = "",
        bits: int = 8,
        shift: int = 0,
        index: Sequence[int] = (),
    ) -> PackedAttr:
        """Build the attribute from plain integers; an all-zero frame is the same as none."""
        return PackedAttr(
            IntAttr(axis),
            IntAttr(word_bits),
            int_list_attr(order),
            int_list_attr(frame if any(frame) else ()),
            int_list_attr(lanes),
            IntAttr(groups),
            StringAttr(bytes),
            IntAttr(bits),
            IntAttr(shift),
            int_list_attr(index),
        )

    @classmethod
    def parse_parameters(cls, parser: AttrParser) -> Sequence[Attribute]:
        """Parse ``<axis = A, word = iW, order = [..] (, frame = [..] , lanes = [d, n], ..)>``."""
        return parse_packed(parser)

    def print_parameters(self, printer: Printer) -> None:
        """Print the fields, leaving out those that hold nothing."""
        print_packed(self, printer)

    def verify(self) -> None:
        """Check everything that can be checked without a shape."""
        check_packed(self)

    @property
    def rank(self) -> int:
        """Number of logical dimensions."""
        return len(self.order) - (not self.bytes.data)

    @property
    def elements_per_word(self) -> int:
        """Elements of the packed axis that share a word."""
        return self.word_bits.data // (self.bits.data if self.bytes.data else 1)

    @property
    def levels_per_byte(self) -> int:
        """Elements that share a byte of a word of bytes."""
        return 8 // self.bits.data

    def verify_code(self, code: Code) -> None:
        """Check that the words can hold elements of a code.

        Raises:
            VerifyException: a value of the code, or a shifted level, does not fit in the byte, or a
                level in its bits.
        """
        if self.bytes.data and code.width > self.bits.data:
            raise VerifyException(
                f"#lowbit.packed: bits = {self.bits.data} cannot hold the levels of {code}"
            )
        if code.width + self.shift.data > 8:
            raise VerifyException(
                f"#lowbit.packed: levels of {code}, shifted by {self.shift.data}, do not fit"
                " in bytes"
            )
        if self.bytes.data not in ("values", "digits"):
            return
        if code.min_value < -128 or code.max_value > 127:
            raise VerifyException(
                f"#lowbit.packed: bytes = {self.bytes.data}: i8 cannot hold those of {code}"
            )

    def byte_of_pattern(self, code: Code) -> NDArray[np.uint8]:
        """The byte that stands for each bit pattern, for a layout of bytes; digits before borrows.

        Raises:
            VerifyException: see `verify_code`.
        """
        self.verify_code(code)
        if self.bytes.data == "levels":
            return (np.argsort(code.patterns_by_level) << self.shift.data).astype(np.uint8)
        return code.values.astype(np.int8).view(np.uint8)

    @property
    def lane_block(self) -> tuple[int, int]:
        """(dimension, lanes); (-1, 1) where no dimension is split into lanes."""
        return (self.lanes.data[0].data, self.lanes.data[1].data) if len(self.lanes) else (-1, 1)

    def frame_of(self, dim: int) -> tuple[int, int]:
        """Zero elements before and after the image in a logical dimension."""
        if not len(self.frame):
            return (0, 0)
        return self.frame.data[2 * dim].data, self.frame.data[2 * dim + 1].data

    @property
    def word_type(self) -> IntegerType:
        """Type of a word, or of the index bytes that words are cut into."""
        return IntegerType(8 if len(self.index) else self.word_bits.data)

    @property
    def index_shape(self) -> tuple[int, int]:
        """(bits of an index, bytes of a register); (0, 0) where words are not cut."""
        return (self.index.data[0].data, self.index.data[1].data) if len(self.index) else (0, 0)

    def index_counts(self, extent: int) -> list[int]:
        """How many indices each word of `extent` elements is cut into."""
        bits, word = self.index_shape[0], self.word_bits.data
        return [index_count(min(word, extent - i), word, bits) for i in range(0, extent, word)]

    def with_frame(self, frame: Sequence[int]) -> PackedAttr:
        """The same layout with another frame."""
        return self._replaced(frame=int_list_attr(frame if any(frame) else ()))

    def as_levels(self, bits: int) -> PackedAttr:
        """The same layout with levels of fewer bits than a byte in its words of bytes."""
        return self._replaced(bytes=StringAttr("levels"), bits=IntAttr(bits))

    def _replaced(self, **fields: Attribute) -> PackedAttr:
        """The same layout with other values of some parameters."""
        names = ("axis", "word_bits", "order", *FIELDS)
        values: list[Any] = [fields.get(name, getattr(self, name)) for name in names]
        return PackedAttr(*values)

    def blocks_of(self, dim: int, extent: int) -> int:
        """Physical extent of a logical dimension of `extent` elements (frame included)."""
        lane_dim, lane_count = self.lane_block
        grouped = lane_dim if len(self.lanes) else self.axis.data
        groups = self.groups.data if dim == grouped else 1
        if dim == self.axis.data and len(self.index):
            return index_count(extent, self.word_bits.data, self.index_shape[0])
        if dim == self.axis.data:
            return groups * -(-extent // (groups * self.elements_per_word))
        if dim == lane_dim:
            return groups * -(-extent // (groups * lane_count))
        before, after = self.frame_of(dim)
        return before + extent + after

    def physical_shape(self, shape: Sequence[int], bits: int) -> tuple[int, ...]:
        """Extents in words of a tensor of this logical shape and `bits` planes.

        Raises:
            VerifyException: the rank differs from the layout's, or a dimension that is cut in
                groups cannot be cut equally.
        """
        if len(shape) != self.rank:
            raise VerifyException(
                f"#lowbit.packed for {self.rank} dimensions on a tensor of {len(shape)}"
            )
        lane_dim, lane_count = self.lane_block
        grouped = lane_dim if len(self.lanes) else self.axis.data
        if shape[grouped] % self.groups.data:
            raise VerifyException(
                f"#lowbit.packed: extent {shape[grouped]} of dimension {grouped} cannot be cut"
                f" into {self.groups.data} equal groups"
            )
        physical = tuple(
            bits if d.data == PLANE else self.blocks_of(d.data, shape[d.data]) for d in self.order
        )
        return (*physical, lane_count) if len(self.lanes) else physical


def index_count(elements: int, word: int, bits: int) -> int:
    """Indices of up to `bits` bits that words of `word` elements are cut into; the last has fewer.

    An index has bits of one word only.
    """
    words, rest = divmod(elements, word)
    return words * ceil(word / bits) + ceil(rest / bits)


def packed_layout(type_: Attribute) -> PackedAttr | None:
    """The packed encoding of a tensor type, or None."""
    if isinstance(type_, TensorType) and isinstance(type_.encoding, PackedAttr):
        return type_.encoding
    return None


def storage_type(type_: TensorType) -> MemRefType:
    """How a tensor lies in memory: words of the packed layout, or one byte an element for a code.

    The shape is the physical one, of a packed layout or of `#lowbit.channels`.

    An unpacked code stores its bit pattern in the byte, sign-extended for `signed`, so that the
    byte is the value for unipolar (unsigned) and signed (two's complement) codes. An i1 is a byte
    of 0 or 1.
    """
    element = type_.element_type
    channels = channels_layout(type_)
    if channels is not None:
        if isinstance(element, Code):
            element = i8
        shape = channels.physical_shape(type_.get_shape())
        return MemRefType(i32 if element == i1 else element, shape)
    if element == i1:
        element = i8
    if not isinstance(element, Code):
        return MemRefType(element, type_.get_shape())
    layout = packed_layout(type_)
    if layout is None:
        return MemRefType(IntegerType(8), type_.get_shape())
    return MemRefType(layout.word_type, layout.physical_shape(type_.get_shape(), element.width))


def byte_count(type_: TensorType) -> int:
    """Bytes that a tensor of this type takes in memory."""
    return memory_bytes(storage_type(type_))


def memory_bytes(type_: MemRefType) -> int:
    """Bytes of a memref of known extents."""
    element = type_.element_type
    # An index has no width of its own; it takes a word of 64 bits on every host.
    width = element.bitwidth if isinstance(element, FixedBitwidthType) else 64
    return prod(type_.get_shape()) * ceil(width / 8)
