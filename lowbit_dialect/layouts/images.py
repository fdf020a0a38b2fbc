"""Memory images of low-bit tensors: their bytes, and which bytes no tensor has."""

from __future__ import annotations

from functools import lru_cache
from math import prod

import numpy as np
from numpy.typing import NDArray
from xdsl.dialects.builtin import TensorType

from lowbit_dialect.codes import Code, SignedType
from lowbit_dialect.layouts.packed import PackedAttr, packed_layout
from lowbit_dialect.layouts.packing import occupied, pack, split_digits, unpack, word_dtype
from lowbit_dialect.ops.base import code_of


def pattern_bytes(patterns: NDArray[np.integer], type_: TensorType) -> bytes:
    """Memory image of bit patterns (logical shape) as a tensor of this type."""
    code, layout = code_of(type_, "type"), packed_layout(type_)
    if layout is not None:
        return pack(patterns, code, layout).tobytes()
    if isinstance(code, SignedType):
        return code.decode(patterns).astype(np.int8).tobytes()
    return patterns.astype(np.uint8).tobytes()


def patterns_of(data: bytes, type_: TensorType) -> NDArray[np.uint8]:
    """Bit patterns (logical shape) of the memory image of a tensor of this type."""
    code, layout = code_of(type_, "type"), packed_layout(type_)
    if layout is not None:
        words = np.frombuffer(data, word_dtype(layout))
        return unpack(words, type_.get_shape(), code, layout)
    mask = np.uint8((1 << code.width) - 1)
    return np.frombuffer(data, np.uint8).reshape(type_.get_shape()) & mask


@lru_cache(maxsize=32)
def unused_bits(type_: TensorType) -> NDArray[np.uint8] | None:
    """The bytes of a packed tensor with the bits set that no element sets.

    None where there are no such bits.
    """
    code, layout = code_of(type_, "type"), packed_layout(type_)
    assert layout is not None, "asked of packed tensors only"
    words = occupied(type_.get_shape(), code, layout)
    if prod(type_.get_shape()) * code.width == words.nbytes * 8:
        return None
    return ~np.frombuffer(words.tobytes(), np.uint8)


@lru_cache(maxsize=64)
def _is_foreign(code: Code, layout: PackedAttr | None) -> NDArray[np.bool_]:
    """For each byte whether it stands for no value of the code, where elements are whole bytes."""
    patterns = np.arange(1 << code.width)
    plain = pattern_bytes(patterns, TensorType(code, patterns.shape))
    allowed = np.frombuffer(plain, np.uint8) if layout is None else layout.byte_of_pattern(code)
    table = np.ones(256, np.bool_)
    table[allowed] = False
    return table


def foreign_bytes(image: NDArray[np.uint8], type_: TensorType) -> NDArray[np.bool_]:
    """Which bytes of a memory image no tensor of this type has.

    Kernels count every bit of a word and multiply every byte, so that a set bit in a frame or a
    ragged tail, or a byte that stands for no value, would be a wrong answer.

    Args:
        image: the bytes, contiguous and of one dimension; as many as the type takes.
        type_: a tensor of a code, packed or not.

    Returns:
        A mask of the image; or an empty one where every byte is one that a tensor may have.
    """
    code, layout = code_of(type_, "type"), packed_layout(type_)
    if layout is None:
        return _is_foreign(code, None)[image]
    unused = unused_bits(type_)
    if layout.bytes.data not in ("values", "digits"):
        if unused is None:
            return np.zeros(0, np.bool_)
        stray = image & unused
        return stray != 0 if stray.any() else np.zeros(0, np.bool_)
    values = image
    if layout.bytes.data == "digits":
        # A negative digit borrows one from the next. The first digit is the last byte of its word.
        size = layout.word_bits.data // 8
        values = split_digits(image, layout).reshape(-1, size)[:, ::-1].reshape(-1)
    is_foreign = _is_foreign(code, layout)[values]
    return is_foreign if unused is None else np.where(unused == 0, is_foreign, values != 0)
