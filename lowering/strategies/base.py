"""What every strategy answers."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import ceil, prod
from types import MappingProxyType
from typing import ClassVar

from xdsl.ir import Operation
from xdsl.pattern_rewriter import RewritePattern

from lowbit_dialect.codes import AffineCode, Code
from lowbit_dialect.layouts.packed import PackedAttr
from lowbit_dialect.ops.kernel import KernelOp
from lowbit_dialect.ops.strategy import StrategyOps
from lowbit_dialect.ops.tile import MAX_UNROLLED_STEPS
from lowbit_dialect.schedule import ORDERS, SKIPS, KnobValue, ScheduleAttr
from lowering.kernels.contraction import Contraction
from lowering.kernels.cost_model import epilogue_cycles
from lowering.kernels.padding_skip import border_tiles, executed_share
from lowering.loops.stage import StageLoops
from lowering.strategies.instructions import Instruction
from lowering.targets import Target

Knobs = Mapping[str, KnobValue]
Layouts = tuple[PackedAttr, PackedAttr]
"""How x and w lie."""

SUM_BITS = 32
MIN_LANES, MAX_LANES = 8, 64
"""Output channels of a block: packed results are stored in words of that many bits."""

MAX_PIXELS = 8
"""Pixels of the largest tile that is chosen without a measurement."""

MAX_UNROLLED = 16
"""Popcounts or dot products in a body with unrolled loops.

A tile that fills the ports gains nothing by it; longer bodies are even slower, as if they came
decoded less often (4x4 popcounts, two words of them unrolled: 637 MAC a cycle instead of 661)."""

MAX_BORDER_TILES = 64
"""Tiles of a row that may have code of their own."""

MAX_STEPS = 640
"""Operations in an unrolled body beyond which compiling takes seconds and nothing is gained."""


@dataclass(frozen=True)
class ConvLayout:
    """The order of the dimensions of a convolution, its padding and its groups."""

    order: str
    padding: tuple[int, ...]
    groups: int


class Strategy(ABC):
    """A way to compute contractions: where it is possible, how, at what cost, and its code.

    A tile is (pixels, vectors): output pixels, and vectors of sums of output channels.
    """

    ops: ClassVar[StrategyOps]
    """The half in the dialect."""

    former_names: ClassVar[tuple[str, ...]] = ()
    """Names that records of earlier versions have for it."""

    products_are: ClassVar[str]
    """What its instructions do, for tables."""

    peaks: ClassVar[tuple[str, ...]] = ()
    """Pairs of bit widths whose peak is worth a line in a picture of what bounds kernels."""

    @property
    def name(self) -> str:
        """Its name."""
        return self.ops.name

    # Which contractions.

    def competes(self, c: Contraction) -> bool:
        """Whether `auto` may become this strategy, as far as the codes go."""
        return c.are_affine

    def why_not(self, c: Contraction) -> str | None:
        """Why it cannot take a contraction, or None where it can."""
        return next((f"{code} is not affine in its bits" for code in _other_codes(c)), None)

    # Words, lanes and layouts.

    def lanes(self, target: Target) -> int:
        """Output channels in a vector of sums."""
        return target.vector_bits // SUM_BITS

    def lane_bits(self, w: PackedAttr) -> int:
        """Bits of a lane of a vector of weights that are laid out so."""
        return SUM_BITS

    @abstractmethod
    def word_elements(self, c: Contraction) -> int:
        """Channels in a word of x."""

    def body_words(self, c: Contraction) -> int:
        """Words of x that a body of the innermost loop is for."""
        return 1

    def weight_bits(self, c: Contraction) -> int:
        """Bits of a weight, as far as the order of the loops depends on it."""
        return 8

    @abstractmethod
    def layouts(
        self,
        c: Contraction,
        lanes: int,
        conv: ConvLayout | None = None,
        schedule: ScheduleAttr | None = None,
    ) -> Layouts:
        """How x and w lie, for blocks of `lanes` output channels.

        Args:
            c: the contraction.
            lanes: output channels of a block.
            conv: order, padding and groups of a convolution, None for a matrix product.
            schedule: the schedule; the layout of x does not depend on it.
        """

    # Schedules, and what they cost.

    def folds_columns(self, c: Contraction, conv: ConvLayout, schedule: ScheduleAttr) -> bool:
        """Whether columns of taps and their channels are read as the columns of one channel."""
        return False

    @abstractmethod
    def registers(self, c: Contraction, pixels: int, vectors: int) -> int:
        """Vector registers that a tile needs in its innermost loop."""

    @abstractmethod
    def reduction_cycles(self, c: Contraction, pixels: int, vectors: int, knobs: Knobs) -> float:
        """Predicted cycles of the reduction, without the epilogue.

        `knobs` are values of the fields that the strategy adds to the schedule; `rule` gives those
        that are left out.
        """

    def rule(self, c: Contraction, pixels: int, vectors: int) -> dict[str, KnobValue]:
        """The fields that the strategy adds to the schedule, for a tile, by the cost model."""
        return {}

    def completed(self, c: Contraction, schedule: ScheduleAttr) -> ScheduleAttr:
        """A schedule with the fields that it leaves out as `rule` gives them."""
        found = self.rule(c, *schedule.tile) | schedule.knob_values
        return self.ops.with_knobs(schedule, found)

    def of_layouts(self, op: KernelOp) -> dict[str, KnobValue]:
        """The fields that the layouts of a kernel's operands decide."""
        return {}

    def widths(self, target: Target) -> tuple[int, ...]:
        """Vectors that a tile may have, by default those of 8 to 64 channels."""
        lanes = self.lanes(target)
        found = tuple(v for v in (1, 2, 4, 8) if lanes * v in (8, 16, 32, 64))
        return found or (max(1, 8 // lanes),)

    def max_pixels(self, target: Target) -> int:
        """Pixels of the largest tile by default."""
        return MAX_PIXELS

    def tiles(self, c: Contraction) -> Iterator[tuple[int, int]]:
        """The register tiles that fit a target's registers.

        The least tile of all is there even where it does not fit.
        """
        widths = self.widths(c.target)
        for vectors in widths:
            for pixels in range(1, self.max_pixels(c.target) + 1):
                needed = self.registers(c, pixels, vectors)
                if needed <= c.target.vector_registers or (pixels, vectors) == (1, widths[0]):
                    yield pixels, vectors

    def skip(self, c: Contraction, pixels: int, vectors: int) -> str:
        """The taps in the padding that a tile skips by default (`ScheduleAttr.skip`)."""
        return SKIPS[0]

    def cycles(
        self, c: Contraction, pixels: int, vectors: int, knobs: Knobs = MappingProxyType({})
    ) -> float:
        """Predicted cycles of a call."""
        share = executed_share(c.geometry, self.skip(c, pixels, vectors))
        reduction = self.reduction_cycles(c, pixels, vectors, knobs) * share
        return reduction + epilogue_cycles(c, vectors)

    def best_tile(self, c: Contraction) -> tuple[float, tuple[int, int]]:
        """The predicted cycles and the tile of the cheapest schedule."""
        return min(
            ((self.cycles(c, *tile), tile) for tile in self.tiles(c)),
            key=lambda found: (found[0], prod(found[1])),
        )

    def default_schedule(self, c: Contraction, given: Knobs = MappingProxyType({})) -> ScheduleAttr:
        """The schedule with the least predicted cycles, some further fields given."""
        _, tile = self.best_tile(c)
        weights = c.geometry.taps * c.geometry.oc * self.weight_bits(c) // 8
        order = ORDERS[0] if weights <= c.target.costs.l1_bytes // 2 else ORDERS[1]
        unroll, skip = self.unroll(c, *tile), self.skip(c, *tile)
        return self.completed(c, ScheduleAttr.get(*tile, unroll, order, skip, **given))

    def trips(self, c: Contraction) -> tuple[int, int, int]:
        """Passes through the reduction loops that can be unrolled: channel words, kw, kh."""
        words = ceil(c.channels / self.word_elements(c))
        return ceil(words / self.body_words(c)), c.geometry.cols.taps, c.geometry.rows.taps

    def bodies(self, c: Contraction, unroll: int) -> int:
        """Bodies of the innermost loop where so many of the loops are unrolled."""
        return prod(self.trips(c)[:unroll])

    def max_bodies(self, c: Contraction, pixels: int, vectors: int) -> int:
        """Bodies of the innermost loop that unrolled loops may have by default."""
        return MAX_UNROLLED // (pixels * vectors)

    def needs_loop(self, c: Contraction, pixels: int, vectors: int) -> bool:
        """Whether one of the reduction loops must stay a loop."""
        return False

    def unroll(self, c: Contraction, pixels: int, vectors: int) -> int:
        """How many of the reduction loops are unrolled by default, the innermost first."""
        trips, limit = self.trips(c), self.max_bodies(c, pixels, vectors)
        needs_loop, unroll = self.needs_loop(c, pixels, vectors), 0
        for depth in range(1, len(trips) + 1):
            has_loop = prod(trips[:depth]) < prod(trips)
            if prod(trips[:depth]) <= limit and (has_loop or not needs_loop):
                unroll = depth
        return unroll

    # The search space.

    def knobs(self, c: Contraction) -> dict[str, Sequence[KnobValue]]:
        """The fields of the schedule, and the values that make sense for a contraction."""
        return {
            "pixels": range(1, min(c.geometry.cols.out, c.target.vector_registers) + 1),
            "vectors": self.vector_values(c),
            "unroll": self.unroll_values(c),
            "order": self.order_values(c),
            "skip": self.skip_values(c),
            **self.own_values(c),
        }

    def own_values(self, c: Contraction) -> dict[str, Sequence[KnobValue]]:
        """The same for fields that the strategy adds; `rule` gives those that are not here."""
        return {}

    def vector_values(self, c: Contraction) -> Sequence[int]:
        """Powers of two whose lanes make a block; no larger one than what holds all channels."""
        lanes = self.lanes(c.target)
        powers = [v for v in (1, 2, 4, 8) if MIN_LANES <= v * lanes <= MAX_LANES]
        useful = [v for v in powers if v == powers[0] or v * lanes // 2 < c.out_channels]
        return useful or [max(1, MIN_LANES // lanes)]

    def unroll_values(self, c: Contraction) -> Sequence[int]:
        """Depths that differ: a loop of one pass is none."""
        return [0, *(depth for depth, trips in enumerate(self.trips(c), 1) if trips > 1)]

    def order_values(self, c: Contraction) -> Sequence[str]:
        """Both orders where there are two loops to order."""
        one_block = c.geometry.groups == 1 and c.out_channels <= MIN_LANES
        return ORDERS[:1] if c.rows == 1 or one_block else ORDERS

    def skip_values(self, c: Contraction) -> Sequence[str]:
        """What there is to skip."""
        return SKIPS[:1]

    def why_not_schedule(self, c: Contraction, schedule: ScheduleAttr) -> str | None:
        """Why the target does not allow a schedule, or None where it does."""
        return self.why_no_registers(c, schedule) or self.why_too_large(c, schedule)

    def why_no_registers(self, c: Contraction, schedule: ScheduleAttr) -> str | None:
        """Why a tile does not fit registers, or None where it does.

        Sums, weights and what is worked with must fit; the smallest tile is always allowed.
        """
        pixels, vectors = schedule.pixels.data, schedule.vectors.data
        is_least = vectors == 1 or vectors * self.lanes(c.target) <= MIN_LANES
        if pixels == 1 and (is_least or vectors in self.vector_values(c)[:1]):
            return None
        each = ceil(c.vector_bits / c.target.vector_bits)
        needed, have = self.registers(c, pixels, vectors * each), c.target.vector_registers
        if needed <= have:
            return None
        return (
            f"tile {pixels}x{vectors} needs {needed} vector registers; {c.target.name} has {have}"
        )

    def why_too_large(self, c: Contraction, schedule: ScheduleAttr) -> str | None:
        """Why the code of a schedule would grow with the extents without end, or None."""
        tile, unroll, most = prod(schedule.tile), schedule.unroll.data, MAX_UNROLLED_STEPS
        steps = tile * self.body_words(c) * self.bodies(c, unroll)
        if unroll > 0 and steps > most:
            return f"unroll = {unroll} makes a body of {steps} steps, more than {most}"
        if schedule.skip.data != "all":
            return None
        tiles = sum(border_tiles(c.geometry.cols, schedule.pixels.data))
        if tiles <= MAX_BORDER_TILES:
            return None
        return (
            f"skip = all makes code for {tiles} tiles in the padding, more than {MAX_BORDER_TILES}"
        )

    def is_too_long(self, c: Contraction, schedule: ScheduleAttr) -> bool:
        """Whether unrolled loops make the code needlessly long."""
        unroll = schedule.unroll.data
        steps = schedule.pixels.data * schedule.vectors.data * self.bodies(c, unroll)
        return unroll > 0 and steps > MAX_STEPS

    # The code.

    @abstractmethod
    def loops(self, op: KernelOp, target: Target) -> StageLoops:
        """A kernel as loops around register tiles."""

    @abstractmethod
    def tile_patterns(self, target: Target) -> Mapping[type[Operation], RewritePattern]:
        """What lowers each operation of its register tiles."""

    # What its instructions do.

    @abstractmethod
    def products(self, instruction: Instruction) -> int:
        """Products that an ARM instruction computes."""

    @abstractmethod
    def macs_per_product(self, c: Contraction, schedule: ScheduleAttr) -> float:
        """Multiply-accumulates that one product stands for."""


def _other_codes(c: Contraction) -> Iterator[Code]:
    """The codes that are not affine in their bits."""
    return (code for code in c.codes if not isinstance(code, AffineCode))
