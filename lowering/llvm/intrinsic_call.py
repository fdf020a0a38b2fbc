"""Calls of intrinsics, which are half of all operations of a kernel, made quickly."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

from xdsl.dialects import llvm
from xdsl.dialects.builtin import DenseArrayBase, StringAttr, i32
from xdsl.ir import Attribute, SSAValue


@cache
def _properties(name: str, count: int) -> dict[str, Attribute]:
    return {
        "intrin": StringAttr(name),
        "op_bundle_sizes": DenseArrayBase.from_list(i32, ()),
        "operandSegmentSizes": DenseArrayBase.from_list(i32, (count, 0)),
    }


def call_intrinsic(
    name: str, operands: Sequence[SSAValue], result_type: Attribute
) -> llvm.CallIntrinsicOp:
    """A call of the intrinsic `name`, which begins with `llvm.`."""
    return llvm.CallIntrinsicOp.create(
        operands=operands,
        result_types=[result_type],
        properties=_properties(name, len(operands)),
    )
