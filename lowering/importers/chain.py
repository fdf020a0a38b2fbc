"""Chains of steps: what became of integers or floats, as one function for each channel."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from math import inf

import numpy as np
from numpy.typing import NDArray

from lowering.importers.exact import Exact, exact, least_integer
from lowering.importers.steps import Affine, Bounds, Clamp, Step

MOST_VALUES = 256
"""Numbers that a quantiser may give for its results to be integers of a code."""


@dataclass(frozen=True)
class Chain:
    """Steps, first to last; `axis` is the dimension of their channels, if they tell any apart."""

    steps: tuple[Step, ...] = ()
    axis: int | None = None

    @property
    def channels(self) -> int:
        """The number of channels that it tells apart, or 1."""
        return max((step.channels for step in self.steps), default=1)

    def then(self, step: Step, axis: int | None) -> Chain | None:
        """The chain with a step behind it, or None where that has channels of another dimension."""
        step, steps = step.merged(), self.steps
        if step.channels > 1 and self.axis not in (None, axis):
            return None
        along = axis if step.channels > 1 else self.axis
        if isinstance(step, Affine) and steps and isinstance(steps[-1], Affine):
            step, steps = step.after(steps[-1]).merged(), steps[:-1]
        found = Chain((*steps, step), along)
        return found if found.channels > 1 else Chain(found.steps, None)

    @property
    def affine(self) -> Affine | None:
        """The chain as scale and offset, or None where it is something else."""
        if not self.steps:
            return Affine(exact([1]), exact([0]))
        only = self.steps[0]
        return only if len(self.steps) == 1 and isinstance(only, Affine) else None

    @property
    def rounds(self) -> bool:
        """Whether it has a step that gives integers."""
        return any(step.rounds for step in self.steps)

    def source(self, values: Exact) -> Bounds:
        """The arguments whose results are at least the values (L, C)."""
        return self.pull(Bounds.at_least(values))

    def pull(self, bounds: Bounds) -> Bounds:
        """The arguments whose results lie in half-lines."""
        for step in reversed(self.steps):
            bounds = step.source(bounds)
        return bounds

    def of(self, values: Exact) -> Exact:
        """The results of arguments (n, C)."""
        for step in self.steps:
            values = step.of(values)
        return values

    def taken(self, indices: NDArray[np.integer], axis: int | None) -> Chain:
        """The chain of other channels, each one of this one's, along another dimension."""
        steps = tuple(step.taken(indices) if step.channels > 1 else step for step in self.steps)
        return Chain(steps, axis if self.axis is not None else None)


@dataclass(frozen=True)
class Levels:
    """What a chain gives, as integers: result = integer * scale + offset.

    Args:
        first: the least integer.
        count: how many there are.
        head: the steps up to the integers, which are counted from `first` on.
        tail: scale and offset.
    """

    first: int
    count: int
    head: Chain
    tail: Affine


def levels_of(chain: Chain, low: Exact, high: Exact) -> Levels | str:
    """The integers behind the results of a chain, or why there are none.

    Args:
        chain: it should round.
        low, high: (C,) or (1,), the arguments that there are; may be infinite.
    """
    last = max((i for i, step in enumerate(chain.steps) if step.rounds), default=None)
    if last is None:
        return "no quantiser rounds it"
    head = Chain(chain.steps[: last + 1], chain.axis)
    tail = Chain(chain.steps[last + 1 :], chain.axis)
    ends = [head.of(_row(low, head.channels)), head.of(_row(high, head.channels))]
    first, end = min(row.min() for row in ends), max(row.max() for row in ends)
    first, end = _tightened(tail, first, end)
    if isinstance(first, float) or isinstance(end, float) or first in (inf, -inf):
        return "the quantiser has no range"
    first, count = int(first), int(end) - int(first) + 1
    if count > MOST_VALUES:
        return f"it has {count} values, more than {MOST_VALUES}"
    # Where there is one integer, the next one, too, says what the scale is.
    integers = exact(range(first, first + max(count, 2)))[:, None]
    values = tail.of(np.broadcast_to(integers, (len(integers), tail.channels)))
    scale = values[1] - values[0]
    if count == 1 and (scale == 0).any():
        scale = exact([1] * tail.channels)
    integers, values = integers[:count], values[:count]
    offset = values[0] - scale * Fraction(first)
    if (values != integers * scale + offset).any():
        return "the values behind the quantiser are not equally spaced"
    if tail.channels > 1 and (scale == scale[0]).all() and (offset == offset[0]).all():
        scale, offset = scale[:1], offset[:1]
    return Levels(first, count, head, Affine(scale, offset))


def _row(values: Exact, channels: int) -> Exact:
    return np.broadcast_to(values, (max(channels, len(values)),))[None]


def _tightened(tail: Chain, first, end):
    """The range of integers without those that clamps of the tail make equal to the last of them.

    The integers at which the tail is clamped to a bound are those on one side of a number; the one
    nearest to it stands for all of them.
    """
    for i, step in enumerate(tail.steps):
        if not isinstance(step, Clamp):
            continue
        before = Chain(tail.steps[:i], tail.axis)
        for bound, above in ((step.low, False), (step.high, True)):
            if any(isinstance(number, float) for number in bound):
                continue
            sides = np.full((1, len(bound)), above)
            found = before.pull(Bounds(bound[None], np.ones_like(sides), sides))
            lines = list(zip(found.at[0], found.closed[0], found.above[0], strict=True))
            if any(isinstance(at, float) for at, _, _ in lines):
                continue
            if all(is_above for _, _, is_above in lines):
                end = min(end, max(least_integer(at, closed) for at, closed, _ in lines))
            elif not any(is_above for _, _, is_above in lines):
                # x <= t holds the integers below the least one of x > t.
                first = max(
                    first, min(least_integer(at, not closed) - 1 for at, closed, _ in lines)
                )
    return (first, end) if first <= end else (end, end)
