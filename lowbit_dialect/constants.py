"""Constant tensors of integers and of f32, as numpy arrays and as operations."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from xdsl.dialects import arith
from xdsl.dialects.builtin import (
    BytesAttr,
    DenseIntOrFPElementsAttr,
    IntegerType,
    TensorType,
    f32,
    i1,
    i32,
)
from xdsl.ir import SSAValue

from lowbit_dialect.arrays import as_array, as_dtype


def constant_tensor(values: Any, name: str = "constant") -> arith.ConstantOp:
    """An `arith.constant` of these numbers: a tensor of i1 for booleans, of i32 for integers.

    Args:
        values: an array of booleans or of any integer dtype, or what `as_array` reads as one.
        name: what messages call it.

    Raises:
        ValueError: the numbers are not integers, or i32 does not hold one; they are never rounded
            or wrapped.
    """
    array = as_array(values, name)
    if array.dtype == np.bool_:
        flags = array.reshape(-1).tolist()
        return arith.ConstantOp(
            DenseIntOrFPElementsAttr.from_list(TensorType(i1, array.shape), flags)
        )
    if array.dtype.kind not in "iu":
        raise ValueError(f"{name}: expected integers or booleans, got dtype {array.dtype}")
    data = as_dtype(array, np.dtype(np.int32), name).tobytes()
    type_ = TensorType(i32, array.shape)
    return arith.ConstantOp(DenseIntOrFPElementsAttr(type_, BytesAttr(data)))


def float_constant(values: Any, name: str = "constant") -> arith.ConstantOp:
    """An `arith.constant` of f32: each number is rounded to the nearest.

    Args:
        values: an array of floats or integers, or what `as_array` reads as one.
        name: what messages call it.

    Raises:
        ValueError: they are not numbers.
    """
    array = as_array(values, name)
    if array.dtype.kind not in "iuf":
        raise ValueError(f"{name}: expected numbers, got dtype {array.dtype}")
    with np.errstate(over="ignore", under="ignore"):
        data = np.ascontiguousarray(array, "<f4").tobytes()
    type_ = TensorType(f32, array.shape)
    return arith.ConstantOp(DenseIntOrFPElementsAttr(type_, BytesAttr(data)))


def constant_values(value: SSAValue) -> NDArray[np.integer] | None:
    """Elements of a constant tensor of i1 (as 0 and 1) or i32, or None for anything else."""
    owner = value.owner
    if not isinstance(owner, arith.ConstantOp):
        return None
    attr = owner.value
    if not isinstance(attr, DenseIntOrFPElementsAttr):
        return None
    element = attr.get_element_type()
    if not isinstance(element, IntegerType):
        return None
    values = np.array(attr.get_values(), np.int64).reshape(attr.get_shape())
    return values & 1 if element.width.data == 1 else values
