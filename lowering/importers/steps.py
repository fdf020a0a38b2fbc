"""Functions of one real number, in exact arithmetic: the steps between integers and a quantiser.

Every step rises or falls in each channel. So what of its results lies at a bound or above it comes
from the arguments at a bound or above it, or below where it falls: `Step.source` finds that bound.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, replace
from fractions import Fraction
from math import ceil, floor, inf

import numpy as np
from numpy.typing import NDArray
from typing_extensions import override

from lowering.importers.exact import Exact, exact, logit, sigmoid
from lowering.importers.roundings import ROUNDINGS


@dataclass(frozen=True)
class Bounds:
    """Half-lines, for each level and channel.

    Args:
        at: (L, C) where they end; -inf for all numbers, inf for none (where `above`).
        closed: (L, C) whether they hold that number.
        above: (L, C) whether they hold the numbers above it, or those below.
    """

    at: Exact
    closed: NDArray[np.bool_]
    above: NDArray[np.bool_]

    @staticmethod
    def at_least(values: Exact) -> Bounds:
        """The numbers from values (L, C) on."""
        ones = np.ones(values.shape, np.bool_)
        return Bounds(values, ones, ones)

    def along(self, channels: int) -> Bounds:
        """The same with a column for each channel."""
        shape = (len(self.at), channels)
        return Bounds(
            np.broadcast_to(self.at, shape),
            np.broadcast_to(self.closed, shape),
            np.broadcast_to(self.above, shape),
        )

    def map(self, function: Callable[..., tuple], *more: Exact | NDArray) -> Bounds:
        """Change each half-line: `function(at, closed, above, *numbers of its channel)`.

        Args:
            function: gives the new (at, closed, above).
            more: (C,) or (1,), the numbers of each channel.
        """
        channels = max([self.at.shape[1], *map(len, more)])
        wide = self.along(channels)
        columns = [np.broadcast_to(m, (channels,)) for m in more]
        at = np.empty(wide.at.shape, object)
        closed, above = np.empty(wide.at.shape, np.bool_), np.empty(wide.at.shape, np.bool_)
        for c in range(channels):
            numbers = [column[c] for column in columns]
            for k in range(len(at)):
                at[k, c], closed[k, c], above[k, c] = function(
                    wide.at[k, c], wide.closed[k, c], wide.above[k, c], *numbers
                )
        return Bounds(at, closed, above)


ALL, NONE = (-inf, True, True), (inf, True, True)
"""The half-lines of all numbers, and of none."""


def _whether(condition: bool) -> tuple:
    return ALL if condition else NONE


def _holds(number: Fraction | float, at: Fraction | float, closed: bool, above: bool) -> bool:
    """Whether a half-line holds a number."""
    if number == at:
        return bool(closed)
    return (number > at) == bool(above)


class Step(ABC):
    """A function that rises or falls in each channel."""

    rounds = False
    """Whether its results are integers."""

    @property
    @abstractmethod
    def channels(self) -> int:
        """The number of channels that it tells apart, or 1."""

    @abstractmethod
    def source(self, bounds: Bounds) -> Bounds:
        """The arguments whose results lie in half-lines."""

    @abstractmethod
    def of(self, values: Exact) -> Exact:
        """The results of arguments (n, C), exactly; they may be infinite."""

    def taken(self, indices: NDArray[np.integer]) -> Step:
        """The step of other channels, each one of this one's."""
        changes = {
            name: value[indices] if len(value) > 1 else value
            for name, value in vars(self).items()
            if isinstance(value, np.ndarray)
        }
        return replace(self, **changes)  # pyright: ignore

    def merged(self) -> Step:
        """The same step, with one number for all channels where these are equal."""
        changes = {
            name: value[:1]
            for name, value in vars(self).items()
            if isinstance(value, np.ndarray) and len(value) > 1 and (value == value[:1]).all()
        }
        return replace(self, **changes) if changes else self  # pyright: ignore


def _count(*arrays: NDArray | None) -> int:
    return max(len(array) for array in arrays if array is not None)


@dataclass(frozen=True)
class Affine(Step):
    """x * scale + offset."""

    scale: Exact
    offset: Exact

    @property
    @override
    def channels(self) -> int:
        return _count(self.scale, self.offset)

    @override
    def source(self, bounds: Bounds) -> Bounds:
        def one(at, closed, above, scale, offset):
            if scale == 0:
                return _whether(_holds(offset, at, closed, above))
            return (at - offset) / scale, closed, above == (scale > 0)

        return bounds.map(one, self.scale, self.offset)

    @override
    def of(self, values: Exact) -> Exact:
        return _times(values, self.scale) + self.offset

    def after(self, first: Affine) -> Affine:
        """This one of what another one gives."""
        return Affine(first.scale * self.scale, first.offset * self.scale + self.offset)


@dataclass(frozen=True)
class Clamp(Step):
    """min(max(x, low), high); either may be infinite."""

    low: Exact
    high: Exact

    @property
    @override
    def channels(self) -> int:
        return _count(self.low, self.high)

    @override
    def source(self, bounds: Bounds) -> Bounds:
        def one(at, closed, above, low, high):
            holds_low = low != -inf and _holds(low, at, closed, above)
            holds_high = high != inf and _holds(high, at, closed, above)
            if holds_low and holds_high:
                return ALL
            first, last = (holds_low, holds_high) if above else (holds_high, holds_low)
            if first:  # the lowest result lies above the bound
                return ALL
            nearest = high if above else low
            if not last and nearest not in (inf, -inf):
                return NONE
            return at, closed, above

        return bounds.map(one, self.low, self.high)

    @override
    def of(self, values: Exact) -> Exact:
        return np.minimum(np.maximum(values, self.low), self.high)


@dataclass(frozen=True)
class Leaky(Step):
    """x, or x * slope where x is negative; slopes from 0 on."""

    slope: Exact

    @property
    @override
    def channels(self) -> int:
        return len(self.slope)

    @override
    def source(self, bounds: Bounds) -> Bounds:
        def one(at, closed, above, slope):
            if at > 0 or (at == 0 and slope > 0):
                return at, closed, above
            if slope > 0:
                return at / slope, closed, above
            if at == 0 and closed != above:  # x > 0, or x <= 0
                return at, closed, above
            return _whether(bool(above))

        return bounds.map(one, self.slope)

    @override
    def of(self, values: Exact) -> Exact:
        return np.where(values < 0, _times(values, self.slope), values)


def _times(values: Exact, scale: Exact) -> Exact:
    """Products, where 0 times an infinite number is 0."""
    is_zero = scale == 0
    with np.errstate(all="ignore"):
        product = values * np.where(is_zero, exact([1]), scale)
    return np.where(is_zero, exact([0]), product)


@dataclass(frozen=True)
class Round(Step):
    """The integer next to x, by a rounding of `ROUNDINGS`."""

    mode: str
    rounds = True

    @property
    @override
    def channels(self) -> int:
        return 1

    @override
    def source(self, bounds: Bounds) -> Bounds:
        boundary = ROUNDINGS[self.mode]

        def one(at, closed, above):
            if isinstance(at, float):
                return at, closed, above
            if above:
                return *boundary(ceil(at) if closed else floor(at) + 1), True
            start, holds = boundary(floor(at) + 1 if closed else ceil(at))
            return start, not holds, False

        return bounds.map(one)

    @override
    def of(self, values: Exact) -> Exact:
        result = np.empty(values.shape, object)
        for index, value in np.ndenumerate(values):
            if isinstance(value, float):
                result[index] = value
                continue
            low = floor(value)
            start, holds = ROUNDINGS[self.mode](low + 1)
            up = value >= start if holds else value > start
            result[index] = Fraction(low + 1 if up and value != low else low)
        return result


@dataclass(frozen=True)
class Count(Step):
    """The number of thresholds that x reaches; those of a channel in any order."""

    thresholds: Exact
    """(C, T)"""
    rounds = True

    @property
    @override
    def channels(self) -> int:
        return len(self.thresholds)

    @override
    def source(self, bounds: Bounds) -> Bounds:
        rows = np.empty(len(self.thresholds), object)
        for c, row in enumerate(self.thresholds):
            rows[c] = sorted(row)

        def one(at, closed, above, row):
            if isinstance(at, float):
                return _whether((at < 0) == bool(above))
            k = ceil(at) if closed == above else floor(at) + 1
            if k <= 0:
                return _whether(bool(above))
            if k > len(row):
                return _whether(not above)
            return row[k - 1], bool(above), bool(above)

        return bounds.map(one, rows)

    @override
    def of(self, values: Exact) -> Exact:
        reached = values[:, :, None] >= self.thresholds[None]
        counts = np.count_nonzero(reached, axis=-1)
        result = np.empty(counts.shape, object)
        for index, count in np.ndenumerate(counts):
            result[index] = Fraction(int(count))
        return result


@dataclass(frozen=True)
class Sigmoid(Step):
    """1 / (1 + exp(-x)), to 80 digits."""

    @property
    @override
    def channels(self) -> int:
        return 1

    @override
    def source(self, bounds: Bounds) -> Bounds:
        def one(at, closed, above):
            if at <= 0:
                return _whether(bool(above))
            if at >= 1:
                return _whether(not above)
            return logit(at), closed, above

        return bounds.map(one)

    @override
    def of(self, values: Exact) -> Exact:
        result = np.empty(values.shape, object)
        for index, value in np.ndenumerate(values):
            is_infinite = isinstance(value, float)
            result[index] = Fraction(int(value > 0)) if is_infinite else sigmoid(value)
        return result
