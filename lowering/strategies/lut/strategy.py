"""The strategy of tables of partial sums: unipolar or bipolar x of few bits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import ceil
from typing import ClassVar

from typing_extensions import override
from xdsl.ir import Operation
from xdsl.pattern_rewriter import RewritePattern

from lowbit_dialect.codes import affine
from lowbit_dialect.layouts.kernels import (
    activation_layout,
    index_matmul_rhs_layout,
    index_weight_layout,
    matmul_lhs_layout,
)
from lowbit_dialect.ops.kernel import KernelOp
from lowbit_dialect.ops.lut import LUT
from lowbit_dialect.ops.lut_tile import BuildTablesOp, LutSumsOp, LutTileOp
from lowbit_dialect.schedule import ORDERS, SKIPS, KnobValue, ScheduleAttr
from lowbit_dialect.sums.lut import TABLE_WORD, LutSums
from lowering.kernels.contraction import Contraction
from lowering.loops.stage import StageLoops
from lowering.strategies.base import ConvLayout, Knobs, Layouts, Strategy
from lowering.strategies.instructions import Instruction, looked_up
from lowering.strategies.lut.cycles import table_cycles
from lowering.strategies.lut.lower_build_tables import LowerBuildTables
from lowering.strategies.lut.lower_lut_tile import LowerLutSums, LowerLutTile
from lowering.strategies.lut.table_plan import TablePlan, index_bits, plan_tables
from lowering.strategies.lut.table_tiles import table_loops
from lowering.targets import Target

TABLE_VECTORS = (4, 8)
"""Vectors of sums of a tile: one or two vectors of bytes."""


def tables_of(c: Contraction, pixels: int, vectors: int) -> TablePlan:
    """The tables of a contraction with a register tile."""
    return plan_tables(affine(c.x), affine(c.w), c.geometry, c.target, (pixels, vectors))


class Lut(Strategy):
    """Lookups of sums of activations by weight bits, in tables that are filled in between."""

    ops = LUT
    former_names = ("table",)
    products_are = "tables"
    peaks: ClassVar = ("A4W1", "A2W2")

    @override
    def why_not(self, c: Contraction) -> str | None:
        return super().why_not(c) or tables_of(c, *min(self.tiles(c))).why_not

    @override
    def word_elements(self, c: Contraction) -> int:
        return TABLE_WORD

    @override
    def weight_bits(self, c: Contraction) -> int:
        return c.w.width

    @override
    def layouts(
        self,
        c: Contraction,
        lanes: int,
        conv: ConvLayout | None = None,
        schedule: ScheduleAttr | None = None,
    ) -> Layouts:
        index = (index_bits(c.target), c.target.vector_bits // 8)
        if conv is None:
            return matmul_lhs_layout(TABLE_WORD), index_matmul_rhs_layout(lanes, index)
        return (
            activation_layout(conv.order, TABLE_WORD, conv.padding, conv.groups),
            index_weight_layout(conv.order, lanes, index, conv.groups),
        )

    @override
    def registers(self, c: Contraction, pixels: int, vectors: int) -> int:
        vectors //= 4
        indices = 2 if c.target.shifts_bytes else 1  # loads come early where there is room
        return 3 * pixels * vectors + indices * vectors + 2

    @override
    def widths(self, target: Target) -> tuple[int, ...]:
        return TABLE_VECTORS

    @override
    def reduction_cycles(self, c: Contraction, pixels: int, vectors: int, knobs: Knobs) -> float:
        plan = tables_of(c, pixels, vectors)
        if knobs:
            plan = plan.with_knobs(knobs)
        return table_cycles(c, plan, vectors)

    @override
    def rule(self, c: Contraction, pixels: int, vectors: int) -> dict[str, KnobValue]:
        return tables_of(c, pixels, vectors).knobs

    @override
    def own_values(self, c: Contraction) -> dict[str, Sequence[KnobValue]]:
        _, (pixels, vectors) = self.best_tile(c)
        plan = tables_of(c, pixels, vectors)
        chunks = {ceil(plan.words / parts) for parts in (1, 2, 4)} | {plan.chunk}
        strips = {1, 2, 4} | {plan.tiles}
        sharing = (1, 2) if plan.sums.nibble_steps else (1,)
        return {"chunk": sorted(chunks), "strip": sorted(strips), "sharing": sharing}

    @override
    def unroll(self, c: Contraction, pixels: int, vectors: int) -> int:
        return 1

    @override
    def vector_values(self, c: Contraction) -> Sequence[int]:
        return TABLE_VECTORS

    @override
    def unroll_values(self, c: Contraction) -> Sequence[int]:
        return (1,)

    @override
    def order_values(self, c: Contraction) -> Sequence[str]:
        return ORDERS[:1]

    @override
    def why_not_schedule(self, c: Contraction, schedule: ScheduleAttr) -> str | None:
        """The tables must fit in the cache, and no sum of bytes or pairs of them may wrap."""
        if reason := self.why_no_registers(c, schedule):
            return reason
        if schedule.skip.data != SKIPS[0]:
            return f"skip = {schedule.skip.data}: kernels by tables of partial sums skip no taps"
        return self.plan(c, schedule).why_not

    @override
    def is_too_long(self, c: Contraction, schedule: ScheduleAttr) -> bool:
        return False

    def plan(self, c: Contraction, schedule: ScheduleAttr) -> TablePlan:
        """The tables that a schedule says."""
        sums = LutSums.of(affine(c.x), affine(c.w), index_bits(c.target))
        lanes = schedule.vectors.data * c.vector_bits // 32
        plan = TablePlan(c.geometry, sums, schedule.pixels.data, lanes=lanes)
        return plan.with_knobs({name: self.ops.knob(schedule, name) for name in self.ops.knobs})

    @override
    def loops(self, op: KernelOp, target: Target) -> StageLoops:
        return table_loops(op, target)

    @override
    def tile_patterns(self, target: Target) -> Mapping[type[Operation], RewritePattern]:
        return {
            LutTileOp: LowerLutTile(target),
            LutSumsOp: LowerLutSums(),
            BuildTablesOp: LowerBuildTables(target),
        }

    @override
    def products(self, instruction: Instruction) -> int:
        return looked_up(instruction)

    @override
    def macs_per_product(self, c: Contraction, schedule: ScheduleAttr) -> float:
        """An entry is the sum of its group's activations for a plane of w, of one or two pixels."""
        plan = self.plan(c, schedule)
        return plan.sums.bits * plan.shared / len(plan.sums.w_terms)
