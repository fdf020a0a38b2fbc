"""Runtime values of tensors.

| tensor of | value |
|---|---|
| a code, not packed | int64 array of the integers it stands for |
| a code, packed | `PackedArray` |
| iN, index, f32, f64 | array of the numpy dtype (i1: bool, i4: int8) |
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray
from xdsl.dialects.builtin import Float32Type, Float64Type, IndexType, IntegerType, TensorType
from xdsl.ir import Attribute
from xdsl.utils.exceptions import InterpretationError

from lowbit_dialect.codes import Code
from lowbit_dialect.layout import packed_layout
from lowbit_dialect.ops.base import code_of
from lowbit_dialect.packing import pack, plane_view, unpack, word_dtype
from lowbit_dialect.table_index import join_indices, without_index


@dataclass(frozen=True, eq=False)
class PackedArray:
    """The words of a packed tensor, in their physical shape.

    Raises:
        ValueError: the type is not packed, or the words have another shape or dtype than it says.
    """

    words: NDArray
    type: TensorType

    def __post_init__(self) -> None:
        layout = packed_layout(self.type)
        if layout is None:
            raise ValueError(f"a PackedArray needs a packed type, got {self.type}")
        shape = layout.physical_shape(
            self.type.get_shape(), code_of(self.type, "packed array").width
        )
        dtype = word_dtype(layout)
        if not isinstance(self.words, np.ndarray):
            raise ValueError(f"words must be an array, got {type(self.words).__name__}")
        if self.words.shape != shape or self.words.dtype != dtype:
            raise ValueError(
                f"{self.type} holds {dtype} words of shape {shape},"
                f" got {self.words.dtype} of shape {self.words.shape}"
            )

    def __repr__(self) -> str:
        shape = "x".join(map(str, self.words.shape))
        return f"PackedArray({self.words.dtype} words of shape {shape}, {self.type})"

    @property
    def values(self) -> NDArray[np.int64]:
        """The integers, logical shape."""
        layout, code = packed_layout(self.type), code_of(self.type, "packed array")
        assert layout is not None, "checked when the array was made"
        return code.decode(unpack(self.words, self.type.get_shape(), code, layout))

    @property
    def logical_words(self) -> NDArray:
        """The words with the physical order, lanes and their rests undone.

        Shape: planes (1 of bytes), then the logical dimensions in their order, the packed one
        counted in words and frames included.
        """
        layout = packed_layout(self.type)
        assert layout is not None, "checked when the array was made"
        lane_dim, lanes = layout.lane_block
        words = self.words
        if len(layout.index):
            words = join_indices(words, layout, self.type.get_shape()[layout.axis.data])
            layout = without_index(layout)
        split = plane_view(words, layout)
        if lane_dim < 0:
            return split
        split = np.moveaxis(split, -1, lane_dim + 2)  # lanes behind their block
        head, tail = split.shape[: lane_dim + 1], split.shape[lane_dim + 3 :]
        groups, extent = layout.groups.data, self.type.get_shape()[lane_dim]
        blocks = split.shape[lane_dim + 1] // groups
        segments = split.reshape(*head, groups, blocks * lanes, *tail)
        return segments.take(range(extent // groups), axis=lane_dim + 2).reshape(
            *head, extent, *tail
        )


Value: TypeAlias = NDArray | PackedArray
"""The value of a tensor."""


def to_values(value: Value) -> NDArray:
    """The array of numbers, packed or not."""
    return value.values if isinstance(value, PackedArray) else value


def element_dtype(element: Attribute) -> np.dtype:
    """Numpy dtype of a builtin element type.

    Raises:
        InterpretationError: there is none.
    """
    bits = element.width.data if isinstance(element, IntegerType) else 0
    if bits in (1, 4, 8, 16, 32, 64):
        return np.dtype(np.bool_ if bits == 1 else f"i{max(bits, 8) // 8}")
    by_type = {Float32Type: np.float32, Float64Type: np.float64, IndexType: np.int64}
    if type(element) not in by_type:
        raise InterpretationError(f"tensors of {element} have no numpy value")
    return np.dtype(by_type[type(element)])


def from_values(values: ArrayLike | PackedArray, type_: Attribute, name: str = "value") -> Value:
    """The runtime value of numbers as a tensor of this type.

    Args:
        values: numbers of the tensor's logical shape: integers for a code or an integer type. Where
            the type is packed, a `PackedArray` of this very type is taken too.
        type_: the tensor type.
        name: what messages call the array.

    Raises:
        InterpretationError: shape or dtype differ, or an element is not a value of the type.
    """
    if not isinstance(type_, TensorType):
        raise InterpretationError(f"{name}: only tensors have numpy values, got {type_}")
    if isinstance(values, PackedArray):
        if values.type != type_:
            raise InterpretationError(f"{name}: expected {type_}, got words of {values.type}")
        return values
    array, shape = np.asarray(values), type_.get_shape()
    if array.shape != shape:
        raise InterpretationError(f"{name}: expected shape {shape}, got {array.shape}")
    if not isinstance(type_.element_type, Code):
        return _builtin(array, type_.element_type, name)
    code, layout = type_.element_type, packed_layout(type_)
    try:
        patterns = code.encode(array, name)
    except ValueError as error:
        raise InterpretationError(str(error)) from error
    if layout is None:
        return array.astype(np.int64)
    return PackedArray(pack(patterns, code, layout), type_)


def _builtin(array: NDArray, element: Attribute, name: str) -> NDArray:
    dtype = element_dtype(element)
    kinds = "f" if dtype.kind == "f" else "iub"
    if array.dtype.kind not in kinds:
        raise InterpretationError(f"{name}: expected numbers of {element}, got {array.dtype}")
    converted = array.astype(dtype)
    if dtype.kind != "f" and not np.array_equal(converted, array):
        raise InterpretationError(f"{name}: an element does not fit in {element}")
    return converted
