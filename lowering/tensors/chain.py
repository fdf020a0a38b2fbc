"""Chains of float operations from a sum to a quantiser, as functions of the sum."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from xdsl.ir import SSAValue

from lowbit_dialect.codes import Code
from lowbit_dialect.ops.base import static_shape
from lowbit_dialect.ops.channelwise import ChannelwiseOp
from lowbit_dialect.ops.elementwise import DequantizeOp, QuantizeOp


def channel_dim(ops: Sequence[ChannelwiseOp], rank: int, default: int = -1) -> int | None:
    """The dimension whose channels the operations tell apart, or None where these are several.

    Where all treat all channels alike it is `default`.
    """
    dims = {op.axis_attr.value.data % rank for op in ops if not op.is_uniform}
    if len(dims) > 1:
        return None
    return dims.pop() if dims else default % rank


@dataclass(frozen=True)
class Chain:
    """Operations from `lowbit.dequantize` to `lowbit.quantize`, each on what the one before gives.

    Each rises or falls in each channel and rounds to f32, which keeps the order of numbers. So the
    chain rises or falls in each channel, unless it gives a NaN.
    """

    ops: tuple[ChannelwiseOp, ...]
    dim: int

    @staticmethod
    def ending_in(op: QuantizeOp, default_dim: int = -1) -> Chain | None:
        """The chain of a quantiser, or None where there is none from a sum of i32."""
        ops: list[ChannelwiseOp] = [op]
        while not isinstance(ops[-1], DequantizeOp):
            owner = ops[-1].operands[0].owner
            if not isinstance(owner, ChannelwiseOp) or isinstance(owner, QuantizeOp):
                return None
            ops.append(owner)
        shape = static_shape(op.result.type, None, "result")
        dim = channel_dim(ops, len(shape), default_dim)
        return None if dim is None else Chain(tuple(reversed(ops)), dim)

    @property
    def source(self) -> SSAValue:
        """What is dequantised."""
        return self.ops[0].operands[0]

    @property
    def code(self) -> Code:
        """The code of the result."""
        quantize = self.ops[-1]
        assert isinstance(quantize, QuantizeOp)
        code = quantize.result.type.element_type
        assert isinstance(code, Code)
        return code

    def levels(self, sums: NDArray[np.int64]) -> NDArray[np.int64]:
        """The level of each of the sums (n, C): 0 for the smallest value of the code."""
        numbers: NDArray = sums
        for op in self.ops:
            numbers = op.of_channels(numbers)
        return np.searchsorted(np.sort(self.code.values), numbers)

    def has_nan(self, sums: NDArray[np.int64]) -> bool:
        """Whether a step gives a NaN for one of the sums (n, C)."""
        numbers: NDArray = sums
        for op in self.ops[:-1]:
            numbers = op.of_channels(numbers)
            if np.isnan(numbers).any():
                return True
        return False
