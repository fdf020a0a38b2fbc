"""Which schedules a kernel may have on a target, and which of them are worth a measurement.

A strategy has a row in `SPACES`: its knobs, the fields of `#lowbit.schedule` with the values that
each can take, and the reasons for which a schedule is refused. A new knob or a new limit is a new
entry there; the verifier of explicit schedules, the tuner and the records all go through it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from math import ceil, prod

from lowbit_dialect.codes import AffineCode
from lowbit_dialect.extensions import note_shipped
from lowbit_dialect.level_product import BYTES_PER_WORD
from lowbit_dialect.ops.tile import MAX_UNROLLED_STEPS
from lowbit_dialect.product_table import ProductTable
from lowbit_dialect.schedule import ORDERS, SKIPS, ScheduleAttr
from lowering.kernels.cost_model import looks_up_in_registers
from lowering.kernels.default_schedule import (
    BYTE_STRATEGIES,
    MAX_UNROLLED_BODIES,
    body_words,
    kernel_lanes,
    tile_registers,
    word_bytes,
)
from lowering.kernels.problem import Problem
from lowering.kernels.skipped_share import border_tiles
from lowering.kernels.strategy import candidates, resolve_strategy
from lowering.kernels.strategy import obstacle as strategy_obstacle
from lowering.kernels.table_plan import plan_tables
from lowering.strategies import check_strategy
from lowering.targets import Target

KnobValue = int | str

MIN_LANES, MAX_LANES = 8, 64
"""Output channels of a block: packed results are stored in words of that many bits."""

TABLE_VECTORS = (4, 8)
"""Vectors of sums of a tile of table lookups: one or two vectors of bytes."""

MAX_BORDER_TILES = 64
"""Tiles of a row that may have code of their own."""

MAX_STEPS = 640
"""Operations in an unrolled body beyond which compiling takes seconds and nothing is gained."""


@dataclass(frozen=True)
class Kernel:
    """A kernel that is judged: a problem, a machine, a strategy, and how wide its vectors are.

    `vector_bits` are those of a vector of weights: the target's, unless the weights were packed
    for another one.
    """

    problem: Problem
    target: Target
    strategy: str
    vector_bits: int

    @property
    def trips(self) -> tuple[int, int, int]:
        """Passes through the reduction loops that can be unrolled: channel words, kw, kh."""
        g = self.problem.geometry
        is_bytes = self.strategy in BYTE_STRATEGIES
        per_word = self.target.word_bits
        if is_bytes:
            per_word = word_bytes(self.strategy, self.problem.codes, self.target)
        words = ceil(g.ic / g.groups / per_word)
        return ceil(words / self.body_words), g.cols.taps, g.rows.taps

    @property
    def body_words(self) -> int:
        """Words of x that a body of the innermost loop is for."""
        return body_words(self.strategy, self.problem.codes, self.target)

    @property
    def lanes(self) -> int:
        """Output channels of a vector on the target."""
        return kernel_lanes(self.target, self.strategy)

    @property
    def channels(self) -> int:
        """Output channels of a group."""
        return self.problem.geometry.oc // self.problem.geometry.groups


@dataclass(frozen=True)
class Knob:
    """A field of the schedule, and the values that make sense for a kernel."""

    name: str
    values: Callable[[Kernel], Sequence[KnobValue]]


Obstacle = Callable[[Kernel, ScheduleAttr], str | None]
"""Why a schedule is impossible, or None."""


def _pixels(kernel: Kernel) -> Sequence[int]:
    return range(1, min(kernel.problem.geometry.cols.out, kernel.target.vector_registers) + 1)


def _vectors(kernel: Kernel) -> Sequence[int]:
    """Powers of two whose lanes make a block; no larger one than what holds all channels."""
    powers = [v for v in (1, 2, 4, 8) if MIN_LANES <= v * kernel.lanes <= MAX_LANES]
    useful = [v for v in powers if v == powers[0] or v * kernel.lanes // 2 < kernel.channels]
    return useful or [max(1, MIN_LANES // kernel.lanes)]


def _unroll(kernel: Kernel) -> Sequence[int]:
    """Depths that differ: a loop of one pass is none."""
    return [0, *(depth for depth, trips in enumerate(kernel.trips, 1) if trips > 1)]


def _order(kernel: Kernel) -> Sequence[str]:
    """Both orders where there are two loops to order."""
    g = kernel.problem.geometry
    one_row = g.batch * g.rows.out == 1
    one_block = g.groups == 1 and kernel.channels <= MIN_LANES
    return ORDERS[:1] if one_row or one_block else ORDERS


def _skip(kernel: Kernel) -> Sequence[str]:
    """What there is to skip: rows of taps in the padding, columns of them too."""
    rows, cols = kernel.problem.geometry.rows, kernel.problem.geometry.cols
    are_padded = {"none": True, "rows": rows.padded_share > 0, "all": cols.padded_share > 0}
    return [skip for skip in SKIPS if are_padded[skip]]


def _registers(kernel: Kernel, schedule: ScheduleAttr) -> str | None:
    """Sums, weights and what is worked with must fit; the smallest tile is always allowed."""
    pixels, vectors = schedule.pixels.data, schedule.vectors.data
    is_least = vectors == 1 or vectors * kernel.lanes <= MIN_LANES
    if pixels == 1 and (is_least or vectors in _vectors_of(kernel)[:1]):
        return None
    each = ceil(kernel.vector_bits / kernel.target.vector_bits)
    codes, target = kernel.problem.codes, kernel.target
    needed = tile_registers(target, kernel.strategy, pixels, vectors * each, codes)
    have = kernel.target.vector_registers
    if needed <= have:
        return None
    return (
        f"tile {pixels}x{vectors} needs {needed} vector registers; {kernel.target.name} has {have}"
    )


def _tables(kernel: Kernel, schedule: ScheduleAttr) -> str | None:
    """The tables must fit in the cache, and no sum of bytes or pairs of them may wrap."""
    problem, tile = kernel.problem, (schedule.pixels.data, schedule.vectors.data)
    x, w = problem.x_code, problem.w_code
    if not isinstance(x, AffineCode) or not isinstance(w, AffineCode):
        return None
    return plan_tables(x, w, problem.geometry, kernel.target, tile).obstacle


def _product_unroll(kernel: Kernel) -> Sequence[int]:
    """As others where lookups are in registers; in memory lanes are unrolled instead."""
    product = ProductTable(kernel.problem.x_code, kernel.problem.w_code)
    return _unroll(kernel) if looks_up_in_registers(product, kernel.target) else (0,)


def _product_registers(kernel: Kernel, schedule: ScheduleAttr) -> str | None:
    """Lookups in memory sum in scalar registers, which spill where they must."""
    product = ProductTable(kernel.problem.x_code, kernel.problem.w_code)
    return _registers(kernel, schedule) if looks_up_in_registers(product, kernel.target) else None


def _skips_nothing(kernel: Kernel, schedule: ScheduleAttr) -> str | None:
    """Taps in the padding have entries in tables of products too, which the sums must contain."""
    if schedule.skip.data == SKIPS[0]:
        return None
    return f"skip = {schedule.skip.data}: kernels by tables of products skip no taps"


def _narrow_lanes(kernel: Kernel, schedule: ScheduleAttr) -> str | None:
    """Sums of words of less than four bytes are widened to two vectors."""
    size = word_bytes(kernel.strategy, kernel.problem.codes, kernel.target)
    lanes = schedule.vectors.data * kernel.vector_bits // 32
    if size == BYTES_PER_WORD or lanes % 2 == 0:
        return None
    return f"a block of {lanes} channels makes no two vectors of sums"


def _unrolled(kernel: Kernel, schedule: ScheduleAttr) -> str | None:
    """The code of unrolled loops must not grow with the extents without end."""
    tile = schedule.pixels.data * schedule.vectors.data
    steps = tile * kernel.body_words * prod(kernel.trips[: schedule.unroll.data])
    if schedule.unroll.data == 0 or steps <= MAX_UNROLLED_STEPS:
        return None
    return (
        f"unroll = {schedule.unroll.data} makes a body of {steps} steps, more than"
        f" {MAX_UNROLLED_STEPS}"
    )


def _borders(kernel: Kernel, schedule: ScheduleAttr) -> str | None:
    """Tiles that skip columns have code of their own, each."""
    if schedule.skip.data != "all":
        return None
    tiles = sum(border_tiles(kernel.problem.geometry.cols, schedule.pixels.data))
    if tiles <= MAX_BORDER_TILES:
        return None
    return f"skip = all makes code for {tiles} tiles in the padding, more than {MAX_BORDER_TILES}"


@dataclass(frozen=True)
class Space:
    """The schedules of a strategy."""

    knobs: tuple[Knob, ...]
    obstacles: tuple[Obstacle, ...]


def _vectors_of(kernel: Kernel) -> Sequence[KnobValue]:
    knob = next(k for k in SPACES[kernel.strategy].knobs if k.name == "vectors")
    return knob.values(kernel)


_TILE_KNOBS = (
    Knob("pixels", _pixels),
    Knob("vectors", _vectors),
    Knob("unroll", _unroll),
    Knob("order", _order),
    Knob("skip", _skip),
)

SPACES: dict[str, Space] = {
    "bit_serial": Space(_TILE_KNOBS, (_registers, _unrolled, _borders)),
    "dot": Space(_TILE_KNOBS, (_registers, _narrow_lanes, _unrolled, _borders)),
    "product": Space(
        (
            Knob("pixels", _pixels),
            Knob("vectors", _vectors),
            Knob("unroll", _product_unroll),
            Knob("order", _order),
            Knob("skip", lambda kernel: SKIPS[:1]),
        ),
        (_product_registers, _skips_nothing, _unrolled),
    ),
    "table": Space(
        (
            Knob("pixels", _pixels),
            Knob("vectors", lambda kernel: TABLE_VECTORS),
            Knob("unroll", lambda kernel: (1,)),
            Knob("order", lambda kernel: ORDERS[:1]),
            Knob("skip", lambda kernel: SKIPS[:1]),
        ),
        (_registers, _tables),
    ),
}
"""By strategy: its knobs, and what stands against a schedule on a target."""
note_shipped(SPACES)


def _kernel(
    problem: Problem, target: Target, strategy: str, vector_bits: int | None = None
) -> Kernel:
    return Kernel(problem, target, strategy, vector_bits or target.vector_bits)


def obstacle(
    schedule: ScheduleAttr,
    problem: Problem,
    target: Target,
    strategy: str,
    vector_bits: int | None = None,
) -> str | None:
    """Why a kernel cannot have this schedule on the target, or None where it can.

    `vector_bits` tells the width of a vector of weights where they are packed already; what does
    not depend on a target is for the verifiers of the kernels.
    """
    kernel = _kernel(problem, target, strategy, vector_bits)
    reasons = (against(kernel, schedule) for against in SPACES[strategy].obstacles)
    return next((reason for reason in reasons if reason), None)


def knobs(problem: Problem, target: Target, strategy: str) -> dict[str, list[KnobValue]]:
    """Every knob of a strategy and its values; not every combination of them is possible."""
    kernel = _kernel(problem, target, strategy)
    return {knob.name: list(knob.values(kernel)) for knob in SPACES[strategy].knobs}


def _is_above(value: KnobValue, other: int) -> bool:
    return isinstance(value, int) and value > other


def nearest(
    schedule: ScheduleAttr, problem: Problem, target: Target, strategy: str
) -> ScheduleAttr:
    """The schedule whose knobs have values of `knobs`: numbers the next lower one.

    A knob that makes no difference for the problem has one value there, so that schedules which
    give the same code become equal.
    """
    found: dict[str, KnobValue] = {}
    for name, values in knobs(problem, target, strategy).items():
        value: KnobValue = getattr(schedule, name).data
        if value not in values:
            lower = [v for v in values if isinstance(v, int) and _is_above(value, v)]
            value = max(lower, default=values[0])
        found[name] = value
    return ScheduleAttr.get(**found)  # pyright: ignore


def is_worth_trying(
    schedule: ScheduleAttr, problem: Problem, target: Target, strategy: str
) -> bool:
    """Whether a schedule is possible and the kernel's code not needlessly long."""
    kernel = _kernel(problem, target, strategy)
    bodies = prod(kernel.trips[: schedule.unroll.data])
    steps = schedule.pixels.data * schedule.vectors.data * bodies
    is_long = steps > MAX_STEPS if kernel.body_words == 1 else bodies > MAX_UNROLLED_BODIES
    too_long = strategy != "table" and schedule.unroll.data > 0 and is_long
    return not too_long and obstacle(schedule, problem, target, strategy) is None


def schedules(problem: Problem, target: Target, strategy: str) -> Iterator[ScheduleAttr]:
    """The schedules of a strategy that a kernel can have and that are worth trying."""
    values = knobs(problem, target, strategy)
    for combination in product(*values.values()):
        schedule = ScheduleAttr.get(**dict(zip(values, combination, strict=True)))  # pyright: ignore
        if is_worth_trying(schedule, problem, target, strategy):
            yield schedule


def strategies(problem: Problem, target: Target, wanted: str = "auto") -> list[str]:
    """The strategies that can compute a problem, of those wanted (`auto`: of its `candidates`).

    Raises:
        ValueError: there is no such strategy, or it cannot take the problem.
    """
    check_strategy(wanted)
    x, w, geometry = problem.x_code, problem.w_code, problem.geometry
    if wanted != "auto":
        return [resolve_strategy(wanted, x, w, geometry, target)]
    allowed = candidates(x, w)
    return [name for name in allowed if strategy_obstacle(name, x, w, geometry, target) is None]
