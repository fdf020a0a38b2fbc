"""The thresholds of a monotone function, found by looking at every sum.

What training computes between two layers (scale, batch norm, activation, quantiser) is a function
of one integer sum for each channel. Where it only rises or only falls, it is a row of thresholds.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lowbit_dialect.arrays import as_array
from lowbit_dialect.codes import Code
from lowbit_dialect.sums.ranges import SumRange

MAX_EVALUATIONS = 1 << 26
"""Sums that a function is looked at, over all channels."""

CHUNK = 1 << 19
"""Sums of one call of a function: its arrays of float64 take 4 MB each."""

Function = Callable[[NDArray[np.int64]], Any]
"""From sums (n, C) to values (n, C) of a code."""


@dataclass(frozen=True, eq=False)
class StepFunction:
    """Thresholds (C, T) and flips (C,), as `lowbit.fused_glue` in threshold form has them."""

    thresholds: NDArray[np.int64]
    flip: NDArray[np.bool_]


def tabulate(
    function: Function, sums: SumRange, code: Code, name: str = "function"
) -> StepFunction:
    """The thresholds of a function that is called with every sum of every channel.

    Args:
        function: from integers (n, C), a column for each channel, to values of the code of the same
            shape, in any dtype. It is called several times, each time with at most `CHUNK` sums
            (or one for each channel), the sums of a channel in ascending order.
        sums: for each channel, the sums to look at.
        code: of the results.
        name: what messages call the function.

    Raises:
        ValueError: the sums are more than `MAX_EVALUATIONS`; the function gives an array of another
            shape or what is no value of the code; or it rises and falls in one channel. The message
            names the channel and the sums.
    """
    rows, channels = sums.count, len(sums.low)
    if rows * channels > MAX_EVALUATIONS:
        raise ValueError(
            f"{name}: acc can be {rows} different sums in {channels} channels, more than the"
            f" {MAX_EVALUATIONS} in total that are looked at; give thresholds, or an accumulator"
            " whose range is known, such as a contraction with constant weights"
        )
    table = _Table(sums, code, name)
    size = max(1, CHUNK // channels)
    for start in range(0, rows, size):
        steps = np.arange(start, min(start + size, rows))[:, None]
        chunk = np.minimum(sums.low + sums.step * steps, sums.high)
        table.add(chunk, function(chunk.copy()))
    return table.finish()


class _Table:
    """The steps of a function, found in chunks of ascending sums."""

    def __init__(self, sums: SumRange, code: Code, name: str):
        self.code, self.name, self.sums = code, name, sums
        self.values = np.sort(code.values)
        channels, count = len(sums.low), (1 << code.width) - 1
        self.levels = np.arange(1, count + 1)
        # By channel and level: the first sum at or above the level where the function rises, the
        # last one where it falls.
        self.rising = np.repeat(sums.high[:, None] + 1, count, axis=1)
        self.falling = np.repeat(sums.low[:, None] - 1, count, axis=1)
        self.turns = {sign: np.full(channels, _NEVER) for sign in (1, -1)}
        """By direction and channel: the sum that the first step of that direction ends at."""
        self.first: NDArray[np.int64] | None = None
        self.last: NDArray[np.int64] | None = None
        self.last_sums = sums.low

    def add(self, sums: NDArray[np.int64], values: Any) -> None:
        """Take in the values of a chunk of sums."""
        levels = self._levels(sums, values)
        if self.last is None:
            self.first = levels[0]
        last = levels[0] if self.last is None else self.last
        levels = np.concatenate([last[None], levels])
        sums = np.concatenate([self.last_sums[None], sums])
        steps = np.diff(levels, axis=0)
        for sign, turns in self.turns.items():
            here = steps * sign > 0
            first = sums[1:][here.argmax(axis=0), np.arange(sums.shape[1])]
            np.copyto(turns, first, where=here.any(axis=0) & (turns == _NEVER))
        self._check_direction()
        # Each step passes the levels above the lower one, up to the higher one.
        row, channel = np.nonzero(steps)
        before, after = levels[row, channel], levels[row + 1, channel]
        for is_rising, table in ((True, self.rising), (False, self.falling)):
            chosen = (before < after) == is_rising
            low, high = np.minimum(before, after)[chosen], np.maximum(before, after)[chosen]
            counts = high - low
            which = np.repeat(np.arange(len(low)), counts)
            passed = np.arange(len(which)) + (low - np.cumsum(counts) + counts)[which]
            at = sums[row[chosen] + is_rising, channel[chosen]]
            table[channel[chosen][which], passed] = at[which]
        self.last, self.last_sums = levels[-1], sums[-1]

    def _levels(self, sums: NDArray[np.int64], given: Any) -> NDArray[np.int64]:
        """The level of each value."""
        values = as_array(given, f"{self.name}: the result")
        if values.shape != sums.shape:
            raise ValueError(
                f"{self.name}: for sums (n, channels) = {list(sums.shape)} the result has shape"
                f" {list(values.shape)}"
            )
        if values.dtype.kind not in "biuf":
            raise ValueError(f"{self.name}: the result has dtype {values.dtype}, not numbers")
        levels = np.searchsorted(self.values, values)
        is_wrong = self.values[np.minimum(levels, len(self.values) - 1)] != values
        if is_wrong.any():
            at = np.unravel_index(int(np.argmax(is_wrong)), values.shape)
            raise ValueError(
                f"{self.name}: {values[at]} for the sum {sums[at]} of channel {at[1]} is not a"
                f" value of code {self.code} ({self.code.describe_values()})"
            )
        return levels.astype(np.int64)

    def _check_direction(self) -> None:
        both = (self.turns[1] != _NEVER) & (self.turns[-1] != _NEVER)
        if both.any():
            channel = int(np.argmax(both))
            up, down = (int(self.turns[sign][channel]) for sign in (1, -1))
            raise ValueError(
                f"{self.name}: it rises at the sum {up} of channel {channel} and falls at the sum"
                f" {down}; thresholds stand for functions that only rise or only fall"
            )

    def finish(self) -> StepFunction:
        """The thresholds of all channels."""
        assert self.first is not None
        assert self.last is not None
        low, high = self.sums.low[:, None], self.sums.high[:, None]
        flip = self.turns[-1] != _NEVER
        # Levels that the function has at its first sum, or falling at its last, are always reached.
        np.copyto(self.rising, low, where=self.levels <= self.first[:, None])
        np.copyto(self.falling, high, where=self.levels <= self.last[:, None])
        return StepFunction(np.where(flip[:, None], -self.falling, self.rising), flip)


_NEVER = np.iinfo(np.int64).max
