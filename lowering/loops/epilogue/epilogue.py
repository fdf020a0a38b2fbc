"""What becomes of a tile's accumulators: correction, glue, packing, and the store.

An `Epilogue` is made once for a contraction; it prepares per-channel tables (of constants, or of
tensors in `#lowbit.channels`), and emits the vector code for each tile.
"""

from __future__ import annotations

from dataclasses import replace
from typing import NoReturn

import numpy as np
from xdsl.dialects import arith, vector
from xdsl.dialects.builtin import VectorType, i32
from xdsl.ir import SSAValue

from lowbit_dialect.layouts.channels import ChannelsAttr, channels_layout
from lowbit_dialect.ops.kernel import ConvKernelOp, KernelOp
from lowering.loops.contraction.accumulator_tile import AccumulatorTile
from lowering.loops.emit import Index
from lowering.loops.epilogue.byte_store import packed_target
from lowering.loops.epilogue.channel_table import ChannelTable
from lowering.loops.epilogue.comparisons import (
    Comparisons,
    SumVectors,
    known_parameters,
    max_lanes,
    sum_range,
)
from lowering.loops.epilogue.glue_levels import GLUE_LEVELS
from lowering.loops.epilogue.levels import Levels
from lowering.loops.epilogue.narrow_scale import NarrowScale, NarrowScaleLevels
from lowering.loops.epilogue.narrow_thresholds import Narrowing, holds
from lowering.loops.stage import Stage, shape_of
from lowering.support.diagnostics import fail


class Epilogue:
    """The epilogue of one contraction."""

    def __init__(self, op: KernelOp, stage: Stage):
        self.op, self.geometry = op, op.geometry
        self.glue, self.pack, self.plan = op.glue, op.pack, op.plan_of_epilogue
        correction = op.operands[2] if len(op.operands) > 2 else None
        self.correction = self._table(correction, fill=0) if correction is not None else None
        self.sum_range, self.comparisons = sum_range(op), Comparisons.of(op)
        self.levels: type[Levels] | None = None
        self.parameters = self._parameter_tables()
        self.packed = packed_target(op, stage.target) if self.pack is not None else None
        self.target = self._target(stage)

    def _table(self, source: SSAValue, fill: int, channels_first: bool = False) -> ChannelTable:
        return ChannelTable.of(source, self.op, fill, channels_first)

    def _parameter_tables(self) -> list[ChannelTable]:
        if self.glue is None:
            return []
        if self.plan.product_bits.data < 64:
            found = NarrowScale.of(self.glue, self.sum_range)
            if found is None:
                fail(
                    self.op,
                    f"epilogue_schedule: product_bits = {self.plan.product_bits.data}: no numbers"
                    " of i32 give every sum the level that the glue gives",
                )
            self.levels = NarrowScaleLevels
            return found.tables(self.op)
        self.levels = GLUE_LEVELS[self.glue.form.data]
        known = known_parameters(self.op, self.glue)
        if known is not None:
            return [ChannelTable.constant(array) for array in known]
        return [
            self._table(value, fill, channels_first=len(shape_of(value)) == 2)
            for value, fill in zip(self.glue.parameters, self.levels.FILLS, strict=False)
        ]

    def _target(self, stage: Stage) -> SSAValue | None:
        """Where unpacked results are stored, the channels innermost."""
        if self.pack is not None:
            return None
        g, result = self.geometry, self.op.results[0]
        is_nchw = isinstance(self.op, ConvKernelOp) and self.op.layout.data == "nchw"
        if is_nchw and channels_layout(result.type) != ChannelsAttr.get(1):
            fail(self.op, "an unpacked nchw result must be in #lowbit.channels<axis = 1>")
        return stage.tensor(result, (g.batch, g.rows.out, g.cols.out, g.oc))

    def apply(self, site: AccumulatorTile) -> None:
        """Emit the epilogue of one tile."""
        narrowing = self._narrowing(site)
        site = self._correct(site, 0 if narrowing is None else narrowing.bias)
        if self.glue is None or self.levels is None:
            site = site.widened()
            self._store(site, lambda m, v: site.sums[m][v])
            return
        site, parameters = replace(site, sum_range=self.sum_range), self.parameters
        if narrowing is not None:
            site, parameters = narrowing.apply(site, max_lanes(self.op)), self._moved(narrowing)
        else:
            site = site.widened()
        levels = self.levels.of(self.glue, site, parameters)
        if self.packed is None:
            self._store(site, levels.byte)
        else:
            self.packed.store(site, levels)

    def _narrowing(self, site: AccumulatorTile) -> Narrowing | None:
        """How sums become lanes of the bits that the plan says, or None where these are i32."""
        bits, comparisons = self.plan.sum_bits.data, self.comparisons
        if self.glue is None or bits == i32.width.data:
            return None
        if comparisons is None:
            self._refuse("the thresholds and the correction must be constants")
        vectors = SumVectors.of(self.op, site.target.vector_bits)
        if reason := vectors.why_not(bits, max_lanes(self.op)):
            self._refuse(reason)
        narrowing = comparisons.narrowing(bits, vectors.bits)
        if narrowing is None:
            self._refuse(f"lanes of i{bits} do not decide all comparisons with the thresholds")
        return narrowing

    def _moved(self, narrowing: Narrowing) -> list[ChannelTable]:
        """The tables of thresholds for narrow sums."""
        comparisons = self.comparisons
        assert comparisons is not None, "there is a narrowing"
        comparands, signs = comparisons.comparands, comparisons.signs
        moved = narrowing.comparands(comparands, signs, comparisons.sum_range)
        tables = [moved, signs[None, :]][: len(self.parameters)]
        return [ChannelTable.constant(array, narrowing.bits) for array in tables]

    def _refuse(self, reason: str) -> NoReturn:
        fail(self.op, f"epilogue_schedule: sum_bits = {self.plan.sum_bits.data}: {reason}")

    def _corrects_wide(self, site: AccumulatorTile) -> bool:
        """Whether corrected sums need more bits than a site's sums have."""
        return self.sum_range is None or not holds(self.sum_range, site.element.width.data)

    def _correct(self, site: AccumulatorTile, bias: int) -> AccumulatorTile:
        """Add the correction, by border class where there are several, and a bias.

        Both are numbers of a table, so that the code of kernels does not depend on them.
        """
        table, emit = self.correction, site.emit
        if table is None:
            return site if bias == 0 else _biased(site, bias)
        if bias:
            table = table.plus(bias)
        if self._corrects_wide(site):
            site = site.widened()
        elif table.values is not None:
            table = table.modulo(site.element.width.data)
        classes = self.op.kernel_sums.class_counts(self.geometry)
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

    def _store(self, site: AccumulatorTile, value) -> None:
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


def _biased(site: AccumulatorTile, bias: int) -> AccumulatorTile:
    """A number added to all sums."""
    emit, type_ = site.emit, VectorType(site.element, [site.lanes])
    table = site.stage.table(np.full(site.lanes, bias), site.element.width.data)
    lanes = emit.load_vector(table, [0], type_)
    return site.map_sums(lambda m, v, sums: emit.binary(arith.AddiOp, sums, lanes))
