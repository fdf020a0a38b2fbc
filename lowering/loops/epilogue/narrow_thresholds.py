"""Sums in lanes of fewer bits, where no comparison can tell the difference.

Glue of thresholds asks of a sum only on which side of some boundaries it lies. Where all sums, or
at least all boundaries, fit in i16 or i8, a vector holds two or four times as many of them, and
comparing, selecting and packing cost as much less.

A `Narrowing` is  x = clip(sum + bias)  to the ends of the narrow type. It keeps the order of the
sums, so that `sum >= boundary` is `x >= boundary + bias` wherever the boundary moves to a number
above the lowest one.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from xdsl.dialects import vector
from xdsl.dialects.builtin import DenseArrayBase, IntegerType, VectorType, i64
from xdsl.ir import SSAValue

from lowbit_dialect import simd
from lowering.loops.contraction.accumulator_tile import AccumulatorTile
from lowering.loops.emit import Emit


def holds(numbers: tuple[int, int], bits: int) -> bool:
    """Whether lanes of so many bits hold all numbers from the first to the last one."""
    return -(1 << (bits - 1)) <= numbers[0] and numbers[1] <= (1 << (bits - 1)) - 1


@dataclass(frozen=True)
class Narrowing:
    """x = clip(sum + bias) to `bits` bits; `clips` says whether any sum needs the clipping."""

    bits: int
    bias: int
    clips: bool

    @staticmethod
    def of(
        bits: int,
        sum_range: tuple[int, int],
        comparands: NDArray[np.int64],
        signs: NDArray[np.int64],
        sum_bits: int = 32,
    ) -> Narrowing | None:
        """A narrowing to `bits` that all comparisons `sum ^ sign >= comparand` survive, or None.

        Args:
            bits: width of the narrow lanes.
            sum_range: the least and the largest sum.
            comparands: (entries, lanes).
            signs: 0 or -1, (lanes).
            sum_bits: width of the lanes that hold the sums.
        """
        low, high = sum_range
        least, most = -(1 << (bits - 1)), (1 << (bits - 1)) - 1
        boundaries, is_certain = _boundaries(comparands, signs, sum_range)
        needed = boundaries[~is_certain]
        first, last = (needed.min(), needed.max()) if needed.size else (0, 0)

        def holds_boundaries(bias: int) -> bool:
            return least < first + bias and last + bias <= most

        middle = -((low + high) // 2)
        between = -((int(first) + int(last)) // 2)
        options = [(bias, False) for bias in (0, middle) if holds((low + bias, high + bias), bits)]
        options += [(0, True), (between, True)]
        for bias, clips in options:
            is_exact = not clips or holds((low + bias, high + bias), sum_bits)
            if is_exact and holds_boundaries(bias):
                return Narrowing(bits, bias, clips)
        return None

    def comparands(
        self,
        comparands: NDArray[np.int64],
        signs: NDArray[np.int64],
        sum_range: tuple[int, int],
    ) -> NDArray[np.int64]:
        """What x ^ sign is compared with."""
        boundaries, is_certain = _boundaries(comparands, signs, sum_range)
        moved = boundaries + self.bias
        least = -(1 << (self.bits - 1))  # which everything reaches
        return np.where(is_certain, least, np.where(signs == 0, moved, -moved))

    def apply(self, site: AccumulatorTile, max_lanes: int) -> AccumulatorTile:
        """The site with narrow sums, as many in a vector as fit in `max_lanes`.

        The bias has been added to its sums.
        """
        emit, target_bits = site.emit, site.stage.target.vector_bits
        while len(site.sums[0]) % 2 == 0 and 2 * site.lanes <= max_lanes:
            width = site.element.width.data
            if width == self.bits and 2 * site.lanes * width > target_bits:
                break
            sums = [
                [self._joined(emit, a, b) for a, b in zip(p[::2], p[1::2], strict=True)]
                for p in site.sums
            ]
            site = replace(site, sums=sums, lanes=2 * site.lanes)
        return site

    def _joined(self, emit: Emit, low: SSAValue, high: SSAValue) -> SSAValue:
        """Two vectors as one, of narrower lanes unless they are narrow already."""
        type_ = low.type
        assert isinstance(type_, VectorType)
        assert isinstance(type_.element_type, IntegerType)
        if type_.element_type.width.data > self.bits:
            return emit.op(simd.NarrowOp(low, high, no_saturation=not self.clips))
        lanes = 2 * type_.get_shape()[0]
        order = DenseArrayBase.from_list(i64, range(lanes))
        joined = VectorType(type_.element_type, [lanes])
        return emit.op(vector.ShuffleOp(low, high, order, result_type=joined))


def _boundaries(
    comparands: NDArray[np.int64], signs: NDArray[np.int64], sum_range: tuple[int, int]
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """The least sum on the upper side of each comparison, from the least sum to one above all,
    and whether the comparison holds for every sum.

    ~sum >= c holds for sums up to ~c, so there the upper side begins at ~c + 1 = -c.
    """
    low, high = sum_range
    boundaries = np.clip(np.where(signs == 0, comparands, -comparands), low, high + 1)
    return boundaries, boundaries == np.where(signs == 0, low, high + 1)
