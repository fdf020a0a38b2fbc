"""Words of weight planes as indices of tables of partial sums.

A table holds the sums of a few neighbouring activations for every pattern of their weight bits, so
an index is a few bits of a word: index k of a word of 64 elements has its bits 6k .. 6k + 5, the
last one of the word what is left. Each is a byte, so that one vector of indices looks up as many
channels as a register has bytes.

Sums of neighbouring bytes are widened by taking a register apart into lanes of 32 bits: byte v of
lane l belongs to vector v, lane l, of the widened sums. So that these hold channels in a row, the
channels of a register of R bytes lie in the order 0, R/4, R/2, 3R/4, 1, R/4 + 1, ...
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lowbit_dialect.layouts.packed import PackedAttr


def index_order(lanes: int, register: int) -> NDArray[np.intp]:
    """The channel of each byte of a block of `lanes` channels in registers of so many bytes."""
    order = np.arange(lanes).reshape(-1, 4, register // 4)
    return order.transpose(0, 2, 1).reshape(-1)


def _cut_axis(layout: PackedAttr) -> int:
    """The physical axis of words, which becomes that of indices."""
    return [d.data for d in layout.order].index(layout.axis.data)


def without_index(layout: PackedAttr) -> PackedAttr:
    """The layout of the words that are cut."""
    return PackedAttr(
        layout.axis,
        layout.word_bits,
        layout.order,
        layout.frame,
        layout.lanes,
        layout.groups,
        layout.bytes,
        layout.bits,
        layout.shift,
        type(layout.index)([]),
    )


def cut_words(words: NDArray, layout: PackedAttr, extent: int) -> NDArray[np.uint8]:
    """Indices of physical words, the lanes innermost.

    Args:
        words: words in the physical shape of `without_index(layout)`.
        layout: the layout with an index.
        extent: logical extent of the packed dimension.

    Returns:
        Bytes in the physical shape of `layout`.
    """
    axis, (bits, register) = _cut_axis(layout), layout.index_shape
    mask = words.dtype.type((1 << bits) - 1)
    cut = [
        (words.take(w, axis) >> words.dtype.type(bits * k)) & mask
        for w, count in enumerate(layout.index_counts(extent))
        for k in range(count)
    ]
    lanes = layout.lane_block[1]
    indices = np.stack(cut, axis).astype(np.uint8)
    return np.ascontiguousarray(indices[..., index_order(lanes, register)])


def join_indices(indices: NDArray, layout: PackedAttr, extent: int) -> NDArray:
    """Words of indices: the inverse of `cut_words`; bits above those of an index do not count."""
    axis, (bits, register) = _cut_axis(layout), layout.index_shape
    word = np.dtype(f"<u{layout.word_bits.data // 8}").type
    lanes = layout.lane_block[1]
    natural = indices[..., np.argsort(index_order(lanes, register))].astype(word)
    natural &= word((1 << bits) - 1)
    words, start = [], 0
    for count in layout.index_counts(extent):
        fields = [natural.take(start + k, axis) << word(bits * k) for k in range(count)]
        words.append(np.bitwise_or.reduce(fields))
        start += count
    return np.stack(words, axis)
