"""The loops of convolutions and products of f32: register tiles of pixels by vectors of channels.

    for %job: an output row of an image, and a block of channels
      for %col: tiles of pixels whose taps all fall on the image alike
        for each tap of the window, for each input channel:
          %w = vector.load %w[kh, kw, ic, oc ..]
          %sum_p = fma (broadcast %x[image, row, col + p, ic]), %w, %sum_p
        vector.store %sum_p

Each sum is over the input channels of a tap, and these over the taps in order, whatever the tile
is. A depthwise convolution has no sum over input channels: it loads a vector of them in place of a
broadcast.
"""

from __future__ import annotations

from collections.abc import Sequence

from xdsl.dialects import arith, vector
from xdsl.dialects.builtin import VectorType, f32
from xdsl.ir import SSAValue

from lowbit_dialect import simd
from lowbit_dialect.ops.float_contraction import FloatContractionOp
from lowering.loops.emit import Index
from lowering.loops.stage import Stage, StageLoops
from lowering.targets import Target

MOST_VECTORS = 4
"""Vectors of channels of a tile."""

UNROLLED = 4
"""Input channels that a pass of the innermost loop takes."""


def float_contraction(op: FloatContractionOp, target: Target) -> StageLoops:
    """Rows of the result times blocks of channels, in parallel."""
    tiles = _Plan(op, target)
    rows = op.geometry.batch * op.geometry.rows.out

    def body(stage: Stage, low: SSAValue, high: SSAValue) -> None:
        writer = _Writer(op, stage, tiles)
        stage.emit.loop(low, high, writer.job)

    return StageLoops(rows * len(tiles.starts), body)


class _Plan:
    """How the channels of a result are cut into blocks, and pixels into tiles.

    `starts` are the first channels of the blocks, each of `vectors` vectors of `lanes`; the last
    block of a group overlaps the one before it where the channels are no multiple.
    """

    def __init__(self, op: FloatContractionOp, target: Target):
        geometry = op.geometry
        self.is_depthwise = geometry.groups == geometry.ic == geometry.oc and geometry.groups > 1
        groups = 1 if self.is_depthwise else geometry.groups
        channels = geometry.oc // groups
        self.lanes = min(target.lanes(32), 1 << (channels.bit_length() - 1))
        pixels = geometry.cols.out
        most = MOST_VECTORS if pixels > 1 else 2 * MOST_VECTORS
        self.vectors = min(most, channels // self.lanes)
        width = self.vectors * self.lanes
        firsts = list(range(0, channels - width + 1, width))
        if channels % width:
            firsts.append(channels - width)
        self.starts = [group * channels + first for group in range(groups) for first in firsts]
        self.groups = [group for group in range(groups) for _ in firsts]
        self.joins_taps = not self.is_depthwise and geometry.rows.taps * geometry.cols.taps > 1
        registers = target.vector_registers - self.vectors - 2
        if self.joins_taps:
            registers //= 2
        self.pixels = max(1, min(12, registers // self.vectors))
        self.fused = target.fuses_multiply_add


class _Writer:
    """Writes the tiles of one contraction."""

    def __init__(self, op: FloatContractionOp, stage: Stage, plan: _Plan):
        self.stage, self.emit, self.plan = stage, stage.emit, plan
        self.geometry = op.geometry
        rows, cols = self.geometry.rows, self.geometry.cols
        shape = (self.geometry.batch, rows.extent, cols.extent, self.geometry.ic)
        self.x = stage.tensor(op.x, shape)
        self.per_group = self.geometry.ic // self.geometry.groups
        self.w = stage.tensor(op.w, (rows.taps, cols.taps, self.per_group, self.geometry.oc))
        self.y = stage.tensor(
            op.result, (self.geometry.batch, rows.out, cols.out, self.geometry.oc)
        )
        self.type = VectorType(f32, [plan.lanes])

    def job(self, job: Index) -> None:
        """A row of the result, for one block of channels."""
        emit, plan, rows = self.emit, self.plan, self.geometry.rows
        count = self.geometry.batch * rows.out
        block, line = emit.div(job, count), emit.mod(job, count)
        start = self.stage.choose(plan.starts, block)
        group = self.stage.choose(plan.groups, block)
        image, row = emit.div(line, rows.out), emit.mod(line, rows.out)
        runs = rows.runs()
        first, beyond = (
            self.stage.choose_run([(end(taps), stop) for taps, stop in runs], row)
            for end in (lambda taps: taps.start, lambda taps: taps.stop)
        )
        where = (image, row, start, group)
        before = 0
        for taps, end in self.geometry.cols.runs():
            whole = before + (end - before) // plan.pixels * plan.pixels
            for low, high, pixels in ((before, whole, plan.pixels), (whole, end, end - whole)):
                if high > low:
                    emit.loop(
                        low,
                        high,
                        lambda col, pixels=pixels, taps=taps: self._tile(
                            where, (first, beyond), taps, col, pixels
                        ),
                        pixels,
                    )
            before = end

    def _tile(
        self,
        where: tuple[Index, Index, Index, Index],
        row_taps: tuple[Index, Index],
        col_taps: range,
        col: Index,
        pixels: int,
    ) -> None:
        emit, plan, (rows, cols) = self.emit, self.plan, (self.geometry.rows, self.geometry.cols)
        image, row, start, group = where
        top = emit.mul(row, rows.stride)
        left = emit.sub(emit.mul(col, cols.stride), cols.before)
        zero = emit.constant(0.0, self.type)
        sums: Sequence[SSAValue] = [zero] * (pixels * plan.vectors)

        def over_rows(kh: Index, sums: Sequence[SSAValue]) -> Sequence[SSAValue]:
            y = emit.sub(emit.add(top, emit.mul(kh, rows.dilation)), rows.before)

            def over_cols(kw: Index, sums: Sequence[SSAValue]) -> Sequence[SSAValue]:
                x = emit.add(left, emit.mul(kw, cols.dilation))
                columns = [emit.add(x, p * cols.stride) for p in range(pixels)]
                return self._channels((image, y), columns, (kh, kw), start, group, sums)

            return emit.for_(col_taps.start, col_taps.stop, sums, over_cols)

        sums = emit.for_(*row_taps, sums, over_rows)
        for p in range(pixels):
            for v in range(plan.vectors):
                place = (image, row, emit.add(col, p), emit.add(start, v * plan.lanes))
                emit.store_vector(sums[p * plan.vectors + v], self.y, place)

    def _channels(
        self,
        line: tuple[Index, Index],
        columns: Sequence[Index],
        tap: tuple[Index, Index],
        start: Index,
        group: Index,
        sums: Sequence[SSAValue],
    ) -> Sequence[SSAValue]:
        """Add the products of one tap."""
        emit, plan = self.emit, self.plan
        blocks = [emit.add(start, v * plan.lanes) for v in range(plan.vectors)]
        if plan.is_depthwise:
            weights = [emit.load_vector(self.w, (*tap, 0, b), self.type) for b in blocks]
            pixels = [
                emit.load_vector(self.x, (*line, column, b), self.type)
                for column in columns
                for b in blocks
            ]
            return self._multiplied(pixels, weights, sums)
        first = emit.mul(group, self.per_group)
        zero = emit.constant(0.0, self.type)
        before, sums = sums, [zero] * len(sums) if plan.joins_taps else sums

        def step(channel: Index, sums: Sequence[SSAValue]) -> Sequence[SSAValue]:
            weights = [emit.load_vector(self.w, (*tap, channel, b), self.type) for b in blocks]
            at = emit.add(first, channel)
            pixels = []
            for column in columns:
                place = [emit.value(i) for i in (*line, column, at)]
                pixel = emit.op(simd.BroadcastLoadOp(self.x, place, self.type))
                pixels += [pixel] * plan.vectors
            return self._multiplied(pixels, weights, sums)

        def steps(channel: Index, sums: Sequence[SSAValue]) -> Sequence[SSAValue]:
            for k in range(UNROLLED):
                sums = step(emit.add(channel, k), sums)
            return sums

        whole = self.per_group // UNROLLED * UNROLLED
        sums = emit.for_(0, whole, sums, steps, UNROLLED)
        sums = emit.for_(whole, self.per_group, sums, step, unroll=True)
        if not plan.joins_taps:
            return sums
        return [emit.binary(arith.AddfOp, a, b) for a, b in zip(before, sums, strict=True)]

    def _multiplied(
        self, pixels: Sequence[SSAValue], weights: Sequence[SSAValue], sums: Sequence[SSAValue]
    ) -> Sequence[SSAValue]:
        emit = self.emit

        def sum_(k: int) -> SSAValue:
            weight = weights[k % len(weights)]
            if self.plan.fused:
                return emit.op(vector.FMAOp(pixels[k], weight, sums[k]))
            product = emit.binary(arith.MulfOp, pixels[k], weight)
            return emit.binary(arith.AddfOp, sums[k], product)

        return [sum_(k) for k in range(len(sums))]
