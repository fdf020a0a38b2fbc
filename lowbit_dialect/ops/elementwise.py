"""`lowbit.quantize`, `lowbit.dequantize` and `lowbit.add`."""

from __future__ import annotations

from abc import ABC
from collections.abc import Sequence
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray
from typing_extensions import override
from xdsl.dialects.builtin import DenseArrayBase, StringAttr, TensorType, f32, i32
from xdsl.irdl import irdl_op_definition, operand_def, prop_def, result_def, traits_def
from xdsl.traits import Pure
from xdsl.utils.exceptions import VerifyException

from lowbit_dialect import reference
from lowbit_dialect.codes import AffineCode, Code
from lowbit_dialect.layouts.packed import packed_layout
from lowbit_dialect.ops.base import (
    FLOATS,
    INT_PROPERTY,
    WORD,
    Clause,
    TensorOp,
    code_of,
    expect_type,
    static_shape,
)
from lowbit_dialect.ops.channelwise import AXIS, ChannelwiseOp, number_list

ROUNDINGS = ("half_even", "half_up", "half_away")


class ScaleOp(ChannelwiseOp, ABC):
    """An operation with a scale for each channel."""

    x = operand_def(TensorType)
    result = result_def(TensorType)
    scale = prop_def(DenseArrayBase.constr(f32))
    axis = prop_def(INT_PROPERTY)
    traits = traits_def(Pure())

    @property
    @override
    def channel_numbers(self) -> dict[str, Sequence[float]]:
        return {"scale": number_list(self.scale)}

    def verify_scale(self, shape: Sequence[int]) -> None:
        """Check the axis and the scale."""
        values = number_list(self.scale)
        if not values or not all(0 < v < float("inf") for v in values):
            raise VerifyException(f"scale must be positive and finite, got {list(values)}")
        self.verify_channels(shape)


_SCALE_CLAUSES = (Clause("scale", FLOATS), AXIS)


@irdl_op_definition
class QuantizeOp(ScaleOp):
    """f32 to the nearest value of an affine code: value * scale approximates x.

    value = c + step * round((x / scale - c) / step), clipped to the code's range; c = 0, step = 1
    for unipolar and signed, c = 1, step = 2 for bipolar. The quotient x / scale is rounded to f32,
    everything after it is exact, so that a small negative number does not round to a tie.
    `scale` is one number or one for each index of `axis`. `round` is half_even, half_up (towards
    +inf) or half_away (from zero): with half_even and half_up, bipolar<1> is the sign with
    sign(0) = +1. NaN becomes the lowest value.
    """

    name = "lowbit.quantize"
    CLAUSES: ClassVar = (*_SCALE_CLAUSES, Clause("round", WORD, StringAttr("half_even")))

    round = prop_def(StringAttr)

    def verify_(self) -> None:
        """Check types, scale and rounding."""
        shape = static_shape(self.x.type, None, "x")
        expect_type(self.x.type, TensorType(f32, shape), "x")
        code = code_of(self.result.type, "result")
        if not isinstance(code, AffineCode):
            raise VerifyException(f"quantize gives affine codes, got {code}")
        expect_type(self.result.type, TensorType(code, shape), "result")
        if self.round.data not in ROUNDINGS:
            raise VerifyException(f"round {self.round.data!r}: {', '.join(ROUNDINGS)} are allowed")
        self.verify_scale(shape)

    @override
    def of_channels(self, numbers: NDArray) -> NDArray:
        code = code_of(self.result.type, "result")
        return reference.quantize(numbers, code, number_list(self.scale), -1, self.round.data)


@irdl_op_definition
class DequantizeOp(ScaleOp):
    """Low-bit values or i32 sums to f32: value * scale, per tensor or per index of `axis`."""

    name = "lowbit.dequantize"
    CLAUSES: ClassVar = _SCALE_CLAUSES

    def verify_(self) -> None:
        """Check types and scale."""
        shape = static_shape(self.x.type, None, "x")
        if self.x.type != TensorType(i32, shape):
            code_of(self.x.type, "x (where not i32)")
            if packed_layout(self.x.type) is not None:
                raise VerifyException("x must not be packed; use lowbit.unpack")
        expect_type(self.result.type, TensorType(f32, shape), "result")
        self.verify_scale(shape)

    @override
    def of_channels(self, numbers: NDArray) -> NDArray:
        return reference.dequantize(numbers, number_list(self.scale))


@irdl_op_definition
class AddOp(TensorOp):
    """Elementwise sum of two tensors of one shape that share a scale (residual connections).

    Operands are i32 or affine codes; the result is i32 (exact; i32 operands saturate) or an
    unipolar or signed code, into whose range the sum is clipped (bipolar codes hold odd numbers
    only, and cannot take a sum).
    """

    name = "lowbit.add"

    lhs = operand_def(TensorType)
    rhs = operand_def(TensorType)
    result = result_def(TensorType)
    traits = traits_def(Pure())

    def verify_(self) -> None:
        """Check shapes and codes."""
        shape = static_shape(self.result.type, None, "result")
        for value, role in ((self.lhs, "lhs"), (self.rhs, "rhs"), (self.result, "result")):
            own_shape = static_shape(value.type, None, role)
            if own_shape != shape:
                raise VerifyException(
                    f"{role} has shape {list(own_shape)}, result has {list(shape)}"
                )
            if value.type == TensorType(i32, shape):
                continue
            code = code_of(value.type, f"{role} (where not i32)")
            if not isinstance(code, AffineCode) or packed_layout(value.type) is not None:
                raise VerifyException(f"{role} must be i32 or an unpacked affine code")
            if role == "result" and code.affine.alpha:
                raise VerifyException("result cannot be bipolar: sums are not all odd")

    @override
    def evaluate(self, *operands: NDArray) -> NDArray:
        lhs, rhs = operands
        element = self.result.type.element_type
        if isinstance(element, Code):
            return reference.add(lhs, rhs, element)
        return reference.add(lhs, rhs).astype(np.int32)
