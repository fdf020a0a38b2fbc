"""What the conversion needs to know about types: widths, names in intrinsics, memref layouts."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from xdsl.dialects import llvm
from xdsl.dialects.builtin import (
    Float16Type,
    Float32Type,
    Float64Type,
    IntegerType,
    MemRefType,
    VectorType,
)
from xdsl.ir import Attribute

POINTER = llvm.LLVMPointerType()
"""The type of every pointer."""

_FLOATS: dict[type[Attribute], tuple[str, int]] = {
    Float16Type: ("f16", 16),
    Float32Type: ("f32", 32),
    Float64Type: ("f64", 64),
}


@dataclass(frozen=True)
class MemRefLayout:
    """What addressing needs to know about a memref type; sizes and strides count elements."""

    element: Attribute
    element_bytes: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]
    offset: int | None


@lru_cache(maxsize=4096)
def memref_layout(type: MemRefType) -> MemRefLayout:
    """The layout of a memref of static shape, or of a strided view of one.

    Raises:
        ValueError: if the shape or a stride is not known, or the element has no size in bytes.
    """
    if any(extent < 0 for extent in type.get_shape()):
        raise ValueError(f"{type} has a dynamic shape; only static shapes are supported")
    strides = type.get_strides() if type.get_num_dims() else ()
    if strides is None or any(stride is None for stride in strides):
        raise ValueError(f"{type} has a layout that is neither the identity nor static strides")
    element = type.element_type
    bits = type_bits(element)
    if bits is None or bits % 8:
        raise ValueError(f"{type} has elements that are not whole bytes of an integer or a float")
    return MemRefLayout(
        element,
        bits // 8,
        type.get_shape(),
        tuple(stride for stride in strides if stride is not None),
        type.get_offset() if type.get_num_dims() else 0,
    )


def type_bits(type: Attribute) -> int | None:
    """The width of a scalar type in bits, if it has one that LLVM knows."""
    if isinstance(type, IntegerType):
        return type.width.data
    return _FLOATS[type.__class__][1] if type.__class__ in _FLOATS else None


@lru_cache(maxsize=1024)
def intrinsic_suffix(type: Attribute) -> str:
    """How the names of overloaded intrinsics spell a type: `i32`, `v8i32`, `f32`, `v4f32`.

    Raises:
        ValueError: if it is not a scalar or a vector of integers or floats.
    """
    if isinstance(type, VectorType):
        return f"v{type.get_shape()[0]}{intrinsic_suffix(type.element_type)}"
    if isinstance(type, IntegerType):
        return f"i{type.width.data}"
    if type.__class__ in _FLOATS:
        return _FLOATS[type.__class__][0]
    raise ValueError(f"no intrinsic takes {type}")
