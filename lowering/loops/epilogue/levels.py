"""Glue on a tile in registers: accumulators become levels, as bit planes or as bytes.

Each form of `lowbit.fused_glue` is a class here that gives, for one vector of channels of one
pixel, either its planes as masks (for packed results) or its storage bytes.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from functools import reduce
from typing import ClassVar, Self

import numpy as np
from numpy.typing import NDArray
from typing_extensions import override
from xdsl.dialects import arith
from xdsl.dialects.builtin import DenseIntOrFPElementsAttr, VectorType, i8
from xdsl.ir import SSAValue

from lowbit_dialect import simd
from lowbit_dialect.codes import AffineCode, Code, SignedType
from lowbit_dialect.constants import constant_values
from lowbit_dialect.ops.base import code_of
from lowbit_dialect.ops.glue import FusedGlueOp
from lowbit_dialect.reference.glue import MAX_SHIFT
from lowering.loops.contraction.accumulator_tile import AccumulatorTile
from lowering.loops.emit import Emit
from lowering.loops.epilogue.channel_table import ChannelTable

INT32_MIN, INT32_MAX = -(2**31), 2**31 - 1


class Levels(ABC):
    """Levels of a tile of pixels and vectors of channels."""

    FILLS: ClassVar[tuple[int, ...]]
    """What a lane without a channel gets for each parameter; it ends at level `lowest`."""

    def __init__(self, glue: FusedGlueOp, emit: Emit):
        self.emit = emit
        self.code: Code = code_of(glue.result.type, "result")
        self.lowest = 0

    @classmethod
    def constants(cls, parameters: Sequence[NDArray[np.integer]]) -> list[NDArray[np.int64]]:
        """What the tables given to `of` must hold where all parameters are constant."""
        return [values.astype(np.int64) for values in parameters]

    @classmethod
    @abstractmethod
    def of(cls, glue: FusedGlueOp, site: AccumulatorTile, tables: list[ChannelTable]) -> Self:
        """Glue applied to the sums of a tile."""

    @abstractmethod
    def level_plane(self, pixel: int, vector: int, plane: int) -> SSAValue:
        """Mask of bit `plane` of the level numbers."""

    @abstractmethod
    def level(self, pixel: int, vector: int) -> SSAValue:
        """Level numbers, in lanes as wide as the sums'."""

    def plane(self, pixel: int, vector: int, plane: int) -> SSAValue:
        """Mask of bit `plane` of the patterns; a signed code inverts the level's top bit."""
        if self._patterns is not None:
            return test_bit(self.emit, self.byte(pixel, vector), plane)
        mask = self.level_plane(pixel, vector, plane)
        if isinstance(self.code, SignedType) and plane == self.code.width - 1:
            ones = self.emit.constant(1, mask.type)
            return self.emit.binary(arith.XOrIOp, mask, ones)
        return mask

    def byte(self, pixel: int, vector: int) -> SSAValue:
        """Storage bytes: the pattern, or the value of a signed code."""
        level = self.level(pixel, vector)
        if self._patterns is not None:
            return self._looked_up(level, self._patterns)
        if isinstance(self.code, SignedType):
            lowest = self.emit.constant(self.code.min_value, level.type)
            level = self.emit.binary(arith.AddiOp, level, lowest)
        return as_bytes(self.emit, level)

    @property
    def _patterns(self) -> NDArray[np.uint8] | None:
        """The pattern of each level of a codebook that does not list its values ascending."""
        patterns = self.code.patterns_by_level
        is_sorted = bool((patterns == np.arange(len(patterns))).all())
        return None if isinstance(self.code, AffineCode) or is_sorted else patterns

    def _looked_up(self, level: SSAValue, patterns: NDArray[np.uint8]) -> SSAValue:
        """The patterns of levels, as bytes."""
        entries = next(n for n in simd.TABLE_ENTRIES if n >= len(patterns))
        table = np.resize(patterns, entries).astype(np.int8).tolist()
        attr = DenseIntOrFPElementsAttr.from_list(VectorType(i8, [entries]), table)
        values = self.emit.at_entry(arith.ConstantOp(attr))
        return self.emit.op(simd.LookupOp(values, as_bytes(self.emit, level), in_range=True))


class ThresholdLevels(Levels):
    """level = number of thresholds <= acc, where the channel is flipped <= -acc.

    A flipped channel's sums are complemented: t <= -acc iff t - 1 <= ~acc. Where there is one
    threshold for every level above the lowest, and they ascend, the bits of the level are found
    from the top by bisection, a comparison for each. Otherwise, or where the glue says `counted`,
    all comparisons are made and counted.
    """

    FILLS = (INT32_MAX, 0)

    def __init__(self, glue: FusedGlueOp, emit: Emit):
        super().__init__(glue, emit)
        # The verifier sees to it that constants ascend; other thresholds come in any order.
        self.bisects = glue.can_bisect and glue.counted is None
        self.sums: list[list[SSAValue]] = []
        self.thresholds: list[list[SSAValue]] = []
        self.planes: dict[tuple[int, int], list[SSAValue]] = {}

    @classmethod
    @override
    def constants(cls, parameters: Sequence[NDArray[np.integer]]) -> list[NDArray[np.int64]]:
        """What sums ^ signs are compared with, and the signs: -1 where flipped, else 0."""
        thresholds, *flips = (values.astype(np.int64) for values in parameters)
        if not flips:
            return [thresholds]
        # Nothing is less than the least i32, which stays: every ~acc reaches it.
        moved = np.maximum(thresholds, INT32_MIN + flips[0]) - flips[0]
        return [moved, -flips[0]]

    @classmethod
    @override
    def of(cls, glue: FusedGlueOp, site: AccumulatorTile, tables: list[ChannelTable]) -> Self:
        """Load the thresholds of the tile's channels; flip what is to be flipped."""
        self, emit = cls(glue, site.emit), site.emit
        count, is_ready = tables[0].shape[0], are_constant(glue)
        self.sums = [list(pixel) for pixel in site.sums]
        for v in range(len(site.sums[0])):
            thresholds = [tables[0].vector(site, k, v) for k in range(count)]
            if len(tables) > 1:
                sign = tables[1].vector(site, 0, v)
                if not is_ready:
                    sign = emit.binary(arith.SubiOp, emit.constant(0, sign.type), sign)
                    thresholds = [_moved(emit, t, sign) for t in thresholds]
                for pixel in self.sums:
                    pixel[v] = emit.binary(arith.XOrIOp, pixel[v], sign)
            self.thresholds.append(thresholds)
        return self

    @override
    def level_plane(self, pixel: int, vector: int, plane: int) -> SSAValue:
        """One bit of the level, by bisection or from the count."""
        key, width = (pixel, vector), self.code.width
        if key not in self.planes:
            if self.bisects:
                self.planes[key] = self._bisect(*key)
            else:
                level = self._count(*key)
                self.planes[key] = [test_bit(self.emit, level, p) for p in range(width)]
        return self.planes[key][plane]

    def _reached(self, pixel: int, vector: int, threshold: SSAValue) -> SSAValue:
        return self.emit.op(simd.CmpIOp("sge", self.sums[pixel][vector], threshold))

    def _bisect(self, pixel: int, vector: int) -> list[SSAValue]:
        """Compare with the middle threshold, keep the half above or below it, and again."""
        candidates, planes = self.thresholds[vector], []
        while candidates:
            middle = len(candidates) // 2
            above = self._reached(pixel, vector, candidates[middle])
            candidates = [
                self.emit.op(simd.SelectOp(above, high, low))
                for low, high in zip(candidates[:middle], candidates[middle + 1 :], strict=True)
            ]
            planes.append(above)
        return planes[::-1]

    def _count(self, pixel: int, vector: int) -> SSAValue:
        """All thresholds less those not reached, whose masks are -1 as numbers."""
        emit, sums, thresholds = self.emit, self.sums[pixel][vector], self.thresholds[vector]
        below = [emit.op(simd.CmpIOp("slt", sums, t)) for t in thresholds]
        missing = [emit.op(simd.ExtSIOp(mask, sums.type)) for mask in below]
        total = emit.constant(len(thresholds), sums.type)
        return reduce(lambda a, b: emit.binary(arith.AddiOp, a, b), missing, total)

    @override
    def level(self, pixel: int, vector: int) -> SSAValue:
        """Number of thresholds reached."""
        if not self.bisects:
            return self._count(pixel, vector)
        emit, type_ = self.emit, self.sums[pixel][vector].type
        zero, total = emit.constant(0, type_), None
        for p, mask in reversed(list(enumerate(self._bisect(pixel, vector)))):
            bit = emit.op(simd.SelectOp(mask, emit.constant(1 << p, type_), zero))
            total = bit if total is None else emit.binary(arith.OrIOp, total, bit)
        assert total is not None
        return total


def _moved(emit: Emit, threshold: SSAValue, sign: SSAValue) -> SSAValue:
    """Thresholds for acc ^ sign, as `ThresholdLevels.constants` makes them of constants."""
    least = emit.binary(arith.SubiOp, emit.constant(INT32_MIN, sign.type), sign)
    return emit.binary(arith.AddiOp, emit.binary(arith.MaxSIOp, threshold, least), sign)


class ClippedLevels(Levels):
    """Levels that are computed of each sum, and clipped to lo .. hi."""

    def __init__(self, glue: FusedGlueOp, emit: Emit):
        super().__init__(glue, emit)
        self.levels: list[list[SSAValue]] = []

    def clipped(self, level: SSAValue, highest: int) -> SSAValue:
        """A level clipped to `lowest` .. `highest`."""
        emit, lowest = self.emit, self.emit.constant(self.lowest, level.type)
        at_least = emit.binary(arith.MaxSIOp, level, lowest)
        return emit.binary(arith.MinSIOp, at_least, emit.constant(highest, level.type))

    @override
    def level_plane(self, pixel: int, vector: int, plane: int) -> SSAValue:
        """Test one bit of each level."""
        return test_bit(self.emit, self.levels[pixel][vector], plane)

    @override
    def level(self, pixel: int, vector: int) -> SSAValue:
        """The levels."""
        return self.levels[pixel][vector]


class ShiftedLevels(ClippedLevels):
    """Levels of sums to which an offset is added, and that are shifted at last."""

    @classmethod
    @override
    def of(cls, glue: FusedGlueOp, site: AccumulatorTile, tables: list[ChannelTable]) -> Self:
        """Compute and clip every level."""
        self, emit = cls(glue, site.emit), site.emit
        self.lowest, highest = glue.bounds
        self.levels = [[] for _ in site.sums]
        for v in range(len(site.sums[0])):
            offset, *numbers, shift = (table.vector(site, 0, v) for table in tables)
            if constant_values(glue.parameters[-1]) is None:
                shift = emit.binary(arith.MaxSIOp, shift, emit.constant(0, shift.type))
                shift = emit.binary(arith.MinSIOp, shift, emit.constant(MAX_SHIFT, shift.type))
            add = saturating_add if self._can_overflow(glue, site) else plain_add
            for m, pixel in enumerate(site.sums):
                moved = add(emit, pixel[v], offset)
                level = self.scaled(glue, moved, numbers, shift)
                self.levels[m].append(self.clipped(level, highest))
        return self

    @abstractmethod
    def scaled(
        self, glue: FusedGlueOp, moved: SSAValue, numbers: Sequence[SSAValue], shift: SSAValue
    ) -> SSAValue:
        """A level before it is clipped.

        Args:
            glue: the operation.
            moved: sum and offset.
            numbers: the parameters between offset and shift.
            shift: 0 .. 31.
        """

    @staticmethod
    def _can_overflow(glue: FusedGlueOp, site: AccumulatorTile) -> bool:
        """Whether a sum and its offset can leave i32."""
        offsets = constant_values(glue.parameters[0])
        if offsets is None or site.sum_range is None:
            return True
        low, high = site.sum_range
        return not INT32_MIN <= low + offsets.min() <= high + offsets.max() <= INT32_MAX


class ShiftLevels(ShiftedLevels):
    """level = clip((acc + offset) >> shift, lo, hi), the sum saturating in i32."""

    FILLS = (INT32_MIN, 0)

    @override
    def scaled(
        self, glue: FusedGlueOp, moved: SSAValue, numbers: Sequence[SSAValue], shift: SSAValue
    ) -> SSAValue:
        return self.emit.binary(arith.ShRSIOp, moved, shift)


def test_bit(emit: Emit, level: SSAValue, plane: int) -> SSAValue:
    """Mask of the lanes that have a bit set."""
    bit = emit.binary(arith.AndIOp, level, emit.constant(1 << plane, level.type))
    return emit.op(simd.CmpIOp("ne", bit, emit.constant(0, level.type)))


def as_bytes(emit: Emit, vector: SSAValue) -> SSAValue:
    """The low bytes of the lanes."""
    assert isinstance(vector.type, VectorType)
    bytes_ = VectorType(i8, vector.type.get_shape())
    return vector if vector.type == bytes_ else emit.op(simd.TruncIOp(vector, bytes_))


def are_constant(glue: FusedGlueOp) -> bool:
    """Whether all parameters are known at compile time."""
    return all(constant_values(value) is not None for value in glue.parameters)


def plain_add(emit: Emit, a: SSAValue, b: SSAValue) -> SSAValue:
    """a + b."""
    return emit.binary(arith.AddiOp, a, b)


def saturating_add(emit: Emit, a: SSAValue, b: SSAValue) -> SSAValue:
    """a + b clipped to i32."""
    return emit.op(simd.AddSatOp(a, b))
