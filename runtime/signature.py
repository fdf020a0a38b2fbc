"""What a compiled function takes and gives, and how numpy arrays become its buffers."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from xdsl.context import Context
from xdsl.dialects.builtin import Builtin, DictionaryAttr, IntegerAttr, ModuleOp, TensorType
from xdsl.dialects.func import FuncOp
from xdsl.ir import Attribute
from xdsl.parser import Parser

from lowbit_dialect.codes import BipolarType, Code, SignedType
from lowbit_dialect.interpreters.values import PackedArray, element_dtype
from lowbit_dialect.layout import byte_count, packed_layout
from lowbit_dialect.lowbit import Lowbit
from lowbit_dialect.packing import pack, word_dtype


@dataclass(frozen=True)
class Signature:
    """The interface of one lowered function (see `lowering.loops.buffers`).

    `stages` are the names and extents of the functions it calls in order, `workspace` the bytes of
    zeroed memory that it works in.
    """

    name: str
    inputs: tuple[TensorType, ...]
    outputs: tuple[TensorType, ...]
    workspace: int
    stages: tuple[tuple[str, int], ...]

    @staticmethod
    def of(function: FuncOp) -> Signature:
        """The signature that `lowbit-to-loops` left on a function."""
        attributes: dict[str, Any] = function.attributes
        stages: DictionaryAttr = attributes["lowbit.stages"]
        extents = ((name, attr) for name, attr in stages.data.items())
        return Signature(
            function.sym_name.data,
            tuple(attributes["lowbit.inputs"]),
            tuple(attributes["lowbit.outputs"]),
            attributes["lowbit.workspace"].value.data,
            tuple(
                (name, attr.value.data)
                for name, attr in extents
                if isinstance(attr, IntegerAttr)
            ),
        )

    def to_json(self) -> dict[str, Any]:
        """As JSON-able data."""
        return {
            "name": self.name,
            "inputs": [str(t) for t in self.inputs],
            "outputs": [str(t) for t in self.outputs],
            "workspace": self.workspace,
            "stages": [list(s) for s in self.stages],
        }

    @staticmethod
    def from_json(data: dict[str, Any]) -> Signature:
        """The inverse of `to_json`."""
        return Signature(
            data["name"],
            tuple(parse_tensor_type(t) for t in data["inputs"]),
            tuple(parse_tensor_type(t) for t in data["outputs"]),
            data["workspace"],
            tuple((name, extent) for name, extent in data["stages"]),
        )


@cache
def parse_tensor_type(text: str) -> TensorType:
    """The tensor type written as text."""
    context = Context()
    context.load_dialect(Builtin)
    context.load_dialect(Lowbit)
    type_ = Parser(context, text).parse_type()
    assert isinstance(type_, TensorType)
    return type_


def signatures(module: ModuleOp) -> list[Signature]:
    """Signatures of the public functions of a module at the loops level."""
    return [
        Signature.of(op)
        for op in module.body.block.ops
        if isinstance(op, FuncOp) and "lowbit.inputs" in op.attributes
    ]


def value_dtype(element: Attribute) -> np.dtype:
    """Dtype of the numbers of a tensor element: the narrowest that holds a code's values."""
    if not isinstance(element, Code):
        return element_dtype(element)
    return np.result_type(
        np.min_scalar_type(element.min_value), np.min_scalar_type(element.max_value)
    )


def to_storage(value: Any, type_: TensorType, name: str) -> NDArray:
    """The bytes of an argument as the compiled function reads them, contiguous.

    Integers stand for values of the code (of any integer dtype); a packed tensor is also taken as a
    `PackedArray` or as its words. No copy is made where the array lies as it should already.

    Raises:
        ValueError: shape, dtype or an element does not fit; the message names the argument.
    """
    layout, element = packed_layout(type_), type_.element_type
    if isinstance(value, PackedArray):
        if value.type != type_:
            raise ValueError(f"{name}: expected {type_}, got words of {value.type}")
        return np.ascontiguousarray(value.words)
    array = as_array(value, name)
    if layout is not None:
        assert isinstance(element, Code)
        physical = layout.physical_shape(type_.get_shape(), element.width)
        if array.dtype == word_dtype(layout) and array.shape == physical:
            return np.ascontiguousarray(array)
    if array.shape != type_.get_shape():
        raise ValueError(
            f"{name}: expected shape {list(type_.get_shape())}, got {list(array.shape)}"
        )
    if not isinstance(element, Code):
        wanted = element_dtype(element)
        if array.dtype != wanted:
            raise ValueError(f"{name}: expected dtype {wanted}, got {array.dtype}")
        return np.ascontiguousarray(array)
    if layout is not None:
        return pack(element.encode(array, name), element.width, layout)
    return code_bytes(array, element, name)


def code_bytes(array: NDArray, code: Code, name: str) -> NDArray:
    """The byte of each value of a code in an unpacked tensor; no copy where that is the array.

    Raises:
        ValueError: an element is not a value of the code.
    """
    patterns = code.encode(array, name)
    if isinstance(code, SignedType):
        return np.ascontiguousarray(array.astype(np.int8, copy=False))
    return np.ascontiguousarray(patterns)


def as_array(value: Any, name: str) -> NDArray:
    """Any array, DLPack producer, buffer or nested list as a numpy array.

    Raises:
        ValueError: it is none of these.
    """
    if isinstance(value, np.ndarray):
        return value
    try:
        if hasattr(value, "__dlpack__"):
            return np.from_dlpack(value)
        array = np.asarray(value)
    except (TypeError, ValueError, RuntimeError, BufferError) as error:
        raise ValueError(f"{name}: cannot be read as an array: {error}") from error
    if array.dtype == object:
        raise ValueError(f"{name}: cannot be read as an array of numbers")
    return array


def output_storage(type_: TensorType) -> NDArray:
    """An uninitialised buffer for an output."""
    layout, element = packed_layout(type_), type_.element_type
    if layout is not None:
        assert isinstance(element, Code)
        return np.empty(
            layout.physical_shape(type_.get_shape(), element.width), word_dtype(layout)
        )
    dtype = np.dtype(np.uint8)
    if isinstance(element, SignedType):
        dtype = np.dtype(np.int8)
    elif not isinstance(element, Code):
        dtype = element_dtype(element)
    array = np.empty(type_.get_shape(), dtype)
    assert array.nbytes == byte_count(type_)
    return array


def from_storage(storage: NDArray, type_: TensorType) -> NDArray | PackedArray:
    """What the caller gets of an output buffer: values, or a `PackedArray`."""
    element = type_.element_type
    if packed_layout(type_) is not None:
        return PackedArray(storage, type_)
    if isinstance(element, BipolarType) or (isinstance(element, Code) and not element.affine):
        return element.decode(storage).astype(value_dtype(element))
    return storage
