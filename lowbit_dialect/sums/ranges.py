"""The integers that the elements of a tensor can be, from the operations that compute it.

A contraction with constant weights reaches few of the numbers that its type can hold: a sum of
products of binary weights and 2-bit activations over 144 taps lies within -432 .. 432.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from xdsl.dialects.builtin import TensorType, i32
from xdsl.ir import SSAValue

from lowbit_dialect.codes import Code
from lowbit_dialect.constants import constant_values
from lowbit_dialect.geometry import LAYOUTS, WEIGHT_LAYOUTS
from lowbit_dialect.ops.contraction import Conv2DOp, MatmulOp
from lowbit_dialect.ops.elementwise import AddOp
from lowbit_dialect.ops.pack import ConstantOp, UnpackOp

INT32 = np.iinfo(np.int32)


@dataclass(frozen=True, eq=False)
class SumRange:
    """`low`, `low + step`, .. `high`, for each channel or for all channels together.

    Elements may reach fewer numbers than these, never others.

    Args:
        low: the least element, int64 of (C,), or of (1,) for all channels.
        high: the largest one, of the same shape; a multiple of `step` above `low`.
        step: 0 where there is one number only, or at least 1.
        axis: the dimension of the channels, counted from the front.
    """

    low: NDArray[np.int64]
    high: NDArray[np.int64]
    step: NDArray[np.int64]
    axis: int = 0

    @staticmethod
    def of_numbers(low: int, high: int, step: int = 1) -> SumRange:
        """The same range for all channels."""
        return SumRange(np.array([low]), np.array([high]), np.array([step]))

    @property
    def bound(self) -> int:
        """The largest magnitude of an element."""
        return max(abs(int(self.low.min())), abs(int(self.high.max())))

    @property
    def count(self) -> int:
        """The most numbers that a channel has."""
        return int(((self.high - self.low) // np.maximum(self.step, 1)).max()) + 1

    def along(self, axis: int, channels: int) -> SumRange:
        """A range for each of the `channels` indices of a dimension."""
        one = self if self.axis == axis or len(self.low) == 1 else self.of_all_channels()
        low, high, step = (np.broadcast_to(a, (channels,)) for a in (one.low, one.high, one.step))
        return SumRange(low, high, step, axis)

    def of_all_channels(self) -> SumRange:
        """One range that holds the sums of all channels."""
        low = int(self.low.min())
        step = int(np.gcd.reduce(np.concatenate([self.step, self.low - low])))
        return SumRange.of_numbers(low, int(self.high.max()), step)

    def __add__(self, other: SumRange) -> SumRange:
        """Sums of two tensors in i32, which saturate."""
        a, b = self, other
        if min(len(a.low), len(b.low)) > 1 and a.axis != b.axis:
            a, b = a.of_all_channels(), b.of_all_channels()
        axis = a.axis if len(a.low) > 1 else b.axis
        low, high, step = a.low + b.low, a.high + b.high, np.gcd(a.step, b.step)
        if low.min() < INT32.min or high.max() > INT32.max:
            step = np.ones_like(step)
        return SumRange(np.clip(low, *_I32), np.clip(high, *_I32), step, axis)


_I32 = (INT32.min, INT32.max)

FULL_RANGE = SumRange.of_numbers(*_I32)
"""Any number of i32."""


class SumRanges:
    """The ranges of values, each found once."""

    def __init__(self) -> None:
        self._known: dict[SSAValue, SumRange] = {}

    def of(self, value: SSAValue) -> SumRange:
        """The range of a tensor of a code or of i32; of anything else, that of i32."""
        waiting = [value]
        while waiting:
            current = waiting[-1]
            missing = [v for v in _summands(current) if v not in self._known]
            if missing:
                waiting += missing
                continue
            waiting.pop()
            if current not in self._known:
                self._known[current] = self._find(current)
        return self._known[value]

    def _find(self, value: SSAValue) -> SumRange:
        """The range of a value whose summands are known."""
        type_, owner = value.type, value.owner
        if isinstance(type_, TensorType) and isinstance(type_.element_type, Code):
            return _of_numbers(type_.element_type.values)
        if isinstance(owner, Conv2DOp | MatmulOp):
            return _of_contraction(owner)
        if isinstance(owner, AddOp):
            return self._known[owner.lhs] + self._known[owner.rhs]
        numbers = constant_values(value)
        return FULL_RANGE if numbers is None or not numbers.size else _of_constant(numbers)


def _summands(value: SSAValue) -> Sequence[SSAValue]:
    """The operands that the range of an i32 value depends on."""
    owner = value.owner
    if isinstance(owner, AddOp) and owner.result.type.element_type == i32:
        return owner.operands
    return ()


def _of_numbers(numbers: NDArray[np.integer]) -> SumRange:
    low, high = int(numbers.min()), int(numbers.max())
    return SumRange.of_numbers(low, high, int(np.gcd.reduce(numbers.reshape(-1) - low)))


def _of_constant(numbers: NDArray[np.integer]) -> SumRange:
    """The range of a constant, for each index of the last dimension."""
    rows = numbers.reshape(-1, numbers.shape[-1] if numbers.ndim else 1).astype(np.int64)
    low, high = rows.min(axis=0), rows.max(axis=0)
    step = np.gcd.reduce(rows - low, axis=0)
    return SumRange(low, high, step, max(numbers.ndim - 1, 0))


def _constant_weights(value: SSAValue) -> NDArray[np.int16] | None:
    """The values of constant weights, in any layout, or None."""
    owner = value.owner
    if isinstance(owner, UnpackOp):
        owner = owner.x.owner
    if not isinstance(owner, ConstantOp):
        return None
    code = owner.result.type.element_type
    assert isinstance(code, Code)
    return code.values.astype(np.int16)[owner.patterns]


def _of_contraction(op: Conv2DOp | MatmulOp) -> SumRange:
    """The sums over all taps of weight * activation, where a tap in the padding is 0."""
    x, w = (v.type.element_type for v in (op.x, op.w))  # pyright: ignore
    assert isinstance(x, Code)
    assert isinstance(w, Code)
    geometry = op.geometry
    activations = _of_numbers(x.values)
    low, high, step = (int(a[0]) for a in (activations.low, activations.high, activations.step))
    if geometry.rows.is_padded or geometry.cols.is_padded:
        step = int(np.gcd(step, low))
        low, high = min(low, 0), max(high, 0)
    weights = _constant_weights(op.w)
    if weights is None:
        products = [a * b for a in (low, high) for b in (w.min_value, w.max_value)]
        return SumRange.of_numbers(*(geometry.taps * f(products) for f in (min, max)))
    channel, axis = 1, 1
    if isinstance(op, Conv2DOp):
        channel = WEIGHT_LAYOUTS[op.layout.data][0]
        axis = LAYOUTS[op.layout.data][3]
    taps = tuple(d for d in range(weights.ndim) if d != channel)
    rising = np.maximum(weights, 0).sum(axis=taps, dtype=np.int64)
    falling = np.minimum(weights, 0).sum(axis=taps, dtype=np.int64)
    divisors = np.gcd.reduce(np.moveaxis(weights, channel, 0).reshape(len(rising), -1), axis=1)
    steps = divisors.astype(np.int64) * step
    return SumRange(low * rising + high * falling, high * rising + low * falling, steps, axis)
