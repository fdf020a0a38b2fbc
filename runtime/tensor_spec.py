"""One tensor that a compiled function takes or gives: its shape, its bytes, its values.

It is kept as plain data, which the object cache stores: parsing the type of a tensor takes longer
than all the rest of loading an object.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray
from xdsl.context import Context
from xdsl.dialects.builtin import Builtin, TensorType

from lowbit_dialect.arrays import as_array, as_dtype, contiguous
from lowbit_dialect.at_fork import COMPILER_LOCK
from lowbit_dialect.cached_property import cached_property
from lowbit_dialect.codes import Code, parse_code
from lowbit_dialect.interpreters.values import element_dtype
from lowbit_dialect.layouts.images import foreign_bytes, unused_bits
from lowbit_dialect.layouts.packed import PackedAttr, byte_count, packed_layout
from lowbit_dialect.layouts.packed_array import PackedArray
from lowbit_dialect.layouts.packing import pack, word_dtype
from runtime.arrays import CodeBytes, code_bytes, writable_array

Value = NDArray | PackedArray
"""What a caller gets of a tensor."""


@dataclass(frozen=True)
class TensorSpec:
    """A tensor at the edge of a compiled function.

    `shape` is the logical one; `storage_shape` and `dtype` are those of the array whose bytes the
    function sees: words where the tensor is packed, otherwise its elements.
    """

    text: str
    shape: tuple[int, ...]
    code_text: str
    storage_shape: tuple[int, ...]
    dtype: np.dtype
    is_packed: bool

    @staticmethod
    def of(type_: TensorType) -> TensorSpec:
        """The specification of a tensor type."""
        element, layout, shape = type_.element_type, packed_layout(type_), type_.get_shape()
        if not isinstance(element, Code):
            spec = TensorSpec(str(type_), shape, "", shape, element_dtype(element), False)
        elif layout is None:
            spec = TensorSpec(
                str(type_), shape, str(element), shape, code_bytes(element).dtype, False
            )
        else:
            physical = layout.physical_shape(shape, element.width)
            spec = TensorSpec(str(type_), shape, str(element), physical, word_dtype(layout), True)
        assert prod(spec.storage_shape) * spec.dtype.itemsize == byte_count(type_)
        spec.__dict__["type"] = type_
        return spec

    def to_json(self) -> list[Any]:
        """As JSON-able data."""
        return [
            *(self.text, self.shape, self.code_text),
            *(self.storage_shape, self.dtype.str, self.is_packed),
        ]

    @staticmethod
    def from_json(data: list[Any]) -> TensorSpec:
        """The inverse of `to_json`."""
        text, shape, code_text, storage_shape, dtype, is_packed = data
        return TensorSpec(
            text, tuple(shape), code_text, tuple(storage_shape), np.dtype(dtype), is_packed
        )

    @cached_property
    def type(self) -> TensorType:
        """The tensor type."""
        # Neither the parser nor all operations are needed to call a function.
        with COMPILER_LOCK:
            from xdsl.parser import Parser  # noqa: PLC0415

            from lowbit_dialect.lowbit import Lowbit  # noqa: PLC0415

            context = Context()
            context.load_dialect(Builtin)
            context.load_dialect(Lowbit)
            type_ = Parser(context, self.text).parse_type()
        assert isinstance(type_, TensorType)
        return type_

    @cached_property
    def codec(self) -> CodeBytes | None:
        """The conversions of the code, or None for builtin elements."""
        return code_bytes(parse_code(self.code_text)) if self.code_text else None

    @cached_property
    def value_dtype(self) -> np.dtype:
        """Dtype of the array that a caller gets or lends for the output."""
        return self.dtype if self.is_packed or self.codec is None else self.codec.value_dtype

    @cached_property
    def is_direct(self) -> bool:
        """Whether the bytes of that array are those of the tensor."""
        return self.is_packed or self.codec is None or self.codec.is_identity

    def to_storage(self, value: Any, name: str) -> NDArray:
        """The bytes of an argument as the compiled function reads them: native and contiguous.

        Integers stand for values of the code; those may be of any integer dtype, for tensors of
        integers too. A packed tensor is also taken as a `PackedArray` or as its words. No copy is
        made where the array lies as it should.

        Raises:
            ValueError: shape, dtype or an element does not fit; the message names the argument.
        """
        if isinstance(value, PackedArray):
            if value.type != self.type:
                raise ValueError(f"{name}: expected {self.text}, got words of {value.type}")
            return self._checked_words(value.words, name)
        array = as_array(value, name)
        if self.is_packed and array.dtype == self.dtype and array.shape == self.storage_shape:
            return self._checked_words(array, name)
        if array.shape != self.shape:
            words = f", or words of shape {list(self.storage_shape)}" if self.is_packed else ""
            raise ValueError(
                f"{name}: expected shape {list(self.shape)}{words}, got {list(array.shape)}"
            )
        if self.codec is None:
            return as_dtype(array, self.dtype, name)
        if not self.is_packed:
            return self.codec.encode(array, name)
        patterns = self.codec.code.encode(array, name)
        return pack(patterns, self.codec.code, self._layout)

    def new_storage(self) -> NDArray:
        """An uninitialised buffer."""
        return np.empty(self.storage_shape, self.dtype)

    def from_storage(self, storage: NDArray) -> Value:
        """What the caller gets of a buffer: values, or a `PackedArray`."""
        if self.is_packed:
            return PackedArray(storage, self.type)
        return storage if self.codec is None else self.codec.decode(storage)

    def writable(self, value: Any, name: str) -> NDArray:
        """The array behind what a caller lends for this output, of `value_dtype`.

        Raises:
            ValueError: it is read-only, has another shape, dtype or layout, or elements that share
                memory.
        """
        if isinstance(value, PackedArray):
            if value.type != self.type:
                raise ValueError(f"{name}: expected {self.text}, got words of {value.type}")
            value = value.words
        array = writable_array(value, name)
        if array.shape != self.storage_shape or array.dtype != self.value_dtype:
            raise ValueError(
                f"{name}: expected {self.value_dtype} of shape {list(self.storage_shape)},"
                f" got {array.dtype} of shape {list(array.shape)}"
            )
        return array

    @property
    def _layout(self) -> PackedAttr:
        layout = packed_layout(self.type)
        assert layout is not None, "asked of packed tensors only"
        return layout

    def _checked_words(self, words: NDArray, name: str) -> NDArray:
        """The words, contiguous; kernels rely on zeros where no element lies."""
        words = contiguous(words)
        image = words.reshape(-1).view(np.uint8)
        foreign = foreign_bytes(image, self.type)
        if foreign.any():
            where, unused = int(np.argmax(foreign)), unused_bits(self.type)
            if self._layout.bytes.data and (unused is None or unused[where] != 255):
                raise ValueError(
                    f"{name}: a byte stands for no value of {self.code_text}:"
                    f" 0x{image[where]:02x}, byte {where} of the words"
                )
            raise ValueError(
                f"{name}: a bit outside the elements is set, in byte {where} of the words;"
                " frames and ragged tails must be zero"
            )
        return words
