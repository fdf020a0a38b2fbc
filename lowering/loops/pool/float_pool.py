"""The stages of pools of f32: windows cut to the image, sums in order, then one division."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from math import inf

from xdsl.dialects import arith, vector
from xdsl.dialects.builtin import VectorType, f32, i32
from xdsl.ir import SSAValue

from lowbit_dialect import simd
from lowbit_dialect.geometry import LAYOUTS
from lowbit_dialect.ops.pool import AvgPool2DOp, PoolOp
from lowering.loops.emit import Index
from lowering.loops.pointwise.binary import BINARY_FUNCTIONS
from lowering.loops.pool.lines import loops_of_lines
from lowering.loops.pool.window_bounds import on_image
from lowering.loops.stage import Stage, StageLoops, shape_of
from lowering.targets import Target


def float_pool(op: PoolOp, target: Target) -> StageLoops:
    """Rows of windows; channels of nhwc images are computed a vector at a time."""
    return loops_of_lines(op, partial(_FloatPool, op))


class _FloatPool:
    """The windows of one pool."""

    def __init__(self, op: PoolOp, stage: Stage):
        self.op, self.emit = op, stage.emit
        self.rows, self.cols = op.windows
        self.dims = LAYOUTS[op.layout.data]
        self.x, self.y = stage.tensor(op.x), stage.tensor(op.result)
        self.channels = shape_of(op.x)[self.dims[3]]
        most = stage.target.lanes(32) if self.dims[3] == 3 else 1
        self.lanes = min(most, 1 << (self.channels.bit_length() - 1))
        self.is_average = isinstance(op, AvgPool2DOp)

    def line(self, image: Index, row: Index) -> None:
        """One row of the result."""
        emit, lanes = self.emit, self.lanes

        def pixel(col: Index) -> None:
            whole = self.channels // lanes * lanes
            emit.loop(0, whole, lambda c: self._window(image, row, col, c), lanes)
            if whole < self.channels:
                self._window(image, row, col, self.channels - lanes)

        emit.loop(0, self.cols.out, pixel)

    def _window(self, image: Index, row: Index, col: Index, channel: Index) -> None:
        emit, type_ = self.emit, VectorType(f32, [self.lanes])
        ends = [on_image(emit, w, at) for w, at in ((self.rows, row), (self.cols, col))]
        join = BINARY_FUNCTIONS["add" if self.is_average else "max"]

        def over_cols(y: Index, total: Sequence[SSAValue]) -> Sequence[SSAValue]:
            def tap(x: Index, total: Sequence[SSAValue]) -> Sequence[SSAValue]:
                element = emit.load_vector(self.x, self._at(image, y, x, channel), type_)
                return [join(emit, total[0], element)]

            return emit.for_(*ends[1], total, tap)

        start = emit.constant(0.0 if self.is_average else -inf, type_)
        (total,) = emit.for_(*ends[0], [start], over_cols)
        if self.is_average:
            total = emit.binary(arith.DivfOp, total, self._count(ends, type_))
        emit.store_vector(total, self.y, self._at(image, row, col, channel))

    def _count(self, ends: Sequence[tuple[Index, Index]], type_: VectorType) -> SSAValue:
        """The number of elements of a window, in every lane."""
        emit = self.emit
        is_padded = self.rows.is_padded or self.cols.is_padded
        counts_padding = self.op.properties.get("count_padding") is not None
        if counts_padding or not is_padded:
            return emit.constant(float(self.rows.taps * self.cols.taps), type_)
        extents = [emit.value(emit.sub(high, low)) for low, high in ends]
        count = emit.op(arith.IndexCastOp(emit.binary(arith.MuliOp, *extents), i32))
        lanes = emit.op(vector.BroadcastOp(count, VectorType(i32, type_.get_shape())))
        return emit.op(simd.SIToFPOp(lanes, type_))

    def _at(self, image: Index, row: Index, col: Index, channel: Index) -> list[Index]:
        where: list[Index] = [0] * 4
        for dim, index in zip(self.dims, (image, row, col, channel), strict=True):
            where[dim] = index
        return where
