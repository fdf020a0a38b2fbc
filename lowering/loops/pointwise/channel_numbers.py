"""Constant numbers of f32 of a channelwise operation: one for all elements, or one a channel."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

import numpy as np
from xdsl.dialects.builtin import Float32Type, MemRefType, f32
from xdsl.ir import SSAValue

from lowbit_dialect import simd
from lowering.loops.pointwise.lanes import Lanes


class ChannelNumbers:
    """The numbers of the lanes: one number, one a column, or one a row.

    Args:
        values: one number, or one for each index of the dimension `axis`.
        axis: the dimension of the channels.
        shape: of the tensor.
    """

    def __init__(self, values: Sequence[float], axis: int, shape: Sequence[int]):
        self.values = np.array(values, np.float32)
        dim = axis % len(shape)
        self.is_last = dim == len(shape) - 1
        self.extent = shape[dim]
        self.inner_rows = prod(shape[dim + 1 : -1])

    def of(self, lanes: Lanes) -> SSAValue:
        """The number of each lane."""
        emit, type_ = lanes.emit, lanes.vector(f32)
        if len(self.values) == 1:
            return emit.constant(float(self.values[0]), type_)
        memory = lanes.stage.constant(
            self.values.tobytes(), MemRefType(Float32Type(), [1, self.extent])
        )
        if self.is_last:
            return lanes.load(memory, 0)
        index = emit.mod(emit.div(lanes.row, self.inner_rows), self.extent)
        where = [emit.value(i) for i in (0, index)]
        return emit.op(simd.BroadcastLoadOp(memory, where, type_))
