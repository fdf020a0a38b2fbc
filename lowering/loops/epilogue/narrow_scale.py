"""Glue in scale form whose products fit in i32, where every sum gets the same level.

    level = clip((sum * multiplier + bias) >> shift, lo, hi)

The levels of a channel rise or fall with its sums, in this form and in that of gemmlowp, so both
agree on all sums if they agree on either side of each step.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray
from typing_extensions import override
from xdsl.dialects import arith

from lowbit_dialect.constants import constant_values
from lowbit_dialect.ops.base import code_of
from lowbit_dialect.ops.glue import FusedGlueOp
from lowbit_dialect.ops.kernel import KernelOp
from lowbit_dialect.reference import fused_glue_scale
from lowbit_dialect.reference.glue import MAX_SHIFT
from lowbit_dialect.sums.base import INT32_MAX
from lowering.loops.contraction.accumulator_tile import AccumulatorTile
from lowering.loops.epilogue.channel_table import ChannelTable, block_lanes_of
from lowering.loops.epilogue.levels import ClippedLevels

SEARCHED = 2
"""How far a step may lie from where exact arithmetic without rounding puts it."""

FAR = np.int64(1) << 62
"""Beyond every bias."""


@dataclass(frozen=True)
class NarrowScale:
    """The multiplier, the bias and the shift of each channel."""

    multipliers: NDArray[np.int64]
    biases: NDArray[np.int64]
    shifts: NDArray[np.int64]

    @staticmethod
    def of(glue: FusedGlueOp, sums: tuple[int, int] | None) -> NarrowScale | None:
        """The numbers that give the levels of glue for all sums of a range, or None."""
        numbers = [constant_values(value) for value in glue.parameters]
        parameters = [values.astype(np.int64) for values in numbers if values is not None]
        if glue.form.data != "scale" or sums is None or len(parameters) < len(numbers):
            return None
        steps = _Steps.of(glue, parameters, sums)
        return None if steps is None else steps.narrow_scale()

    def tables(self, op: KernelOp) -> list[ChannelTable]:
        """The numbers in the order of the lanes of a kernel."""
        return [
            ChannelTable.of_values(numbers[None, :], op.geometry, block_lanes_of(op), 0)
            for numbers in (self.multipliers, self.biases, self.shifts)
        ]


@dataclass(frozen=True)
class _Steps:
    """Where the levels of glue step.

    Attributes:
        bounds: the lowest and the highest level.
        sums: the least and the largest sum.
        reached: the sum next to each step on its upper side, (levels, C): the least sum of this
            level or higher ones, or the largest one in a channel whose levels fall.
        below: its neighbour on the other side.
        is_inside: whether a level is that of some of the sums, and not of all.
        factors: what the levels rise by for each sum, (C,).
        ends: levels of the least and the largest sum, (2, C).
    """

    bounds: tuple[int, int]
    sums: tuple[int, int]
    reached: NDArray[np.int64]
    below: NDArray[np.int64]
    is_inside: NDArray[np.bool_]
    factors: NDArray[np.float64]
    ends: NDArray[np.int64]

    @staticmethod
    def of(
        glue: FusedGlueOp, parameters: Sequence[NDArray[np.int64]], sums: tuple[int, int]
    ) -> _Steps | None:
        """The steps, or None where one does not lie near to where it is looked for."""
        low, high = glue.bounds
        offset, multiplier, shift = parameters
        zero = glue.zero.value.data if glue.zero is not None else 0
        code = code_of(glue.result.type, "result")
        values = np.sort(code.values)

        def level(acc: NDArray[np.int64]) -> NDArray[np.int64]:
            found = fused_glue_scale(acc, offset, multiplier, shift, code, -1, zero, low, high)
            return np.searchsorted(values, found)

        if not multiplier.all():
            return None
        factors = multiplier / 2.0 ** (31 + shift)
        numbers = np.arange(low + 1, high + 1)[:, None]
        rises = np.where(multiplier > 0, 1, -1)
        guess = (numbers - 0.5 - zero) / factors - offset
        start = np.clip(guess, sums[0] - 9, sums[1] + 9).astype(np.int64)
        # From the lower side to the upper one: the first candidate whose level is reached.
        near = np.array([start + rises * step for step in range(-SEARCHED, SEARCHED + 1)])
        is_reached = np.array([level(candidate) >= numbers for candidate in near])
        first = is_reached.argmax(axis=0)
        reached = np.take_along_axis(near, first[None], axis=0)[0]
        ends = level(np.repeat(np.array(sums)[:, None], len(offset), axis=1))
        is_inside = (ends.min(axis=0) < numbers) & (numbers <= ends.max(axis=0))
        # Where the first candidate is reached already, the step lies further away.
        if (is_inside & ((first == 0) | ~is_reached.any(axis=0))).any():
            return None
        return _Steps((low, high), sums, reached, reached - rises, is_inside, factors, ends)

    def narrow_scale(self) -> NarrowScale | None:
        """The numbers whose levels step at the same sums, or None where none were found.

        The shift is the largest one whose products and sums with the bias fit in i32.
        """
        numbers = np.arange(self.bounds[0] + 1, self.bounds[1] + 1)[:, None]
        ends = np.array(self.sums)[:, None]
        shape = len(self.factors)
        found = NarrowScale(*np.zeros((3, shape), np.int64))
        is_open = np.ones(shape, np.bool_)
        for shift in range(MAX_SHIFT, -1, -1):
            multipliers = np.rint(self.factors * 2.0**shift).astype(np.int64)
            starts = numbers << shift
            least = np.where(self.is_inside, starts - self.reached * multipliers, -FAR)
            most = np.where(self.is_inside, starts - self.below * multipliers - 1, FAR)
            lowest, highest = least.max(axis=0, initial=-FAR), most.min(axis=0, initial=FAR)
            # A channel that does not step has one level.
            steps = self.is_inside.any(axis=0)
            multipliers = np.where(steps, multipliers, 0)
            bias = np.where(steps, lowest + (highest - lowest) // 2, self.ends[0] << shift)
            fits = np.abs(ends * multipliers + bias).max(axis=0) <= INT32_MAX
            fits &= (np.abs(ends * multipliers).max(axis=0) <= INT32_MAX) & is_open
            fits &= (np.abs(bias) <= INT32_MAX) & (~steps | (lowest <= highest))
            levels = np.clip((ends * multipliers + bias) >> shift, *self.bounds)
            fits &= (levels == self.ends).all(axis=0)
            for values, given in (
                (found.multipliers, multipliers),
                (found.biases, bias),
                (found.shifts, np.full(shape, shift)),
            ):
                values[fits] = given[fits]
            is_open &= ~fits
            if not is_open.any():
                return found
        return None


class NarrowScaleLevels(ClippedLevels):
    """Levels by products of i32; lanes without a channel get the lowest one."""

    @classmethod
    @override
    def of(cls, glue: FusedGlueOp, site: AccumulatorTile, tables: list[ChannelTable]) -> Self:
        self, emit = cls(glue, site.emit), site.emit
        self.lowest, highest = glue.bounds
        self.levels = [[] for _ in site.sums]
        for v in range(len(site.sums[0])):
            multiplier, bias, shift = (table.vector(site, 0, v) for table in tables)
            for m, pixel in enumerate(site.sums):
                product = emit.binary(arith.MuliOp, pixel[v], multiplier)
                moved = emit.binary(arith.AddiOp, product, bias)
                level = emit.binary(arith.ShRSIOp, moved, shift)
                self.levels[m].append(self.clipped(level, highest))
        return self
