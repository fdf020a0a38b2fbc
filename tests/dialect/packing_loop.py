"""Packing as a loop over elements, to compare numpy's with."""

import numpy as np
from dialect_strategies import Packing
from numpy.typing import NDArray

from lowbit_dialect.layouts.packed_syntax import PLANE


class Loop:
    """`#lowbit.packed` read from its docstring, for one element at a time."""

    def __init__(self, packing: Packing):
        layout = packing.layout
        self.shape, self.bits = packing.shape, packing.bits
        self.code, self.holds = packing.code, layout.bytes.data
        self.element = layout.bits.data if self.holds else 1
        self.axis, self.word = layout.axis.data, layout.word_bits.data
        self.order = [d.data for d in layout.order]
        self.frame = [f.data for f in layout.frame] or [0] * (2 * len(self.shape))
        self.lane_dim, self.lanes = [d.data for d in layout.lanes] or (None, 1)
        self.grouped = self.axis if self.lane_dim is None else self.lane_dim
        self.groups, self.shift = layout.groups.data, layout.shift.data
        self.index, self.register = [d.data for d in layout.index] or (None, 1)

    def byte(self, pattern: int) -> int:
        """What stands for a bit pattern in a layout of bytes."""
        value = int(self.code.values[pattern])
        if self.holds == "values":
            return value % 256
        if self.holds == "digits":
            return value
        return int((self.code.values < value).sum()) << self.shift

    def cut(self, dim: int, index: int, block: int) -> tuple[int, int]:
        """Block, and place in the block, of an element of a dimension cut in blocks."""
        groups = self.groups if dim == self.grouped else 1
        segment = self.shape[dim] // groups
        blocks = (segment + block - 1) // block
        group, inside = divmod(index, segment)
        return group * blocks + inside // block, inside % block

    def byte_of_lane(self, lane: int) -> int:
        """The byte of a channel among indices: byte k of a register belongs to one of four."""
        first = lane - lane % self.register
        quarter = self.register // 4
        (byte,) = (k for k in range(self.register) if first + k // 4 + quarter * (k % 4) == lane)
        return first + byte

    def place(self, plane: int, index: tuple[int, ...]) -> tuple[tuple[int, ...], int]:
        """Physical index of the word, and the bit in it."""
        bit, lane, at = 0, None, {PLANE: plane}
        for dim, i in enumerate(index):
            if dim == self.axis:
                at[dim], place = self.cut(dim, i, self.word // self.element)
                bit = place * self.element
                if self.index is not None:
                    before = at[dim] * ((self.word + self.index - 1) // self.index)
                    at[dim], bit = before + bit // self.index, bit % self.index
                if self.holds:  # one element in each byte, then the next ones in their upper bits
                    part, byte = divmod(place, self.word // 8)
                    bit = 8 * byte + part * self.element
                    if self.holds == "digits":
                        bit = self.word - 8 - bit
            elif dim == self.lane_dim:
                at[dim], lane = self.cut(dim, i, self.lanes)
                if self.index is not None:
                    lane = self.byte_of_lane(lane)
            else:
                at[dim] = self.frame[2 * dim] + i
        words = tuple(at[d] for d in self.order)
        return (words if lane is None else (*words, lane)), bit

    def pack(self, patterns: NDArray) -> dict[tuple[int, ...], int]:
        """The words that are not zero."""
        words: dict[tuple[int, ...], int] = {}
        for index in np.ndindex(*self.shape):
            if self.holds:
                where, bit = self.place(PLANE, index)
                word = words.get(where, 0) + (self.byte(int(patterns[index])) << bit)
                words[where] = word % (1 << self.word)
                continue
            for plane in range(self.bits):
                if int(patterns[index]) >> plane & 1:
                    where, bit = self.place(plane, index)
                    words[where] = words.get(where, 0) | 1 << bit
        return words

    def physical_shape(self) -> tuple[int, ...]:
        """One more than the last place of each physical axis, and the frame behind it."""
        last = tuple(extent - 1 for extent in self.shape)
        shape = [i + 1 for i in self.place(self.bits - 1, last)[0]]
        for axis, dim in enumerate(self.order):
            if dim != PLANE:
                shape[axis] += self.frame[2 * dim + 1]
        if self.lane_dim is not None:
            shape[-1] = self.lanes
        return tuple(shape)
