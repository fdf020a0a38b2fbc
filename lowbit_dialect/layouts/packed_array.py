"""The words of a packed tensor, as a numpy array with its type."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from xdsl.dialects.builtin import TensorType

from lowbit_dialect.layouts.packed import packed_layout
from lowbit_dialect.layouts.packing import plane_view, unpack, word_dtype
from lowbit_dialect.layouts.table_index import join_indices, without_index
from lowbit_dialect.ops.base import code_of


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
