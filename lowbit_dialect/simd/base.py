"""What the operations of the simd dialect share."""

from __future__ import annotations

from abc import ABC
from collections.abc import Mapping, Sequence

from xdsl.dialects.builtin import (
    Float32Type,
    IntegerType,
    VectorType,
)
from xdsl.ir import Attribute, Operation, SSAValue
from xdsl.irdl import (
    IRDLOperation,
)
from xdsl.utils.exceptions import VerifyException

INTEGER_WIDTHS = (8, 16, 32, 64)
"""Bits of the integer lanes that every operation takes."""


def lanes_of(what: str, type: Attribute) -> int:
    """Lanes of the vector type of the operand or result called `what`, checked."""
    if not isinstance(type, VectorType) or type.get_num_dims() != 1:
        raise VerifyException(f"{what} must be a one-dimensional vector, got {type}")
    if type.get_num_scalable_dims():
        raise VerifyException(f"{what} must have a fixed number of lanes, got {type}")
    lanes = type.get_shape()[0]
    if lanes < 1 or lanes & (lanes - 1):
        raise VerifyException(f"{what} must have a power of two of lanes, got {type}")
    return lanes


def int_lanes(what: str, type: Attribute) -> tuple[int, int]:
    """Lanes and lane width in bits of an integer vector type, checked."""
    lanes = lanes_of(what, type)
    assert isinstance(type, VectorType)
    element = type.element_type
    if not isinstance(element, IntegerType) or element.width.data not in INTEGER_WIDTHS:
        widths = ", ".join(f"i{w}" for w in INTEGER_WIDTHS)
        raise VerifyException(f"{what} must have lanes of {widths}, got {type}")
    return lanes, element.width.data


def mask_lanes(what: str, type: Attribute) -> int:
    """Lanes of a mask type, checked."""
    lanes = lanes_of(what, type)
    assert isinstance(type, VectorType)
    if type.element_type != IntegerType(1):
        raise VerifyException(f"{what} must have lanes of i1, got {type}")
    return lanes


def float_lanes(what: str, type: Attribute) -> int:
    """Lanes of an f32 vector type, checked."""
    lanes = lanes_of(what, type)
    assert isinstance(type, VectorType)
    if not isinstance(type.element_type, Float32Type):
        raise VerifyException(f"{what} must have lanes of f32, got {type}")
    return lanes


class SimdOperation(IRDLOperation, ABC):
    """An operation with at most one variadic operand, which is the last one, and no regions.

    Kernels are hundreds of these, so they are made without asking the definition what goes where.
    """

    def __init__(
        self,
        *,
        operands: Sequence[SSAValue | Operation | Sequence[SSAValue | Operation]],
        result_types: Sequence[Attribute],
        properties: Mapping[str, Attribute | None] | None = None,
    ):
        values: list[SSAValue] = []
        for operand in operands:
            if isinstance(operand, SSAValue):
                values.append(operand)
            elif isinstance(operand, Operation):
                values.append(SSAValue.get(operand))
            else:
                values.extend(map(SSAValue.get, operand))
        Operation.__init__(
            self,
            operands=values,
            result_types=result_types,
            properties={k: v for k, v in (properties or {}).items() if v is not None},
        )
