"""Runtime values of tensors.

| tensor of | value |
|---|---|
| a code, not packed | int64 array of the integers it stands for |
| a code, packed | `PackedArray` |
| iN, index, f32, f64 | array of the numpy dtype (i1: bool, i4: int8) |
"""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray
from xdsl.dialects.builtin import Float32Type, Float64Type, IndexType, IntegerType, TensorType
from xdsl.ir import Attribute
from xdsl.utils.exceptions import InterpretationError

from lowbit_dialect.codes import Code
from lowbit_dialect.layouts.packed import packed_layout
from lowbit_dialect.layouts.packed_array import PackedArray
from lowbit_dialect.layouts.packing import pack

Value: TypeAlias = NDArray | PackedArray
"""The value of a tensor."""


def to_values(value: Value) -> NDArray:
    """The array of numbers, packed or not."""
    return value.values if isinstance(value, PackedArray) else value


def element_dtype(element: Attribute) -> np.dtype:
    """Numpy dtype of a builtin element type.

    Raises:
        InterpretationError: there is none.
    """
    bits = element.width.data if isinstance(element, IntegerType) else 0
    if bits in (1, 4, 8, 16, 32, 64):
        return np.dtype(np.bool_ if bits == 1 else f"i{max(bits, 8) // 8}")
    by_type = {Float32Type: np.float32, Float64Type: np.float64, IndexType: np.int64}
    if type(element) not in by_type:
        raise InterpretationError(f"tensors of {element} have no numpy value")
    return np.dtype(by_type[type(element)])


def from_values(values: ArrayLike | PackedArray, type_: Attribute, name: str = "value") -> Value:
    """The runtime value of numbers as a tensor of this type.

    Args:
        values: numbers of the tensor's logical shape: integers for a code or an integer type. Where
            the type is packed, a `PackedArray` of this very type is taken too.
        type_: the tensor type.
        name: what messages call the array.

    Raises:
        InterpretationError: shape or dtype differ, or an element is not a value of the type.
    """
    if not isinstance(type_, TensorType):
        raise InterpretationError(f"{name}: only tensors have numpy values, got {type_}")
    if isinstance(values, PackedArray):
        if values.type != type_:
            raise InterpretationError(f"{name}: expected {type_}, got words of {values.type}")
        return values
    array, shape = np.asarray(values), type_.get_shape()
    if array.shape != shape:
        raise InterpretationError(f"{name}: expected shape {shape}, got {array.shape}")
    if not isinstance(type_.element_type, Code):
        return _builtin(array, type_.element_type, name)
    code, layout = type_.element_type, packed_layout(type_)
    try:
        patterns = code.encode(array, name)
    except ValueError as error:
        raise InterpretationError(str(error)) from error
    if layout is None:
        return array.astype(np.int64)
    return PackedArray(pack(patterns, code, layout), type_)


def _builtin(array: NDArray, element: Attribute, name: str) -> NDArray:
    dtype = element_dtype(element)
    kinds = "f" if dtype.kind == "f" else "iub"
    if array.dtype.kind not in kinds:
        raise InterpretationError(f"{name}: expected numbers of {element}, got {array.dtype}")
    converted = array.astype(dtype)
    if dtype.kind != "f" and not np.array_equal(converted, array):
        raise InterpretationError(f"{name}: an element does not fit in {element}")
    return converted
