"""The stage of `lowbit.avg_pool2d`: sums of windows in i32, divided and rounded exactly."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import numpy as np
from xdsl.dialects import arith
from xdsl.dialects.builtin import IntegerType, MemRefType, VectorType, f32, i8, i32, i64
from xdsl.ir import Attribute, SSAValue

from lowbit_dialect import arith_ops, simd
from lowbit_dialect.codes import SignedType
from lowbit_dialect.geometry import LAYOUTS
from lowbit_dialect.ops.base import code_of
from lowbit_dialect.ops.pool import AvgPool2DOp
from lowering.loops.emit import Index
from lowering.loops.pool.float_pool import float_pool
from lowering.loops.pool.lines import loops_of_lines
from lowering.loops.pool.window_bounds import on_image
from lowering.loops.stage import Stage, StageLoops, element_of, shape_of
from lowering.targets import Target

QUOTIENT_BITS = 55
"""Bits behind the point of 1 / n in the table of counts.

A quotient of s < 511 n by 2 n is exact with them where n is at most 2^22, and fits in 64 bits.
"""


def avg_pool(op: AvgPool2DOp, target: Target) -> StageLoops:
    """The average of each window; channels of nhwc images are computed a vector at a time."""
    if element_of(op.x) == f32:
        return float_pool(op, target)
    return loops_of_lines(op, partial(_Averages, op))


class _Averages:
    """The averages of one row of windows."""

    def __init__(self, op: AvgPool2DOp, stage: Stage):
        self.op, self.stage, self.emit = op, stage, stage.emit
        self.rows, self.cols = op.windows
        self.code = code_of(op.x.type, "x")
        self.source, self.target = stage.tensor(op.x), stage.tensor(op.result)
        self.dims = LAYOUTS[op.layout.data]
        self.channels = shape_of(op.x)[self.dims[3]]
        counts_padding = op.count_padding is not None
        self.has_counts = not counts_padding and (self.rows.is_padded or self.cols.is_padded)

    def line(self, image: Index, row: Index) -> None:
        """One row of the result."""
        emit = self.emit
        lanes = 1 if self.has_counts or self.dims[3] != 3 else self.stage.target.lanes(32)

        def pixel(col: Index) -> None:
            done = 0
            for size in (lanes, 1):
                end = done + (self.channels - done) // size * size
                emit.loop(
                    done, end, lambda c, size=size: self._average(image, row, col, c, size), size
                )
                done = end

        emit.loop(0, self.cols.out, pixel)

    def _average(self, image: Index, row: Index, col: Index, channel: Index, lanes: int) -> None:
        emit = self.emit
        type_: Attribute = VectorType(i32, [lanes]) if lanes > 1 else i32
        ends = [on_image(emit, w, at) for w, at in ((self.rows, row), (self.cols, col))]

        def over_cols(y: Index, total: Sequence[SSAValue]) -> Sequence[SSAValue]:
            def tap(x: Index, total: Sequence[SSAValue]) -> Sequence[SSAValue]:
                element = self._load(self._at(image, y, x, channel), lanes)
                return [emit.binary(arith.AddiOp, total[0], element)]

            return emit.for_(*ends[1], total, tap)

        (total,) = emit.for_(*ends[0], [emit.constant(0, type_)], over_cols)
        count: int | SSAValue = self.rows.taps * self.cols.taps
        if self.has_counts:
            extents = [emit.value(emit.sub(high, low)) for low, high in ends]
            count = emit.op(arith.IndexCastOp(emit.binary(arith.MuliOp, *extents), i32))
        average = _Rounded(self, total, count).value()
        where = self._at(image, row, col, channel)
        if lanes > 1:
            byte = emit.op(simd.TruncIOp(average, VectorType(i8, [lanes])))
            emit.store_vector(byte, self.target, where)
        else:
            emit.store(emit.op(arith_ops.TruncIOp(average, i8)), self.target, where)

    def _at(self, image: Index, row: Index, col: Index, channel: Index) -> list[Index]:
        where: list[Index] = [0] * 4
        for dim, index in zip(self.dims, (image, row, col, channel), strict=True):
            where[dim] = index
        return where

    def _load(self, where: list[Index], lanes: int) -> SSAValue:
        """Values as i32."""
        emit, is_signed = self.emit, isinstance(self.code, SignedType)
        if lanes == 1:
            extend = arith.ExtSIOp if is_signed else arith.ExtUIOp
            return emit.op(extend(emit.load(self.source, where), i32))
        bytes_ = emit.load_vector(self.source, where, VectorType(i8, [lanes]))
        widen = simd.ExtSIOp if is_signed else simd.ExtUIOp
        return emit.op(widen(bytes_, VectorType(i32, [lanes])))


class _Rounded:
    """A sum over a count, rounded, by unsigned division of what is above the least average."""

    def __init__(self, averages: _Averages, total: SSAValue, count: int | SSAValue):
        self.averages, self.emit, self.total = averages, averages.emit, total
        self.count, self.type = count, total.type

    def value(self) -> SSAValue:
        """floor((2 sum + count) / (2 count)), less one at the ties that go down."""
        emit, rounding = self.emit, self.averages.op.round.data
        low = self._number(self.averages.code.min_value)
        count = self._number(self.count)
        above = emit.binary(arith.SubiOp, self.total, emit.binary(arith.MuliOp, low, count))
        if rounding == "floor":
            # Twice both, since the table holds the inverses of twice the counts.
            quotient = self._divided(emit.binary(arith.AddiOp, above, above))
            return emit.binary(arith.AddiOp, quotient, low)
        twice = emit.binary(arith.AddiOp, above, above)
        quotient = self._divided(emit.binary(arith.AddiOp, twice, count))
        upper = emit.binary(arith.AddiOp, quotient, low)
        if rounding == "half_up":
            return upper
        # At a tie the sum is count (upper - 1/2).
        product = emit.binary(arith.MuliOp, emit.binary(arith.AddiOp, quotient, quotient), count)
        tie = self._flag("eq", product, emit.binary(arith.AddiOp, twice, count))
        if rounding == "half_even":
            goes_down = emit.binary(arith.AndIOp, upper, self._number(1))
        else:
            goes_down = self._flag("sle", upper, self._number(0))
        return emit.binary(arith.SubiOp, upper, emit.binary(arith.AndIOp, tie, goes_down))

    def _number(self, value: int | SSAValue) -> SSAValue:
        return self.emit.constant(value, self.type) if isinstance(value, int) else value

    def _flag(self, predicate: str, a: SSAValue, b: SSAValue) -> SSAValue:
        """1 where the comparison holds, else 0."""
        if not isinstance(self.type, VectorType):
            return self.emit.op(arith.ExtUIOp(self.emit.op(arith.CmpiOp(a, b, predicate)), i32))
        mask = self.emit.op(simd.CmpIOp(predicate, a, b))
        return self.emit.op(simd.ExtUIOp(mask, self.type))

    def _divided(self, number: SSAValue) -> SSAValue:
        """A number over twice the count."""
        emit = self.emit
        if isinstance(self.count, int):
            return emit.binary(arith.DivUIOp, number, self._number(2 * self.count))
        # Not every processor divides: there is a table of inverses.
        rows, cols = self.averages.rows, self.averages.cols
        counts = np.arange(1, rows.taps * cols.taps + 1, dtype=np.int64)
        inverses = -(-(1 << QUOTIENT_BITS) // (2 * counts))
        table = self.averages.stage.constant(
            inverses.astype("<i8").tobytes(), MemRefType(IntegerType(64), [len(counts)])
        )
        index = emit.op(arith.IndexCastOp(self.count, emit.value(0).type))
        inverse = emit.load(table, [emit.sub(index, 1)])
        wide = emit.binary(arith.MuliOp, emit.op(arith.ExtUIOp(number, i64)), inverse)
        shifted = emit.binary(arith.ShRUIOp, wide, emit.constant(QUOTIENT_BITS, i64))
        return emit.op(arith_ops.TruncIOp(shifted, i32))
