"""Bytes of packed tensors that belong to no element: frames and ragged tails.

A reader of a packed tensor counts on zeros there, and a writer leaves them as they are.
"""

from __future__ import annotations

from math import prod

from xdsl.dialects.builtin import TensorType

from lowbit_dialect.layouts.packed import byte_count, packed_layout
from lowbit_dialect.ops.base import code_of


def leaves_gaps(type_: TensorType) -> bool:
    """Whether some bits of a packed tensor belong to no element."""
    layout = packed_layout(type_)
    if layout is None:
        return False
    if len(layout.index):
        return True
    bits = layout.bits.data if layout.bytes.data else code_of(type_, "tensor").width
    return byte_count(type_) * 8 != prod(type_.get_shape()) * bits


def gap_class(type_: TensorType) -> object | None:
    """What tells in which bits the gaps of a type are; None where it has none.

    Values of one class may follow each other in the same memory: it is zero in their gaps at first,
    and stays so.
    """
    if not leaves_gaps(type_):
        return None
    return type_.get_shape(), type_.encoding, code_of(type_, "tensor").width
