"""What becomes of a tile's accumulators: correction, glue, packing, and the store.

An `Epilogue` is made once for a contraction; it prepares per-channel tables (constants at compile
time, otherwise a stage that fills them), and emits the vector code for each tile.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from xdsl.dialects import arith, vector
from xdsl.dialects.builtin import (
    MemRefType,
    i8,
    i32,
)
from xdsl.ir import SSAValue

from lowbit_dialect.layout import packed_layout
from lowbit_dialect.ops.glue import FusedGlueOp
from lowbit_dialect.ops.kernel import ConvKernelOp, KernelOp
from lowbit_dialect.ops.pack import BitpackOp
from lowering.loops.byte_store import packed_target
from lowering.loops.channel_table import ChannelTable
from lowering.loops.emit import Index
from lowering.loops.glue_levels import GLUE_LEVELS
from lowering.loops.narrow_sums import holds, narrow_sums
from lowering.loops.packed_store import PackedTarget
from lowering.loops.permute import permute_stage
from lowering.loops.stage import FunctionLowering, Stage, shape_of
from lowering.loops.tile_site import TileSite


class Epilogue:
    """The epilogue of one contraction."""

    def __init__(self, op: KernelOp, lowering: FunctionLowering):
        self.op, self.lowering = op, lowering
        self.geometry = op.geometry
        block = op.epilogue_block
        chain = list(block.ops)[:-1] if block is not None else []
        self.glue = next((o for o in chain if isinstance(o, FusedGlueOp)), None)
        self.pack = next((o for o in chain if isinstance(o, BitpackOp)), None)
        self.result = op.results[0]
        layout = packed_layout(op.operands[1].type)
        assert layout is not None
        self.block_lanes = layout.lane_block[1]
        correction = op.operands[2] if len(op.operands) > 2 else None
        self.correction = self._table(correction, fill=0) if correction is not None else None
        self.parameters = self._parameter_tables()
        self.sum_range = self._sum_range()
        self.packed = packed_target(op) if self.pack is not None else None
        self.scratch = self._scratch()

    @staticmethod
    def of(op: KernelOp, lowering: FunctionLowering) -> Epilogue:
        """The epilogue of a contraction; writes the stages that fill its tables."""
        return Epilogue(op, lowering)

    def _table(self, source: SSAValue, fill: int, channels_first: bool = False) -> ChannelTable:
        return ChannelTable.of(
            source, self.lowering, self.geometry, self.block_lanes, fill, channels_first
        )

    def _parameter_tables(self) -> list[ChannelTable]:
        if self.glue is None:
            return []
        form = GLUE_LEVELS[self.glue.form.data]
        tables = [
            self._table(value, fill, channels_first=len(shape_of(value)) == 2)
            for value, fill in zip(self.glue.parameters, form.FILLS, strict=False)
        ]
        values = [table.values for table in tables if table.values is not None]
        if len(values) < len(tables):
            return tables
        return [ChannelTable.constant(array) for array in form.constants(values)]

    def _sum_range(self) -> tuple[int, int] | None:
        """The least and the largest sum, corrected; None where the correction is not known."""
        low, high = self.op.raw_sums.raw_range(self.geometry.taps)
        if self.correction is None:
            return low, high
        values = self.correction.values
        return None if values is None else (low + int(values.min()), high + int(values.max()))

    def _scratch(self) -> SSAValue | None:
        """Where an unpacked nchw result lies before its channels become the outer dimension."""
        is_nchw = isinstance(self.op, ConvKernelOp) and self.op.layout.data == "nchw"
        return self.result if is_nchw and self.pack is None else None

    def begin(self, stage: Stage) -> Epilogue:
        """Find the target of the stores in this stage."""
        g = self.geometry
        shape = (g.batch, g.rows.out, g.cols.out, g.oc)
        if self.pack is not None:
            self.target = None
        elif self.scratch is not None:
            element = i32 if self.glue is None else i8
            count = int(np.prod(shape)) * (4 if self.glue is None else 1)
            self.scratch_place = self.lowering.buffers.reserve(count)
            self.target = stage.place(self.scratch_place, MemRefType(element, shape))
        else:
            self.target = stage.tensor(self.result, shape)
        return self

    def finish(self) -> None:
        """Write the stage that reorders an nchw result."""
        if self.scratch is not None:
            g = self.geometry
            shape = (g.batch, g.rows.out, g.cols.out, g.oc)
            permute_stage(self.lowering, self.scratch_place, shape, (0, 3, 1, 2), self.result)

    def apply(self, site: TileSite) -> None:
        """Emit the epilogue of one tile."""
        if self.correction is not None:
            site = self._correct(site)
        if self.glue is None:
            site = site.widened()
            self._store(site, lambda m, v: site.sums[m][v])
            return
        site, parameters = replace(site, sum_range=self.sum_range), self.parameters
        form = GLUE_LEVELS[self.glue.form.data]
        if form.NARROWS:
            max_lanes = site.block_lanes
            if isinstance(self.packed, PackedTarget):
                max_lanes = min(max_lanes, self.packed.word_bits)
            site, parameters = narrow_sums(site, parameters, max_lanes)
        else:
            site = site.widened()
        levels = form.of(self.glue, site, parameters)
        if self.packed is None:
            self._store(site, levels.byte)
        else:
            self.packed.store(site, levels)

    def _correct(self, site: TileSite) -> TileSite:
        """Add the correction, by border class where there are several."""
        emit, table = site.emit, self.correction
        assert table is not None
        bits = site.element.width.data
        if self.sum_range is None or not holds(self.sum_range, bits):
            site = site.widened()
        elif table.values is not None:
            table = table.modulo(bits)
        classes = self.op.raw_sums.class_counts(self.geometry)
        row_class: Index = 0
        if classes[0] > 1:
            row_class = site.stage.choose_run(self.geometry.rows.class_runs()[1], site.row)
        col_runs = self.geometry.cols.class_runs()[1] if classes[1] > 1 else []

        def add(m: int, v: int, sums: SSAValue) -> SSAValue:
            col_class: Index = 0
            if classes[1] > 1:
                col_class = site.stage.choose_run(col_runs, emit.add(site.col, m))
            entry = emit.add(emit.mul(row_class, classes[1]), col_class)
            return emit.binary(arith.AddiOp, sums, table.vector(site, entry, v))

        return site.map_sums(add)

    def _store(self, site: TileSite, value) -> None:
        """Store one vector for each pixel and vector of channels, innermost dimension channels."""
        emit = site.emit
        assert self.target is not None
        for m in range(len(site.sums)):
            col = emit.add(site.col, m)
            for v in range(len(site.sums[0])):
                indices = (site.image, site.row, col, site.channel(v))
                if site.is_ragged:
                    emit.op(
                        vector.MaskedStoreOp(
                            self.target,
                            [emit.value(i) for i in indices],
                            site.valid(v),
                            value(m, v),
                        )
                    )
                else:
                    emit.store_vector(value(m, v), self.target, indices)
