"""Constant tensors of integers, as numpy arrays and as operations."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from xdsl.dialects import arith
from xdsl.dialects.builtin import (
    BytesAttr,
    DenseIntOrFPElementsAttr,
    IntegerType,
    TensorType,
    i1,
    i32,
)
from xdsl.ir import SSAValue


def constant_tensor(values: NDArray[np.integer] | NDArray[np.bool_]) -> arith.ConstantOp:
    """An `arith.constant` of these numbers: a tensor of i1 for booleans, of i32 for integers."""
    if values.dtype == np.bool_:
        type_ = TensorType(i1, values.shape)
        flags = values.reshape(-1).tolist()
        return arith.ConstantOp(DenseIntOrFPElementsAttr.from_list(type_, flags))
    type_ = TensorType(i32, values.shape)
    data = np.ascontiguousarray(values, np.int32).tobytes()
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
