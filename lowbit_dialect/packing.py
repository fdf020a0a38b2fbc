"""Pack and unpack bit patterns with numpy: what `#lowbit.packed` means, as code.

Used where the compiler folds constants and where the runtime hands arrays over; the tests hold it
against a loop over elements.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from lowbit_dialect.layout import PLANE, PackedAttr


def word_dtype(layout: PackedAttr) -> np.dtype:
    """Unsigned little-endian dtype of a word."""
    return np.dtype(f"<u{layout.word_bits.data // 8}")


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


def pack(patterns: NDArray[np.integer], bits: int, layout: PackedAttr) -> NDArray:
    """Words of a tensor of bit patterns.

    Args:
        patterns: bit pattern of each element, in the low `bits` bits; logical shape.
        bits: number of planes.
        layout: the packed layout, of the same rank.

    Returns:
        Unsigned words of shape `layout.physical_shape(patterns.shape, bits)`.
    """
    physical = layout.physical_shape(patterns.shape, bits)
    axis, (lane_dim, lane_count) = layout.axis.data, layout.lane_block
    groups = layout.groups.data
    shifts = np.arange(bits, dtype=np.uint8).reshape(-1, *[1] * patterns.ndim)
    planes = (patterns.astype(np.uint8)[None] >> shifts) & 1
    planes = _split_groups(planes, axis + 1, 1 if lane_dim >= 0 else groups, layout.word_bits.data)
    packed = np.packbits(np.moveaxis(planes, axis + 1, -1), axis=-1, bitorder="little")
    words = np.moveaxis(np.ascontiguousarray(packed).view(word_dtype(layout)), -1, axis + 1)
    frame = [(0, 0), *(layout.frame_of(dim) for dim in range(layout.rank))]
    words = np.pad(words, frame)
    permutation = [0 if d.data == PLANE else d.data + 1 for d in layout.order]
    if lane_dim >= 0:
        words = _split_groups(words, lane_dim + 1, groups, lane_count)
        shape = words.shape
        words = words.reshape(*shape[: lane_dim + 1], -1, lane_count, *shape[lane_dim + 2 :])
        words = np.moveaxis(words, lane_dim + 2, -1)
        permutation.append(words.ndim - 1)
    return np.ascontiguousarray(words.transpose(permutation)).reshape(physical)


def unpack(
    words: NDArray, shape: Sequence[int], bits: int, layout: PackedAttr
) -> NDArray[np.uint8]:
    """Bit patterns (logical shape) of packed words; the inverse of `pack`."""
    axis, lane_dim = layout.axis.data, layout.lane_block[0]
    groups = layout.groups.data
    planes = words.reshape(layout.physical_shape(shape, bits)).astype(
        word_dtype(layout), copy=False
    )
    permutation = [0 if d.data == PLANE else d.data + 1 for d in layout.order]
    if lane_dim >= 0:
        permutation.append(len(permutation))
    planes = planes.transpose(np.argsort(permutation))
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
    bytes_ = moved.view(np.uint8)
    bit_array = np.moveaxis(np.unpackbits(bytes_, axis=-1, bitorder="little"), -1, axis + 1)
    bit_array = _join_groups(bit_array, axis + 1, 1 if lane_dim >= 0 else groups, shape[axis])
    weights = (1 << np.arange(bits)).reshape(-1, *[1] * len(shape))
    return (bit_array * weights).sum(axis=0).astype(np.uint8)
