"""Float functions between a contraction and a quantiser: affine, batch norm, clip and round.

Importers write what a network computes with them; the passes of level 1 turn chains of them into
glue.
"""

from __future__ import annotations

from abc import ABC
from collections.abc import Sequence
from math import isfinite
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray
from typing_extensions import override
from xdsl.dialects.builtin import DenseArrayBase, StringAttr, TensorType, f32
from xdsl.irdl import (
    irdl_op_definition,
    operand_def,
    opt_prop_def,
    prop_def,
    result_def,
    traits_def,
)
from xdsl.traits import Pure
from xdsl.utils.exceptions import VerifyException

from lowbit_dialect import reference
from lowbit_dialect.ops.base import (
    FLOATS,
    INT_PROPERTY,
    WORD,
    Clause,
    expect_type,
    floats,
    static_shape,
)
from lowbit_dialect.ops.channelwise import AXIS, ChannelwiseOp, number_list
from lowbit_dialect.ops.pool import AVERAGE_ROUNDINGS

FLOATS_PROPERTY = DenseArrayBase.constr(f32)
"""What a property of a clause of floats may hold."""


class FloatOp(ChannelwiseOp, ABC):
    """A function of f32 to f32; the lists of numbers are the clauses of floats that are given."""

    x = operand_def(TensorType)
    result = result_def(TensorType)
    axis = prop_def(INT_PROPERTY)
    traits = traits_def(Pure())

    @property
    @override
    def channel_numbers(self) -> dict[str, Sequence[float]]:
        return {
            clause.name: number_list(self.properties[clause.name])
            for clause in self.CLAUSES
            if clause.kind is FLOATS and clause.name in self.properties
        }

    def verify_(self) -> None:
        """Check types, the axis and the numbers."""
        shape = static_shape(self.x.type, None, "x")
        expect_type(self.x.type, TensorType(f32, shape), "x")
        expect_type(self.result.type, TensorType(f32, shape), "result")
        self.verify_channels(shape)
        for name, numbers in self.channel_numbers.items():
            if not all(map(isfinite, numbers)):
                raise VerifyException(f"{name} must be finite, got {list(numbers)}")
        self.verify_numbers(self.channel_numbers)

    def verify_numbers(self, numbers: dict[str, Sequence[float]]) -> None:
        """Check what the operation asks of its numbers besides."""


@irdl_op_definition
class AffineOp(FloatOp):
    """x * scale + offset, rounded to f32 after each operation."""

    name = "lowbit.affine"
    CLAUSES: ClassVar = (
        Clause("scale", FLOATS, floats([1.0])),
        Clause("offset", FLOATS, floats([0.0])),
        AXIS,
    )

    scale = prop_def(FLOATS_PROPERTY)
    offset = prop_def(FLOATS_PROPERTY)

    @override
    def of_channels(self, numbers: NDArray) -> NDArray:
        return reference.affine(numbers, number_list(self.scale), number_list(self.offset))


@irdl_op_definition
class BatchNormOp(FloatOp):
    """(x - mean) / sqrt(variance + epsilon) * gamma + beta, rounded to f32 after each operation."""

    name = "lowbit.batch_norm"
    CLAUSES: ClassVar = (
        Clause("mean", FLOATS),
        Clause("variance", FLOATS),
        Clause("gamma", FLOATS, floats([1.0])),
        Clause("beta", FLOATS, floats([0.0])),
        Clause("epsilon", FLOATS, floats([float(np.float32(1e-5))])),
        AXIS,
    )

    mean = prop_def(FLOATS_PROPERTY)
    variance = prop_def(FLOATS_PROPERTY)
    gamma = prop_def(FLOATS_PROPERTY)
    beta = prop_def(FLOATS_PROPERTY)
    epsilon = prop_def(FLOATS_PROPERTY)

    @override
    def verify_numbers(self, numbers: dict[str, Sequence[float]]) -> None:
        if len(numbers["epsilon"]) != 1:
            raise VerifyException(f"epsilon is one number, got {list(numbers['epsilon'])}")
        least = np.float32(min(numbers["variance"])) + np.float32(numbers["epsilon"][0])
        if not 0 < least < np.inf:
            raise VerifyException("variance + epsilon must be positive")

    @override
    def of_channels(self, numbers: NDArray) -> NDArray:
        return reference.batch_norm(
            numbers,
            number_list(self.mean),
            number_list(self.variance),
            number_list(self.gamma),
            number_list(self.beta),
            number_list(self.epsilon)[0],
        )


@irdl_op_definition
class ClipOp(FloatOp):
    """min(max(x, low), high); an end that is not given does not clip. `low [0.0]` is a ReLU."""

    name = "lowbit.clip"
    CLAUSES: ClassVar = (Clause("low", FLOATS), Clause("high", FLOATS), AXIS)

    low = opt_prop_def(FLOATS_PROPERTY)
    high = opt_prop_def(FLOATS_PROPERTY)

    @override
    def verify_numbers(self, numbers: dict[str, Sequence[float]]) -> None:
        if len(numbers) == 2 and (np.array(numbers["low"]) > np.array(numbers["high"])).any():
            raise VerifyException("low must not be above high")

    @override
    def of_channels(self, numbers: NDArray) -> NDArray:
        low, high = (None if a is None else number_list(a) for a in (self.low, self.high))
        return reference.clip(numbers, low, high)


@irdl_op_definition
class RoundOp(FloatOp):
    """The integer next to x; `to` is half_even, half_up (towards +inf), half_away or floor."""

    name = "lowbit.round"
    CLAUSES: ClassVar = (Clause("to", WORD, StringAttr("half_even")), AXIS)

    to = prop_def(StringAttr)

    @override
    def verify_numbers(self, numbers: dict[str, Sequence[float]]) -> None:
        if self.to.data not in AVERAGE_ROUNDINGS:
            raise VerifyException(
                f"to {self.to.data!r}: {', '.join(AVERAGE_ROUNDINGS)} are allowed"
            )

    @override
    def of_channels(self, numbers: NDArray) -> NDArray:
        return reference.round_(numbers, self.to.data)
