"""The strategy of popcounts: any affine codes, a pass for each pair of planes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

from typing_extensions import override
from xdsl.ir import Operation
from xdsl.pattern_rewriter import RewritePattern

from lowbit_dialect.codes import affine
from lowbit_dialect.layouts.kernels import (
    activation_layout,
    matmul_rhs_layout,
    matmul_rows_layout,
    weight_layout,
)
from lowbit_dialect.layouts.packed import PackedAttr
from lowbit_dialect.ops.bitserial import BITSERIAL
from lowbit_dialect.ops.kernel import KernelOp
from lowbit_dialect.ops.tile import BitserialTileOp
from lowbit_dialect.schedule import KnobValue, ScheduleAttr
from lowbit_dialect.sums.bitserial import decompose
from lowering.kernels.contraction import Contraction
from lowering.kernels.padding_skip import default_skip, skip_values
from lowering.loops.contraction.tiles import contraction_loops
from lowering.loops.stage import StageLoops
from lowering.strategies.base import ConvLayout, Knobs, Layouts, Strategy
from lowering.strategies.bitserial.cycles import popcount_cycles
from lowering.strategies.bitserial.lower_bitserial_tile import LowerBitserialTile
from lowering.strategies.bitserial.plane_tiles import PlaneTiles
from lowering.strategies.instructions import Instruction, bits_counted
from lowering.targets import Target


class Bitserial(Strategy):
    """Popcounts of AND or XOR of bit planes, in lanes of the words of weights."""

    ops = BITSERIAL
    former_names = ("bit_serial",)
    products_are = "popcounts"
    peaks: ClassVar = ("A1W1", "A2W1", "A2W2")

    @override
    def lanes(self, target: Target) -> int:
        return target.vector_bits // target.word_bits

    @override
    def lane_bits(self, w: PackedAttr) -> int:
        return w.word_bits.data

    @override
    def word_elements(self, c: Contraction) -> int:
        return c.target.word_bits

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
        word_bits = c.target.word_bits
        if conv is None:
            return matmul_rows_layout(word_bits), matmul_rhs_layout(word_bits, lanes)
        return (
            activation_layout(conv.order, word_bits, conv.padding, conv.groups),
            weight_layout(conv.order, word_bits, lanes, conv.groups),
        )

    @override
    def registers(self, c: Contraction, pixels: int, vectors: int) -> int:
        return pixels * vectors + vectors + c.target.popcount_registers

    @override
    def reduction_cycles(self, c: Contraction, pixels: int, vectors: int, knobs: Knobs) -> float:
        return popcount_cycles(c, pixels, vectors)

    @override
    def skip(self, c: Contraction, pixels: int, vectors: int) -> str:
        return default_skip(c.geometry, c.x.width + c.w.width - 1, pixels, vectors)

    @override
    def skip_values(self, c: Contraction) -> Sequence[str]:
        return skip_values(c.geometry)

    @override
    def unroll(self, c: Contraction, pixels: int, vectors: int) -> int:
        # Where long bodies spill, a pass takes several words already.
        return 0 if c.target.costs.spills_long_bodies else super().unroll(c, pixels, vectors)

    @override
    def rule(self, c: Contraction, pixels: int, vectors: int) -> dict[str, KnobValue]:
        return {"words": c.target.costs.popcount_words}

    @override
    def own_values(self, c: Contraction) -> dict[str, Sequence[KnobValue]]:
        return {"words": sorted({1, c.target.costs.popcount_words})}

    @override
    def loops(self, op: KernelOp, target: Target) -> StageLoops:
        return contraction_loops(op, target, PlaneTiles)

    @override
    def tile_patterns(self, target: Target) -> Mapping[type[Operation], RewritePattern]:
        return {BitserialTileOp: LowerBitserialTile()}

    @override
    def products(self, instruction: Instruction) -> int:
        return bits_counted(instruction)

    @override
    def macs_per_product(self, c: Contraction, schedule: ScheduleAttr) -> float:
        """A multiply-accumulate is a product of bits for each pair of planes."""
        return 1 / len(decompose(affine(c.x), affine(c.w)).terms)
