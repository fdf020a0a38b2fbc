"""How LLVM IR spells types, names and constants."""

from __future__ import annotations

import re
import struct
from collections.abc import Sequence

from xdsl.dialects import llvm
from xdsl.dialects.builtin import (
    DenseIntOrFPElementsAttr,
    Float16Type,
    Float32Type,
    Float64Type,
    FloatAttr,
    IntAttr,
    IntegerAttr,
    IntegerType,
    NoneType,
    VectorType,
)
from xdsl.ir import Attribute
from xdsl.utils.exceptions import DiagnosticException

_PLAIN = re.compile(r"[ -~]*")
_SPECIAL = re.compile(rb'["\\]|[^ -~]')

_FLOATS: dict[type[Attribute], str] = {
    Float16Type: "half",
    Float32Type: "float",
    Float64Type: "double",
    llvm.LLVMVoidType: "void",
    NoneType: "void",
}


def quoted(name: str) -> str:
    """A string between quotation marks; what is not printable becomes hexadecimal."""
    if _PLAIN.fullmatch(name) and '"' not in name and "\\" not in name:
        return f'"{name}"'
    escaped = _SPECIAL.sub(lambda found: b"\\%02x" % found[0][0], name.encode())
    return f'"{escaped.decode()}"'


def type_text(type: Attribute) -> str:
    """A type: `i32`, `<4 x i32>`, `ptr`, `[8 x i8]`, `{i32, i1}`, `void`.

    Raises:
        DiagnosticException: LLVM has no such type.
    """
    if isinstance(type, IntegerType):
        return f"i{type.width.data}"
    if isinstance(type, VectorType) and type.get_num_dims() == 1:
        if not type.get_num_scalable_dims():
            return f"<{type.get_shape()[0]} x {type_text(type.element_type)}>"
    elif isinstance(type, llvm.LLVMPointerType):
        space = type.addr_space
        return f"ptr addrspace({space.data})" if isinstance(space, IntAttr) else "ptr"
    elif isinstance(type, llvm.LLVMArrayType):
        return f"[{type.size.data} x {type_text(type.type)}]"
    elif isinstance(type, llvm.LLVMStructType):
        return "{" + ", ".join(map(type_text, type.types.data)) + "}"
    if type.__class__ in _FLOATS:
        return _FLOATS[type.__class__]
    raise DiagnosticException(f"LLVM IR has no type {type}")


def bytes_text(data: bytes) -> str:
    """An array of bytes, every one in hexadecimal: three characters each, made all at once."""
    return 'c"\\' + data.hex("\\") + '"' if data else "zeroinitializer"


def constant_text(value: Attribute, type: Attribute) -> str:
    """A constant of a type; a vector with one value in all lanes is written once.

    Raises:
        DiagnosticException: the value is no integer, float or dense list of these.
    """
    if isinstance(value, IntegerAttr):
        return str(value.value.data)
    if isinstance(value, FloatAttr):
        return _float_text(value.value.data, type)
    if not isinstance(value, DenseIntOrFPElementsAttr):
        raise DiagnosticException(f"LLVM IR has no constant {value}")
    vector = isinstance(type, VectorType)
    if not vector and not isinstance(type, llvm.LLVMArrayType):
        raise DiagnosticException(f"LLVM IR has no constant of type {type} from a list")
    element = type.element_type if isinstance(type, VectorType) else type.type
    prefix = type_text(element) + " "
    spell = str if isinstance(element, IntegerType) else lambda x: _float_text(x, element)
    if vector and (value.is_splat() or _repeats(value.data.data, len(value))):
        return f"splat ({prefix}{spell(next(value.iter_values()))})"
    inside = ", ".join(prefix + spell(lane) for lane in value.iter_values())
    return f"<{inside}>" if vector else f"[{inside}]"


def _repeats(data: bytes, count: int) -> bool:
    """Whether `count` elements are all the same."""
    size = len(data) // max(count, 1)
    return data == data[:size] * count


def _float_text(value: float, type: Attribute) -> str:
    """A float by its bits; f32 is written as the double of the same value."""
    if isinstance(type, Float16Type):
        return f"0xH{struct.unpack('<H', struct.pack('<e', value))[0]:04X}"
    return f"0x{struct.unpack('<Q', struct.pack('<d', value))[0]:016X}"


def mask_text(lanes: Sequence[int]) -> str:
    """The lanes that a `shufflevector` takes; below 0 stands for any."""
    first = lanes[0] if lanes else 0
    type = f"<{len(lanes)} x i32>"
    if all(lane == first for lane in lanes):
        return f"{type} " + ("poison" if first < 0 else f"splat (i32 {first})")
    return (
        f"{type} <"
        + ", ".join(f"i32 {lane}" if lane >= 0 else "i32 poison" for lane in lanes)
        + ">"
    )
