"""Taps in the padding that a kernel does not execute, and what they would have added.

Which rows of taps fall on the image depends on the output row: a loop from the first of them to the
last. Which columns do depends on the pixel: tiles at the ends of a row are written apart, and know
at compile time which of their pixels a column of taps leaves out.

A tap in the padding meets zeros. Where differing bits are counted it adds the weights' bits, which
the correction takes back, for all taps alike (`kernel_sums`). So tiles that skip taps add what the
taps would have given, and whatever comes after the sums is the same for all tiles.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from xdsl.dialects import arith
from xdsl.dialects.builtin import TensorType
from xdsl.ir import SSAValue

from lowbit_dialect.geometry import WEIGHT_LAYOUTS, ConvGeometry, Window
from lowbit_dialect.layouts.packed import packed_layout
from lowbit_dialect.layouts.packed_array import PackedArray
from lowbit_dialect.layouts.packing import word_dtype
from lowbit_dialect.ops.kernel import ConvKernelOp, KernelOp, affine_code_of
from lowbit_dialect.schedule import ScheduleAttr
from lowbit_dialect.sums.base import sums_of_sets
from lowering.kernels.padding_skip import border_tiles
from lowering.loops.contraction.accumulator_tile import AccumulatorTile
from lowering.loops.emit import Index
from lowering.loops.epilogue.channel_table import ChannelTable
from lowering.loops.stage import Stage, constant_image


@dataclass(frozen=True)
class _Axis:
    """Sets of executed taps along an axis, (set, end) of runs of positions, the set of all taps."""

    sets: Sequence[range]
    runs: Sequence[tuple[int, int]]
    whole: int

    @staticmethod
    def of(window: Window, is_skipped: bool) -> _Axis:
        """The border classes of the window where their taps are skipped, otherwise one."""
        taps = range(window.taps)
        if not is_skipped:
            return _Axis([taps], [(0, window.out)], 0)
        sets, runs = window.class_runs()
        return _Axis(sets, runs, sets.index(taps) if taps in sets else -1)

    def set_at(self, position: int) -> int:
        """The set of a position."""
        ends = [end for _, end in self.runs]
        return self.runs[bisect_right(ends, position)][0]

    @property
    def skips(self) -> bool:
        """Whether some tap is not executed somewhere."""
        return len(self.sets) > 1 or self.whole < 0


@dataclass(frozen=True)
class PaddingSkip:
    """What one contraction skips, and what its sums lack for it, a row for each pair of sets."""

    geometry: ConvGeometry
    rows: _Axis
    cols: _Axis
    lacking: ChannelTable | None

    @staticmethod
    def of(op: KernelOp, schedule: ScheduleAttr) -> PaddingSkip:
        """What the schedule asks for; nothing where what the sums would lack is not constant."""
        geometry = op.geometry
        rows, cols = _axes(geometry, schedule)
        if not reads_weights(op, schedule):
            return PaddingSkip(geometry, rows, cols, None)
        factor = op.kernel_sums.pattern_factor
        sums = _pattern_sums(op)
        if sums is None:
            whole = _Axis.of(geometry.rows, False), _Axis.of(geometry.cols, False)
            return PaddingSkip(geometry, *whole, None)
        executed = sums_of_sets(sums, rows.sets, cols.sets)
        lacking = factor * (executed - sums.sum(axis=(1, 2)))
        layout = packed_layout(op.operands[1].type)
        assert layout is not None
        entries = lacking.reshape(-1, geometry.oc)
        table = ChannelTable.of_values(entries, geometry, layout.lane_block[1], fill=0)
        return PaddingSkip(geometry, rows, cols, table)

    def row_bounds(self, stage: Stage, row: Index) -> tuple[Index, ...]:
        """First executed row of taps and the one behind the last; () where all rows are."""
        if not self.rows.skips:
            return ()
        position = stage.choose_run(self.rows.runs, row)
        lows = [taps[0] if taps else 0 for taps in self.rows.sets]
        highs = [taps[-1] + 1 if taps else 0 for taps in self.rows.sets]
        return stage.choose(lows, position), stage.choose(highs, position)

    def padding(self, col: Index, pixels: int) -> tuple[int, int]:
        """How many columns under a tile, left and right, lie beside the image and are skipped."""
        if not self.cols.skips or not isinstance(col, int):
            return 0, 0
        window = self.geometry.cols
        first = col * window.stride - window.before
        last = first + (pixels - 1) * window.stride + (window.taps - 1) * window.dilation
        return max(0, -first), max(0, last + 1 - window.extent)

    def tile_runs(self, pixels: int) -> list[tuple[int, int, int]]:
        """Runs of equal tiles in a row (first column, end, pixels of a tile).

        The last tile may have fewer pixels; those with columns to skip are runs of their own.
        """
        out = self.geometry.cols.out
        if not self.cols.skips:
            whole = out // pixels * pixels
            return [(0, whole, pixels), (whole, out, out - whole)][: 2 if whole < out else 1]
        left, right = border_tiles(self.geometry.cols, pixels)
        inner, end = left * pixels, (out // pixels - right) * pixels
        borders = [*range(0, inner, pixels), *range(end, out // pixels * pixels, pixels)]
        runs = [(col, col + pixels, pixels) for col in borders]
        if inner < end:
            runs.insert(left, (inner, end, pixels))
        return [*runs, (out - out % pixels, out, out % pixels)][: None if out % pixels else -1]

    def complete(self, site: AccumulatorTile) -> AccumulatorTile:
        """Add to the sums of a tile what the skipped taps would have added."""
        table, emit = self.lacking, site.emit
        if table is None:
            return site
        pixels, vectors = len(site.sums), len(site.sums[0])
        table = table.modulo(site.element.width.data)
        row = site.stage.choose_run(self.rows.runs, site.row)
        cols = [self.cols.whole] * pixels
        if isinstance(site.col, int):
            cols = [self.cols.set_at(site.col + m) for m in range(pixels)]

        def added(pixels: Sequence[int], col: int) -> list[list[SSAValue]]:
            entry = emit.add(emit.mul(row, len(self.cols.sets)), col)
            numbers = [table.vector(site, entry, v) for v in range(vectors)]
            return [
                [
                    emit.binary(arith.AddiOp, s, n)
                    for s, n in zip(site.sums[m], numbers, strict=True)
                ]
                for m in pixels
            ]

        inner = [m for m in range(pixels) if cols[m] == self.cols.whole]
        sums = list(site.sums)
        for m in range(pixels):
            if m not in inner:
                (sums[m],) = added([m], cols[m])
        if inner and self.rows.skips:
            is_border = arith.CmpiOp(emit.value(row), emit.value(self.rows.whole), "ne")
            adjusted = emit.if_(
                emit.op(is_border),
                [value for m in inner for value in site.sums[m]],
                lambda _: [value for pixel in added(inner, self.cols.whole) for value in pixel],
            )
            for k, m in enumerate(inner):
                sums[m] = list(adjusted[k * vectors : (k + 1) * vectors])
        return site.map_sums(lambda m, v, _: sums[m][v])


def _axes(geometry: ConvGeometry, schedule: ScheduleAttr) -> tuple[_Axis, _Axis]:
    skip = schedule.skip.data
    return _Axis.of(geometry.rows, skip != "none"), _Axis.of(geometry.cols, skip == "all")


def reads_weights(op: KernelOp, schedule: ScheduleAttr) -> bool:
    """Whether the loops depend on the numbers of the weights: skipped taps add something."""
    rows, cols = _axes(op.geometry, schedule)
    return op.kernel_sums.pattern_factor != 0 and (rows.skips or cols.skips)


def _pattern_sums(op: KernelOp) -> NDArray[np.int64] | None:
    """Sums of the weights' patterns (oc, kh, kw), or None where these are not constants."""
    weights = op.operands[1]
    image, layout = constant_image(weights), packed_layout(weights.type)
    if image is None or not isinstance(op, ConvKernelOp):
        return None
    assert layout is not None
    assert isinstance(weights.type, TensorType)
    bits = affine_code_of(weights.type, "w").width
    shape = layout.physical_shape(weights.type.get_shape(), bits)
    words = PackedArray(np.frombuffer(image, word_dtype(layout)).reshape(shape), weights.type)
    planes = words.logical_words.transpose(0, *(d + 1 for d in WEIGHT_LAYOUTS[op.layout.data]))
    ones = np.unpackbits(np.ascontiguousarray(planes).view(np.uint8), axis=-1)
    counts = ones.sum(axis=-1, dtype=np.int64)
    return np.tensordot(1 << np.arange(bits), counts, axes=1)
