"""The strategy of dot products of bytes: levels of x and values of w that fit in bytes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import ClassVar

from typing_extensions import override
from xdsl.ir import Operation
from xdsl.pattern_rewriter import RewritePattern

from lowbit_dialect.codes import affine
from lowbit_dialect.layouts.kernels import (
    byte_activation_layout,
    byte_matmul_lhs_layout,
    byte_matmul_rhs_layout,
    byte_weight_layout,
)
from lowbit_dialect.layouts.packed import packed_layout
from lowbit_dialect.ops.dot import DOT
from lowbit_dialect.ops.dot_tile import DotTileOp
from lowbit_dialect.ops.kernel import KernelOp
from lowbit_dialect.schedule import KnobValue, ScheduleAttr
from lowbit_dialect.sums.dot import BYTES_PER_WORD, DotSums
from lowbit_dialect.sums.level_fields import LevelFields
from lowering.kernels.contraction import Contraction
from lowering.kernels.padding_skip import default_skip, skip_values
from lowering.loops.contraction.tiles import contraction_loops
from lowering.loops.stage import StageLoops
from lowering.strategies.base import ConvLayout, Knobs, Layouts, Strategy
from lowering.strategies.dot.cycles import dot_cycles
from lowering.strategies.dot.dot_words import words_of
from lowering.strategies.dot.lower_dot_tile import LowerDotTile
from lowering.strategies.dot.narrow_dot_cost import BODY_WORDS, narrow_registers, run_words
from lowering.strategies.dot.weight_storage import (
    field_registers,
    i16_steps,
    least_bits,
    level_fields,
    weight_bits,
)
from lowering.strategies.dot.word_tiles import WordTiles
from lowering.strategies.instructions import Instruction, multiplied
from lowering.targets import Target

MAX_UNROLLED_BODIES = 8
"""Bodies with unrolled loops in tiles of words of one or two bytes, each body of which is for many
words."""

REGISTERS_AROUND = 6
"""Vector registers that a tile of such words must leave where no loop is left of it: LLVM then
mixes it with the epilogue."""


def _product(c: Contraction) -> DotSums:
    return DotSums(affine(c.x), affine(c.w))


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
        return words_of(c).size

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
        if schedule is not None:
            c = self._in_words(c, schedule.knob_values)
        words = words_of(c)
        form = {"word_bits": words.word_bits, "holds": words.holds}
        if conv is None:
            x = byte_matmul_lhs_layout(words.word_bits)
            w = byte_matmul_rhs_layout(lanes, **form)
        else:
            x = byte_activation_layout(conv.order, conv.padding, conv.groups, words.word_bits)
            w = byte_weight_layout(conv.order, lanes, conv.groups, **form)
        bits = self._storage(schedule.knob_values) if schedule is not None else 8
        return x, w if bits == 8 else w.as_levels(bits)

    @override
    def folds_columns(self, c: Contraction, conv: ConvLayout, schedule: ScheduleAttr) -> bool:
        """Where words of columns and channels are fewer than words of the channels of each."""
        g, knobs = c.geometry, self.ops.knobs
        words = words_of(self._in_words(c, schedule.knob_values))
        plain = {name: knobs[name].default for name in ("storage", "i16_steps", "x_run")}
        is_plain = all(self.ops.knob(schedule, name) == value for name, value in plain.items())
        if not is_plain or words.size < BYTES_PER_WORD or words.holds != "values":
            return False
        if conv.order != "nhwc" or g.groups > 1 or g.cols.dilation > 1:
            return False
        if c.target.dot_form.by_lane or _product(c).needs_correction:
            return False
        folded = -(-g.cols.taps * g.ic // BYTES_PER_WORD)
        return folded < g.cols.taps * -(-g.ic // BYTES_PER_WORD)

    def _storage(self, knobs: Knobs) -> int:
        storage = knobs.get("storage", self.ops.knobs["storage"].default)
        assert isinstance(storage, int), "the field is a number"
        return storage

    def _in_words(self, c: Contraction, knobs: Knobs) -> Contraction:
        """The contraction in words of as many bytes as a schedule says."""
        size = knobs.get("word_bytes", self.ops.knobs["word_bytes"].default)
        assert isinstance(size, int), "the field is a number"
        return replace(c, word_bits=8 * size)

    @override
    def registers(self, c: Contraction, pixels: int, vectors: int) -> int:
        beside = 2
        if c.target.dot_form.by_lane:
            if self._is_narrow(c):
                words = words_of(c)
                return narrow_registers(_product(c), words, (pixels, vectors))
            beside = pixels
        return pixels * vectors + vectors + beside

    @override
    def max_pixels(self, target: Target) -> int:
        most = super().max_pixels(target)
        return min(most, target.lane_registers) if target.dot_form.by_lane else most

    @override
    def reduction_cycles(self, c: Contraction, pixels: int, vectors: int, knobs: Knobs) -> float:
        tile = (pixels, vectors)
        if "word_bytes" in knobs:
            c = self._in_words(c, knobs)
        bits = weight_bits(_product(c), c.geometry, tile, c.target)
        return dot_cycles(c, pixels, vectors, self._storage(knobs) if knobs else bits)

    @override
    def rule(self, c: Contraction, pixels: int, vectors: int) -> dict[str, KnobValue]:
        bits = weight_bits(_product(c), c.geometry, (pixels, vectors), c.target)
        return self._for_storage(c, bits, (pixels, vectors))

    def _for_storage(
        self, c: Contraction, bits: int, tile: tuple[int, int]
    ) -> dict[str, KnobValue]:
        """The fields for weights that take so many bits."""
        product, words = _product(c), words_of(c)
        tile = (min(tile[0], c.geometry.cols.out), tile[1])
        fields = LevelFields(product.w, 8, places=int(words.holds == "levels"))
        found: dict[str, KnobValue] = {"word_bytes": words.size, "storage": bits}
        if bits < 8:
            fields = level_fields(product, bits, c.geometry, tile, c.target)
            found |= {"exponent": fields.exponent, "places": fields.places}
        if words.size == BYTES_PER_WORD:
            found["i16_steps"] = i16_steps(product.of_fields(fields), c.target)
        if c.target.dot_form.by_lane:
            found["x_run"] = run_words(words, c.target)
        return found

    @override
    def completed(self, c: Contraction, schedule: ScheduleAttr) -> ScheduleAttr:
        given = schedule.knob_values
        if "word_bytes" in given:
            c = self._in_words(c, given)
        found = self.rule(c, *schedule.tile)
        if "storage" in given and given["storage"] != found["storage"]:
            found = self._for_storage(c, self._storage(given), schedule.tile)
        return self.ops.with_knobs(schedule, found | given)

    @override
    def of_layouts(self, op: KernelOp) -> dict[str, KnobValue]:
        w = packed_layout(op.operands[1].type)
        assert w is not None, "the op's verifier says so"
        return {"word_bytes": w.word_bits.data // 8, "storage": w.bits.data}

    @override
    def own_values(self, c: Contraction) -> dict[str, Sequence[KnobValue]]:
        return {"storage": sorted({8, least_bits(_product(c), c.codes, c.target)}, reverse=True)}

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
        return 0 if c.target.costs.spills_long_bodies else super().unroll(c, pixels, vectors)

    @override
    def why_not_schedule(self, c: Contraction, schedule: ScheduleAttr) -> str | None:
        """Sums of words of less than four bytes are widened to two vectors."""
        c = self._in_words(c, schedule.knob_values)
        if reason := self._why_no_words(c) or super().why_not_schedule(c, schedule):
            return reason
        if self._storage(schedule.knob_values) < 8 and (reason := self._why_no_fields(c, schedule)):
            return reason
        lanes = schedule.vectors.data * c.vector_bits // 32
        if not self._is_narrow(c) or lanes % 2 == 0:
            return None
        return f"a block of {lanes} channels makes no two vectors of sums"

    def _why_no_words(self, c: Contraction) -> str | None:
        """Why the codes have no words of `word_bytes` bytes, or None where they have."""
        if c.word_bits != 16 or _product(c).digit_words:
            return None
        return f"word_bytes = 2: products of levels of {c.x} and {c.w} are too large for i16"

    def _why_no_fields(self, c: Contraction, schedule: ScheduleAttr) -> str | None:
        """Why a tile cannot make bytes of weights of few bits as the schedule says."""
        pixels, vectors = schedule.tile
        tile = (min(pixels, c.geometry.cols.out), vectors)
        storage, exponent, places = (
            int(self.ops.knob(schedule, name)) for name in ("storage", "exponent", "places")
        )
        needed = field_registers(LevelFields(affine(c.w), storage, exponent, places), tile)
        if not places or needed <= c.target.vector_registers:
            return None
        return f"places = {places}: tile {pixels}x{vectors} needs {needed} vector registers"

    @override
    def is_too_long(self, c: Contraction, schedule: ScheduleAttr) -> bool:
        c = self._in_words(c, schedule.knob_values)
        if not self._is_narrow(c):
            return super().is_too_long(c, schedule)
        unroll = schedule.unroll.data
        return unroll > 0 and self.bodies(c, unroll) > MAX_UNROLLED_BODIES

    @override
    def loops(self, op: KernelOp, target: Target) -> StageLoops:
        return contraction_loops(op, target, WordTiles)

    @override
    def tile_patterns(self, target: Target) -> Mapping[type[Operation], RewritePattern]:
        return {DotTileOp: LowerDotTile()}

    @override
    def products(self, instruction: Instruction) -> int:
        return multiplied(instruction)

    @override
    def macs_per_product(self, c: Contraction, schedule: ScheduleAttr) -> float:
        """A product of numbers of two digits is two of bytes."""
        words = words_of(self._in_words(c, schedule.knob_values))
        return words.size if words.holds == "digits" else 1
