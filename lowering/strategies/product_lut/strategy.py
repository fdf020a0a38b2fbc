"""The strategy of tables of products: any two codes of 8 bits together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from typing_extensions import override
from xdsl.ir import Operation
from xdsl.pattern_rewriter import RewritePattern

from lowbit_dialect.layouts.kernels import (
    byte_activation_layout,
    byte_matmul_lhs_layout,
    product_matmul_rhs_layout,
    product_weight_layout,
)
from lowbit_dialect.ops.kernel import KernelOp
from lowbit_dialect.ops.product_lut import PRODUCT_LUT
from lowbit_dialect.ops.product_lut_tile import ProductLutTileOp
from lowbit_dialect.schedule import SKIPS, KnobValue, ScheduleAttr
from lowbit_dialect.sums.dot import BYTES_PER_WORD
from lowbit_dialect.sums.product_lut import ProductLutSums
from lowering.kernels.contraction import Contraction
from lowering.loops.contraction.tiles import contraction_loops
from lowering.loops.stage import StageLoops
from lowering.strategies.base import ConvLayout, Knobs, Layouts, Strategy
from lowering.strategies.instructions import Instruction, looked_up
from lowering.strategies.product_lut.cycles import looks_up_in_registers, product_cycles
from lowering.strategies.product_lut.lower_product_lut_tile import LowerProductLutTile
from lowering.strategies.product_lut.product_tiles import ProductTiles
from lowering.targets import Target


def _pays_in_registers(c: Contraction) -> bool:
    return looks_up_in_registers(ProductLutSums(c.x, c.w), c.target)


class ProductLut(Strategy):
    """Lookups of products by a level of x and one of w."""

    ops = PRODUCT_LUT
    former_names = ("product",)
    products_are = "products looked up"

    @override
    def competes(self, c: Contraction) -> bool:
        return not c.are_affine

    @override
    def why_not(self, c: Contraction) -> str | None:
        return ProductLutSums(c.x, c.w).why_not

    @override
    def word_elements(self, c: Contraction) -> int:
        return BYTES_PER_WORD

    @override
    def layouts(
        self,
        c: Contraction,
        lanes: int,
        conv: ConvLayout | None = None,
        schedule: ScheduleAttr | None = None,
    ) -> Layouts:
        if conv is None:
            return byte_matmul_lhs_layout(), product_matmul_rhs_layout(lanes, c.x.width)
        return (
            byte_activation_layout(conv.order, conv.padding, conv.groups),
            product_weight_layout(conv.order, lanes, c.x.width, conv.groups),
        )

    @override
    def registers(self, c: Contraction, pixels: int, vectors: int) -> int:
        return pixels * vectors + vectors + 2

    @override
    def reduction_cycles(self, c: Contraction, pixels: int, vectors: int, knobs: Knobs) -> float:
        in_registers = self._in_registers(c, knobs)
        return product_cycles(c, pixels, vectors, in_registers)

    @override
    def rule(self, c: Contraction, pixels: int, vectors: int) -> dict[str, KnobValue]:
        return {"table": "registers" if _pays_in_registers(c) else "memory"}

    @override
    def own_values(self, c: Contraction) -> dict[str, Sequence[KnobValue]]:
        return {"table": ("registers", "memory") if _pays_in_registers(c) else ("memory",)}

    def _in_registers(self, c: Contraction, knobs: Knobs) -> bool:
        table = knobs["table"] if "table" in knobs else self.rule(c, 1, 1)["table"]
        return table == "registers"

    @override
    def unroll(self, c: Contraction, pixels: int, vectors: int) -> int:
        # In memory, lanes are unrolled instead.
        return super().unroll(c, pixels, vectors) if _pays_in_registers(c) else 0

    @override
    def unroll_values(self, c: Contraction) -> Sequence[int]:
        return super().unroll_values(c) if _pays_in_registers(c) else (0,)

    @override
    def why_not_schedule(self, c: Contraction, schedule: ScheduleAttr) -> str | None:
        """Lookups in memory sum in scalar registers, which spill where they must.

        Taps in the padding have entries in the table too, which the sums must contain.
        """
        in_registers = self.ops.knob(schedule, "table") == "registers"
        if in_registers and (reason := self.why_no_registers(c, schedule)):
            return reason
        if reason := self.why_too_large(c, schedule):
            return reason
        if schedule.skip.data == SKIPS[0]:
            return None
        return f"skip = {schedule.skip.data}: kernels by tables of products skip no taps"

    @override
    def loops(self, op: KernelOp, target: Target) -> StageLoops:
        return contraction_loops(op, target, ProductTiles)

    @override
    def tile_patterns(self, target: Target) -> Mapping[type[Operation], RewritePattern]:
        return {ProductLutTileOp: LowerProductLutTile()}

    @override
    def products(self, instruction: Instruction) -> int:
        return looked_up(instruction)

    @override
    def macs_per_product(self, c: Contraction, schedule: ScheduleAttr) -> float:
        """A table may be looked up in parts."""
        return 1 / len(ProductLutSums(c.x, c.w).register_tables)
