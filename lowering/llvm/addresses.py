"""Addresses of elements behind a pointer, in LLVM's dialect."""

from __future__ import annotations

from functools import lru_cache

from xdsl.dialects import llvm
from xdsl.dialects.builtin import DenseArrayBase, IntegerAttr, UnitAttr, i32
from xdsl.ir import Attribute, SSAValue

from lowering.llvm.types import POINTER

# Address arithmetic stays inside objects that are smaller than half the address space, so its
# sums and products cannot wrap in the signed sense; saying so keeps loops analysable.
_NO_SIGNED_WRAP = {"overflowFlags": IntegerAttr(1, 32)}
# For MLIR `inbounds` is one of these flags; xDSL prints and parses it as a property of its own.
_INBOUNDS = IntegerAttr(3, 32)
_UNIT = UnitAttr()


@lru_cache(maxsize=4096)
def _indices(value: int) -> DenseArrayBase:
    return DenseArrayBase.from_list(i32, [value])


def _properties(element: Attribute, index: int) -> dict[str, Attribute]:
    return {
        "elem_type": element,
        "noWrapFlags": _INBOUNDS,
        "inbounds": _UNIT,
        "rawConstantIndices": _indices(index),
    }


def address_of_constant(pointer: SSAValue, element: Attribute, index: int) -> llvm.GEPOp:
    """The address of the element `index`, which i32 holds, behind a pointer."""
    properties = _properties(element, index)
    return llvm.GEPOp.create(operands=[pointer], result_types=[POINTER], properties=properties)


def address_of_value(pointer: SSAValue, element: Attribute, index: SSAValue) -> llvm.GEPOp:
    """The address of the element whose number is a value, behind a pointer."""
    properties = _properties(element, llvm.GEP_USE_SSA_VAL)
    operands = [pointer, index]
    return llvm.GEPOp.create(operands=operands, result_types=[POINTER], properties=properties)


def index_arithmetic(
    op_type: type[llvm.AddOp | llvm.MulOp], left: SSAValue, right: SSAValue
) -> llvm.AddOp | llvm.MulOp:
    """A sum or product of two values of the index type, as addresses are made of."""
    operands = [left, right]
    return op_type.create(operands=operands, result_types=[left.type], properties=_NO_SIGNED_WRAP)
