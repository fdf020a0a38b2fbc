"""Pack and unpack tensors with numpy: what `#lowbit.packed` means, as code.

Used where the compiler folds constants and where the runtime hands arrays over; the tests hold it
against a loop over elements.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from lowbit_dialect.codes import Code
from lowbit_dialect.layouts.packed import PackedAttr
from lowbit_dialect.layouts.table_index import cut_words, join_indices, without_index


def word_dtype(layout: PackedAttr) -> np.dtype:
    """Unsigned little-endian dtype of what lies in memory: a word, or an index."""
    return np.dtype(f"<u{layout.word_type.width.data // 8}")


def _split_groups(array: NDArray, axis: int, groups: int, block: int) -> NDArray:
    """Pad each of `groups` segments of an axis with zeros to a multiple of `block`."""
    shape = list(array.shape)
    segment = shape[axis] // groups
    padded = -(-segment // block) * block
    split = array.reshape(*shape[:axis], groups, segment, *shape[axis + 1 :])
    padding = [(0, 0)] * split.ndim
    padding[axis + 1] = (0, padded - segment)
    return np.pad(split, padding).reshape(*shape[:axis], groups * padded, *shape[axis + 1 :])


def _join_groups(array: NDArray, axis: int, groups: int, extent: int) -> NDArray:
    """Inverse of `_split_groups`."""
    shape = list(array.shape)
    split = array.reshape(*shape[:axis], groups, shape[axis] // groups, *shape[axis + 1 :])
    cut = split.take(range(extent // groups), axis=axis + 1)
    return cut.reshape(*shape[:axis], extent, *shape[axis + 1 :])


def pack(patterns: NDArray[np.integer], code: Code, layout: PackedAttr) -> NDArray:
    """Words of a tensor of bit patterns.

    Args:
        patterns: bit pattern of each element, in the low bits; logical shape.
        code: what the patterns mean; where the words hold bits only their number counts.
        layout: the packed layout, of the same rank.

    Returns:
        Unsigned words of shape `layout.physical_shape(patterns.shape, code.width)`.
    """
    low = patterns.astype(np.uint8) & np.uint8((1 << code.width) - 1)
    if layout.bytes.data:
        return _pack_elements(layout.byte_of_pattern(code)[low][None], code.width, layout)
    shifts = np.arange(code.width, dtype=np.uint8).reshape(-1, *[1] * patterns.ndim)
    return _pack_elements((low[None] >> shifts) & np.uint8(1), code.width, layout)


def occupied(shape: Sequence[int], code: Code, layout: PackedAttr) -> NDArray:
    """Words with every bit set that an element may set, and no other.

    These are the bits of levels, shifted where they are, and whole bytes of values and digits.
    """
    if layout.bytes.data:
        ones = (
            ((1 << code.width) - 1) << layout.shift.data if layout.bytes.data == "levels" else 255
        )
        bits = np.full((1, *shape), ones, np.uint8)
        return _pack_elements(bits, code.width, layout, borrow=False)
    return _pack_elements(np.ones((code.width, *shape), np.uint8), code.width, layout)


def _pack_elements(
    planes: NDArray[np.uint8], bits: int, layout: PackedAttr, borrow: bool = True
) -> NDArray:
    """Words of planes (planes, logical shape) of bits, or of the one plane of bytes.

    Without `borrow` digits are bytes like any others.
    """
    if len(layout.index):
        words = _pack_elements(planes, bits, without_index(layout))
        return cut_words(words, layout, planes.shape[1 + layout.axis.data])
    physical = layout.physical_shape(planes.shape[1:], bits)
    axis, (lane_dim, lane_count) = layout.axis.data, layout.lane_block
    groups = layout.groups.data
    planes = _split_groups(
        planes, axis + 1, 1 if lane_dim >= 0 else groups, layout.elements_per_word
    )
    packed = np.moveaxis(planes, axis + 1, -1)
    if not layout.bytes.data:
        packed = np.packbits(packed, axis=-1, bitorder="little")
    elif layout.bits.data < 8:
        packed = _join_levels(packed, layout)
    elif layout.bytes.data == "digits":
        packed = _join_digits(packed, layout, borrow)
    words = np.moveaxis(np.ascontiguousarray(packed).view(word_dtype(layout)), -1, axis + 1)
    frame = [(0, 0), *(layout.frame_of(dim) for dim in range(layout.rank))]
    words = np.pad(words, frame)
    permutation = _plane_first(layout)
    if lane_dim >= 0:
        words = _split_groups(words, lane_dim + 1, groups, lane_count)
        shape = words.shape
        words = words.reshape(*shape[: lane_dim + 1], -1, lane_count, *shape[lane_dim + 2 :])
        words = np.moveaxis(words, lane_dim + 2, -1)
        permutation.append(words.ndim - 1)
    return np.ascontiguousarray(words.transpose(permutation)).reshape(physical)


def _join_levels(bytes_: NDArray[np.uint8], layout: PackedAttr) -> NDArray[np.uint8]:
    """The bytes of words whose levels, a byte each, come along the last axis."""
    size, per_byte = layout.word_bits.data // 8, layout.levels_per_byte
    split = bytes_.reshape(*bytes_.shape[:-1], -1, per_byte, size)
    shifts = layout.bits.data * np.arange(per_byte, dtype=np.uint8)
    joined = np.bitwise_or.reduce(split << shifts[:, None], axis=-2)
    return joined.reshape(*bytes_.shape[:-1], -1)


def _join_digits(bytes_: NDArray[np.uint8], layout: PackedAttr, borrow: bool) -> NDArray[np.uint8]:
    """The bytes of the numbers whose digits, a byte each, come along the last axis."""
    size = layout.word_bits.data // 8
    split = np.ascontiguousarray(bytes_).reshape(*bytes_.shape[:-1], -1, size)
    digits = (split.view(np.int8) if borrow else split).astype(np.int64)
    words = np.zeros(split.shape[:-1], np.int64)
    for k in range(size):
        words = (words << 8) + digits[..., k]
    return words.astype(word_dtype(layout)).view(np.uint8)


def split_digits(bytes_: NDArray[np.uint8], layout: PackedAttr) -> NDArray[np.uint8]:
    """The digits, a byte each, of the numbers in the bytes of words along the last axis."""
    words, digits = bytes_.view(word_dtype(layout)).astype(np.uint64), []
    for _ in range(layout.word_bits.data // 8):
        digit = words.astype(np.int8)
        digits.append(digit.view(np.uint8))
        words = (words - digit.astype(np.uint64)) >> np.uint64(8)
    return np.stack(digits[::-1], axis=-1).reshape(bytes_.shape)


def split_levels(bytes_: NDArray[np.uint8], layout: PackedAttr) -> NDArray[np.uint8]:
    """The levels, a byte each, of the bytes of words along the last axis."""
    size, per_byte = layout.word_bits.data // 8, layout.levels_per_byte
    shifts = layout.bits.data * np.arange(per_byte, dtype=np.uint8)
    words = bytes_.reshape(*bytes_.shape[:-1], -1, 1, size)
    levels = (words >> shifts[:, None]) & np.uint8((1 << layout.bits.data) - 1)
    return levels.reshape(*bytes_.shape[:-1], -1)


def _plane_first(layout: PackedAttr) -> list[int]:
    """Source of each physical axis in (planes, logical dimensions); bytes have one plane."""
    order = [d.data + 1 for d in layout.order]
    return [0, *order] if layout.bytes.data else order


def plane_view(words: NDArray, layout: PackedAttr) -> NDArray:
    """Physical words with their axes put as (planes, logical dimensions, lane)."""
    permutation = _plane_first(layout)
    if layout.bytes.data:
        words = words[None]
    if len(layout.lanes):
        permutation.append(len(permutation))
    return words.transpose(np.argsort(permutation))


def unpack(
    words: NDArray, shape: Sequence[int], code: Code, layout: PackedAttr
) -> NDArray[np.uint8]:
    """Bit patterns (logical shape) of packed words; the inverse of `pack`."""
    if len(layout.index):
        indices = words.reshape(layout.physical_shape(shape, code.width))
        joined = join_indices(indices, layout, shape[layout.axis.data])
        return unpack(joined, shape, code, without_index(layout))
    axis, lane_dim = layout.axis.data, layout.lane_block[0]
    groups, bits = layout.groups.data, code.width
    planes = words.reshape(layout.physical_shape(shape, bits)).astype(
        word_dtype(layout), copy=False
    )
    if layout.bytes.data == "digits":  # what follows the last element would borrow from it
        planes = planes & occupied(shape, code, layout)
    planes = plane_view(planes, layout)
    if lane_dim >= 0:
        planes = np.moveaxis(planes, -1, lane_dim + 2)
        cut = planes.shape
        planes = planes.reshape(*cut[: lane_dim + 1], -1, *cut[lane_dim + 3 :])
        planes = _join_groups(planes, lane_dim + 1, groups, shape[lane_dim])
    image = [slice(None)]
    for dim in range(layout.rank):
        before, after = layout.frame_of(dim)
        image.append(slice(before, planes.shape[dim + 1] - after))
    moved = np.ascontiguousarray(np.moveaxis(planes[tuple(image)], axis + 1, -1))
    elements = moved.view(np.uint8)
    if not layout.bytes.data:
        elements = np.unpackbits(elements, axis=-1, bitorder="little")
    elif layout.bytes.data == "levels":
        field = np.uint8(((1 << bits) - 1) << layout.shift.data)
        elements = split_levels(elements, layout) & field
    elif layout.bytes.data == "digits":
        elements = split_digits(elements, layout)
    elements = np.moveaxis(elements, -1, axis + 1)
    elements = _join_groups(elements, axis + 1, 1 if lane_dim >= 0 else groups, shape[axis])
    if layout.bytes.data:
        patterns = np.zeros(256, np.uint8)
        patterns[layout.byte_of_pattern(code)] = np.arange(1 << bits)
        return patterns[elements[0]]
    weights = (1 << np.arange(bits)).reshape(-1, *[1] * len(shape))
    return (elements * weights).sum(axis=0).astype(np.uint8)
