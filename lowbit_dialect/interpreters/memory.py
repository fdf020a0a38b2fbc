"""Tensors as they lie in memory, at the level of stages."""

from __future__ import annotations

from math import prod

import numpy as np
from numpy.typing import NDArray
from xdsl.dialects.builtin import MemRefType, TensorType, i1

from lowbit_dialect.codes import Code
from lowbit_dialect.interpreters.values import Value, element_dtype
from lowbit_dialect.layouts.channels import ChannelsAttr, channels_layout
from lowbit_dialect.layouts.images import pattern_bytes, patterns_of
from lowbit_dialect.layouts.packed import packed_layout, storage_type
from lowbit_dialect.layouts.packed_array import PackedArray
from lowbit_dialect.layouts.packing import word_dtype


def new_memory(type_: MemRefType) -> NDArray:
    """Zeroed memory of a memref type."""
    return np.zeros(type_.get_shape(), element_dtype(type_.element_type))


def from_memory(memory: NDArray, type_: TensorType) -> Value:
    """The runtime value of a tensor that lies in memory of its storage type."""
    element, channels = type_.element_type, channels_layout(type_)
    if channels is not None:
        plain = TensorType(element, type_.get_shape())
        memory = _without_lanes(memory, type_, channels).astype(
            new_memory(storage_type(plain)).dtype
        )
        return from_memory(memory, plain)
    if not isinstance(element, Code):
        return memory != 0 if element == i1 else memory.copy()
    layout = packed_layout(type_)
    if layout is not None:
        return PackedArray(memory.copy().view(word_dtype(layout)), type_)
    return element.decode(patterns_of(memory.tobytes(), type_))


def to_memory(value: Value, type_: TensorType) -> NDArray:
    """Memory of a tensor's storage type that holds a runtime value."""
    element, channels = type_.element_type, channels_layout(type_)
    if isinstance(value, PackedArray):
        return value.words.view(element_dtype(storage_type(type_).element_type))
    if channels is not None:
        plain = to_memory(value, TensorType(element, type_.get_shape()))
        return _with_lanes(plain, type_, channels)
    if isinstance(element, Code):
        image = pattern_bytes(element.encode(value, "value"), type_)
        return np.frombuffer(image, np.int8).reshape(type_.get_shape())
    return value.astype(np.int8 if element == i1 else element_dtype(element))


def _with_lanes(plain: NDArray, type_: TensorType, layout: ChannelsAttr) -> NDArray:
    """The channels innermost, the channels of each group filled up to whole blocks."""
    moved = np.moveaxis(plain, layout.axis.data, -1)
    groups, storage = layout.groups.data, storage_type(type_)
    memory = np.full(
        (*moved.shape[:-1], groups, storage.get_shape()[-1] // groups), layout.fill.data
    )
    per_group = moved.shape[-1] // groups
    memory[..., :per_group] = moved.reshape(*moved.shape[:-1], groups, per_group)
    return memory.reshape(storage.get_shape()).astype(element_dtype(storage.element_type))


def _without_lanes(memory: NDArray, type_: TensorType, layout: ChannelsAttr) -> NDArray:
    """The inverse of `_with_lanes`."""
    channels, groups = type_.get_shape()[layout.axis.data], layout.groups.data
    split = memory.reshape(*memory.shape[:-1], groups, memory.shape[-1] // groups)
    moved = split[..., : channels // groups].reshape(*memory.shape[:-1], channels)
    return np.ascontiguousarray(np.moveaxis(moved, -1, layout.axis.data))


def bytes_as(memory: NDArray, offset: int, type_: MemRefType) -> NDArray:
    """Part of memory as another type, from a byte on."""
    dtype, shape = element_dtype(type_.element_type), type_.get_shape()
    raw = memory.reshape(-1).view(np.uint8)
    return raw[offset : offset + prod(shape) * dtype.itemsize].view(dtype).reshape(shape)
