"""The step from sums to packed levels that a layer is timed with: thresholds, or shift and clip."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from xdsl.builder import Builder
from xdsl.dialects.builtin import TensorType
from xdsl.ir import SSAValue

from lowbit_dialect import reference
from lowbit_dialect.codes import Code
from lowbit_dialect.constants import constant_tensor
from lowbit_dialect.ops.glue import FusedGlueOp

WIDEST_THRESHOLDS = 4
"""Bits of the widest result that thresholds are used for; 8 bits would take 255 of them."""


class Glue(Protocol):
    """A function of a channel's sums."""

    def insert(self, builder: Builder, sums: SSAValue, to: TensorType, axis: int) -> SSAValue:
        """Add the operation; `axis` is the dimension of the channels."""
        ...

    def levels(self, sums: NDArray, code: Code, axis: int) -> NDArray[np.int64]:
        """What it gives, by the reference."""
        ...


def spreading_glue(sums: NDArray[np.int32], code: Code, axis: int) -> Glue:
    """The glue that spreads the sums of a layer, channel by channel, over the levels of a code."""
    by_channel = np.moveaxis(sums, axis, -1).reshape(-1, sums.shape[axis])
    if code.width <= WIDEST_THRESHOLDS:
        levels = 1 << code.width
        quantiles = np.arange(1, levels) / levels
        steps = np.sort(np.quantile(by_channel, quantiles, axis=0).T.round(), axis=1)
        return Thresholds(steps.astype(np.int32))
    low, high = np.quantile(by_channel, (0.01, 0.99), axis=0)
    widths = np.maximum(high - low, 1) / (1 << code.width)
    shift = np.clip(np.ceil(np.log2(widths)), 0, 31)
    return Shift((-low).round().astype(np.int32), shift.astype(np.int32))


@dataclass
class Thresholds:
    """Level = number of thresholds that the sum reaches; (C, T) i32."""

    thresholds: NDArray[np.int32]

    def insert(self, builder: Builder, sums: SSAValue, to: TensorType, axis: int) -> SSAValue:
        """Add the operation."""
        thresholds = builder.insert(constant_tensor(self.thresholds)).result
        return builder.insert(FusedGlueOp.threshold(sums, thresholds, to, axis=axis)).result

    def levels(self, sums: NDArray, code: Code, axis: int) -> NDArray[np.int64]:
        """What it gives, by the reference."""
        return reference.fused_glue_threshold(sums, self.thresholds, code, axis=axis)


@dataclass
class Shift:
    """Level = (sum + offset) >> shift, clipped; (C,) i32 each."""

    offset: NDArray[np.int32]
    shift: NDArray[np.int32]

    def insert(self, builder: Builder, sums: SSAValue, to: TensorType, axis: int) -> SSAValue:
        """Add the operation."""
        offset = builder.insert(constant_tensor(self.offset)).result
        shift = builder.insert(constant_tensor(self.shift)).result
        return builder.insert(FusedGlueOp.shift(sums, offset, shift, to, axis)).result

    def levels(self, sums: NDArray, code: Code, axis: int) -> NDArray[np.int64]:
        """What it gives, by the reference."""
        return reference.fused_glue_shift(sums, self.offset, self.shift, code, axis)
