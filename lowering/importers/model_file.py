"""Reading the file of an ONNX model, and the tensors in it, with every size checked first."""

from __future__ import annotations

from collections.abc import Iterator
from math import prod
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from xdsl.dialects.builtin import IntegerType, Signedness, f32, f64, i1
from xdsl.ir import Attribute

from lowbit_dialect.at_fork import load_module

if TYPE_CHECKING:
    from onnx import AttributeProto, ModelProto, TensorProto

MOST_ELEMENTS = 1 << 28
"""Elements of the largest tensor of a model."""

MOST_BYTES = 1 << 31
"""Bytes of the largest file."""


class ModelError(ValueError):
    """What is wrong with a model; the message names the node, tensor or attribute."""


def onnx() -> Any:
    """The package `onnx`, imported when a model is read.

    Raises:
        ModelError: it is not installed.
    """
    try:
        load_module("onnx.numpy_helper")
        return load_module("onnx")
    except ImportError as error:
        raise ModelError(
            "reading ONNX models takes the package onnx: pip install 'lowbit[onnx]'"
        ) from error


def _unsigned(bits: int) -> IntegerType:
    return IntegerType(bits, Signedness.UNSIGNED)


ELEMENT_TYPES: dict[int, Attribute] = {
    1: f32,
    2: _unsigned(8),
    3: IntegerType(8),
    4: _unsigned(16),
    5: IntegerType(16),
    6: IntegerType(32),
    7: IntegerType(64),
    9: i1,
    11: f64,
    12: _unsigned(32),
    13: _unsigned(64),
    21: _unsigned(4),
    22: IntegerType(4),
    25: _unsigned(2),
    26: IntegerType(2),
}
"""Element types by the number that `TensorProto.DataType` has for them."""


def element_type(number: int, what: str) -> Attribute:
    """The element type of a number of `TensorProto.DataType`.

    Raises:
        ModelError: it is none that is supported; the message begins with `what`.
    """
    if number in ELEMENT_TYPES:
        return ELEMENT_TYPES[number]
    names = {value: name for name, value in onnx().TensorProto.DataType.items()}
    raise ModelError(f"{what}: elements of type {names.get(number, number)} are not supported")


def read_model(data: bytes, name: str) -> ModelProto:
    """The model of a file's bytes; tensors that lie in other files are not read yet.

    Raises:
        ModelError: the bytes are no model.
    """
    package = onnx()
    model = package.ModelProto()
    try:
        model.ParseFromString(data)
    except Exception as error:  # the parser has an error of its own for each implementation
        raise ModelError(f"not an ONNX model, or a truncated one: {error}") from error
    if not model.HasField("graph") or not (model.graph.node or model.graph.output):
        raise ModelError("not an ONNX model: it has no graph")
    return model


def tensors_of(model: ModelProto) -> Iterator[tuple[TensorProto, str]]:
    """Every tensor of a model, and what messages call it."""
    for tensor in model.graph.initializer:
        yield tensor, f"initializer {tensor.name!r}"
    for node in model.graph.node:
        for attribute in node.attribute:
            if attribute.HasField("t"):
                yield attribute.t, f"node {node.name!r} ({node.op_type}), {attribute.name!r}"


def load_external(model: ModelProto, folder: Path | None) -> None:
    """Read what tensors have in files beside the model, into the tensors.

    Args:
        model: is changed.
        folder: of the model's file, or None where it has none.

    Raises:
        ModelError: a file lies outside of the folder, cannot be read, or is too short.
    """
    package = onnx()
    for tensor, what in tensors_of(model):
        if tensor.data_location != package.TensorProto.EXTERNAL:
            continue
        entries = {entry.key: entry.value for entry in tensor.external_data}
        location = entries.get("location", "")
        if folder is None:
            raise ModelError(f"{what}: external data {location!r} of a model that is no file")
        root = folder.resolve()
        path = (root / location).resolve()
        if not location or not path.is_relative_to(root) or not path.is_file():
            raise ModelError(
                f"{what}: external data {location!r} is no file in the folder of the model"
            )
        size = _byte_count(tensor, what)
        start = _count(entries.get("offset", "0"), f"{what}: external data, offset")
        length = _count(entries.get("length", str(size)), f"{what}: external data, length")
        if length != size or start + length > path.stat().st_size:
            raise ModelError(
                f"{what}: external data {location!r} has {path.stat().st_size} bytes, and {length}"
                f" from {start} on are named; the tensor takes {size}"
            )
        with path.open("rb") as file:
            file.seek(start)
            tensor.raw_data = file.read(length)
        tensor.ClearField("external_data")
        tensor.data_location = package.TensorProto.DEFAULT


def _count(text: str, what: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 16):
        raise ModelError(f"{what}: expected a number, got {text!r}")
    return int(text)


def _bits(element: Attribute) -> int:
    bits = getattr(element, "bitwidth", 32)
    return 8 if element == i1 else int(bits)


def _shape(tensor: TensorProto, what: str) -> tuple[int, ...]:
    shape = tuple(tensor.dims)
    if any(extent < 0 for extent in shape) or prod(shape) > MOST_ELEMENTS:
        raise ModelError(
            f"{what}: shape {list(shape)}: extents from 0 on and at most 2^28 elements are allowed"
        )
    return shape


def _byte_count(tensor: TensorProto, what: str) -> int:
    bits = _bits(element_type(tensor.data_type, what))
    return -(-prod(_shape(tensor, what)) * bits // 8)


def tensor_array(tensor: TensorProto, what: str) -> tuple[NDArray, Attribute]:
    """The elements of a tensor, and their type; numbers of fewer than 8 bits are whole bytes.

    Raises:
        ModelError: the type is not supported, or the bytes are more or fewer than the shape takes.
    """
    element, shape = element_type(tensor.data_type, what), _shape(tensor, what)
    count, size = prod(shape), _byte_count(tensor, what)
    if tensor.HasField("raw_data"):
        given = len(tensor.raw_data)
        if given != size:
            raise ModelError(f"{what}: {given} bytes, shape {list(shape)} takes {size}")
    else:
        fields = ("float_data", "int32_data", "int64_data", "double_data", "uint64_data")
        given = max(len(getattr(tensor, name)) for name in fields)
        expected = count if _bits(element) >= 8 else -(-count * _bits(element) // 8)
        if given != expected:
            raise ModelError(f"{what}: {given} elements, shape {list(shape)} has {count}")
    try:
        array = np.asarray(onnx().numpy_helper.to_array(tensor))
    except Exception as error:  # whatever the package raises for a field of another type
        raise ModelError(f"{what}: its elements cannot be read: {error}") from error
    if isinstance(element, IntegerType) and element.width.data < 8 and element != i1:
        unsigned = element.signedness.data == Signedness.UNSIGNED
        array = array.astype(np.uint8 if unsigned else np.int8)
    return np.ascontiguousarray(array).reshape(shape), element


def attribute_value(attribute: AttributeProto, what: str) -> Any:
    """The value of an attribute of a node: a number, a text, a list of numbers, or a TensorProto.

    Raises:
        ModelError: it is something else, such as a graph.
    """
    kinds = onnx().AttributeProto
    match attribute.type:
        case kinds.FLOAT:
            return float(attribute.f)
        case kinds.INT:
            return int(attribute.i)
        case kinds.STRING:
            try:
                return attribute.s.decode("utf-8")
            except UnicodeDecodeError as error:
                raise ModelError(f"{what}: not UTF-8 text") from error
        case kinds.FLOATS:
            return [float(value) for value in attribute.floats]
        case kinds.INTS:
            return [int(value) for value in attribute.ints]
        case kinds.TENSOR:
            return attribute.t
    raise ModelError(f"{what}: attributes of this kind are not supported")
