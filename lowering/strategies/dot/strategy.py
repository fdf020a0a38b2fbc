"""The strategy of dot products of bytes: levels of x and values of w that fit in bytes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

from typing_extensions import override
from xdsl.ir import Operation
from xdsl.pattern_rewriter import RewritePattern

from lowbit_dialect.codes import affine
from lowbit_dialect.kernel_layouts import (
    byte_activation_layout,
    byte_matmul_lhs_layout,
    byte_matmul_rhs_layout,
    byte_weight_layout,
)
from lowbit_dialect.level_product import BYTES_PER_WORD, LevelProduct
from lowbit_dialect.ops.dot import DOT
from lowbit_dialect.ops.kernel import KernelOp
from lowbit_dialect.ops.tile import DotTileOp
from lowbit_dialect.schedule import ScheduleAttr
from lowering.kernels.contraction import Contraction
from lowering.kernels.skipped_share import default_skip, skip_values
from lowering.loops.contraction import lower_contraction
from lowering.loops.stage import FunctionLowering
from lowering.strategies.base import ConvLayout, Layouts, Strategy
from lowering.strategies.dot.cycles import dot_cycles
from lowering.strategies.dot.dot_words import dot_words
from lowering.strategies.dot.lower_dot_tile import LowerDotTile
from lowering.strategies.dot.narrow_dot_cost import BODY_WORDS, narrow_registers
from lowering.strategies.dot.weight_storage import weight_bits
from lowering.strategies.dot.word_tiles import WordTiles
from lowering.strategies.instructions import Instruction, multiplied
from lowering.targets import Target

MAX_UNROLLED_BODIES = 8
"""Bodies with unrolled loops in tiles of words of one or two bytes, each body of which is for many
words."""

REGISTERS_AROUND = 6
"""Vector registers that a tile of such words must leave where no loop is left of it: LLVM then
mixes it with the epilogue."""


def _product(c: Contraction) -> LevelProduct:
    return LevelProduct(affine(c.x), affine(c.w))


class Dot(Strategy):
    """Products of bytes, of a word of x and one of each lane of w at a time."""

    ops = DOT
    products_are = "dot products"
    peaks: ClassVar = ("A4W4",)

    @override
    def why_not(self, c: Contraction) -> str | None:
        return super().why_not(c) or _product(c).why_not(c.geometry)

    @override
    def word_elements(self, c: Contraction) -> int:
        return dot_words(c.codes, c.target).size

    def _is_narrow(self, c: Contraction) -> bool:
        return self.word_elements(c) < BYTES_PER_WORD

    @override
    def body_words(self, c: Contraction) -> int:
        return BODY_WORDS if self._is_narrow(c) else 1

    @override
    def layouts(
        self,
        c: Contraction,
        lanes: int,
        conv: ConvLayout | None = None,
        schedule: ScheduleAttr | None = None,
    ) -> Layouts:
        words = dot_words(c.codes, c.target)
        form = {"word_bits": words.word_bits, "holds": words.holds}
        if conv is None:
            x = byte_matmul_lhs_layout(words.word_bits)
            w = byte_matmul_rhs_layout(lanes, **form)
        else:
            x = byte_activation_layout(conv.order, conv.padding, conv.groups, words.word_bits)
            w = byte_weight_layout(conv.order, lanes, conv.groups, **form)
        if schedule is None:
            return x, w
        tile = (schedule.pixels.data, schedule.vectors.data)
        bits = weight_bits(_product(c), c.geometry, tile, c.target)
        return x, w if bits == 8 else w.as_levels(bits)

    @override
    def registers(self, c: Contraction, pixels: int, vectors: int) -> int:
        beside = 2
        if c.target.dot_form.by_lane:
            if self._is_narrow(c):
                words = dot_words(c.codes, c.target)
                return narrow_registers(_product(c), words, (pixels, vectors))
            beside = pixels
        return pixels * vectors + vectors + beside

    @override
    def max_pixels(self, target: Target) -> int:
        most = super().max_pixels(target)
        return min(most, target.lane_registers) if target.dot_form.by_lane else most

    @override
    def reduction_cycles(self, c: Contraction, pixels: int, vectors: int) -> float:
        return dot_cycles(c, pixels, vectors)

    @override
    def skip(self, c: Contraction, pixels: int, vectors: int) -> str:
        return default_skip(c.geometry, 1, pixels, vectors)

    @override
    def skip_values(self, c: Contraction) -> Sequence[str]:
        return skip_values(c.geometry)

    @override
    def max_bodies(self, c: Contraction, pixels: int, vectors: int) -> int:
        if self._is_narrow(c):
            return MAX_UNROLLED_BODIES
        return super().max_bodies(c, pixels, vectors)

    @override
    def needs_loop(self, c: Contraction, pixels: int, vectors: int) -> bool:
        needed = self.registers(c, pixels, vectors) + REGISTERS_AROUND
        return self._is_narrow(c) and needed > c.target.vector_registers

    @override
    def unroll(self, c: Contraction, pixels: int, vectors: int) -> int:
        # Where long bodies spill, a pass takes several words already.
        return 0 if c.target.spills_long_bodies else super().unroll(c, pixels, vectors)

    @override
    def why_not_schedule(self, c: Contraction, schedule: ScheduleAttr) -> str | None:
        """Sums of words of less than four bytes are widened to two vectors."""
        if reason := super().why_not_schedule(c, schedule):
            return reason
        lanes = schedule.vectors.data * c.vector_bits // 32
        if not self._is_narrow(c) or lanes % 2 == 0:
            return None
        return f"a block of {lanes} channels makes no two vectors of sums"

    @override
    def is_too_long(self, c: Contraction, schedule: ScheduleAttr) -> bool:
        if not self._is_narrow(c):
            return super().is_too_long(c, schedule)
        unroll = schedule.unroll.data
        return unroll > 0 and self.bodies(c, unroll) > MAX_UNROLLED_BODIES

    @override
    def lower(self, op: KernelOp, lowering: FunctionLowering) -> None:
        lower_contraction(op, lowering, WordTiles)

    @override
    def tile_patterns(self, target: Target) -> Mapping[type[Operation], RewritePattern]:
        return {DotTileOp: LowerDotTile()}

    @override
    def products(self, instruction: Instruction) -> int:
        return multiplied(instruction)

    @override
    def macs_per_product(self, c: Contraction, schedule: ScheduleAttr) -> float:
        """A product of numbers of two digits is two of bytes."""
        words = dot_words(c.codes, c.target)
        return words.size if words.holds == "digits" else 1
