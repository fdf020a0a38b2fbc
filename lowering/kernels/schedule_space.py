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

from lowbit_dialect.level_product import BYTES_PER_WORD
from lowbit_dialect.schedule import ORDERS, ScheduleAttr
from lowering.kernels.default_schedule import kernel_lanes, kernel_word_bits
from lowering.kernels.problem import Problem
from lowering.kernels.strategy import resolve_strategy
from lowering.strategies import check_strategy
from lowering.targets import Target

KnobValue = int | str

MIN_LANES, MAX_LANES = 8, 64
"""Output channels of a block: packed results are stored in words of that many bits."""

WORKING_REGISTERS = 2
"""Vector registers of a tile beside its sums and weights: a pixel's word, and its product."""

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
        per_word = BYTES_PER_WORD if self.strategy == "dot" else kernel_word_bits(self.target)
        return ceil(g.ic / g.groups / per_word), g.cols.taps, g.rows.taps

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


def _registers(kernel: Kernel, schedule: ScheduleAttr) -> str | None:
    """Sums, weights and what is worked with must fit; the smallest tile is always allowed."""
    pixels, vectors = schedule.pixels.data, schedule.vectors.data
    is_least = vectors == 1 or vectors * kernel.lanes <= MIN_LANES
    if pixels == 1 and is_least:
        return None
    each = ceil(kernel.vector_bits / kernel.target.vector_bits)
    needed = (pixels * vectors + vectors) * each + WORKING_REGISTERS
    have = kernel.target.vector_registers
    if needed <= have:
        return None
    return (
        f"tile {pixels}x{vectors} needs {needed} vector registers ({pixels * vectors * each} for"
        f" sums, {vectors * each} for weights, {WORKING_REGISTERS} to work with);"
        f" {kernel.target.name} has {have}"
    )


@dataclass(frozen=True)
class Space:
    """The schedules of a strategy."""

    knobs: tuple[Knob, ...]
    obstacles: tuple[Obstacle, ...]


_TILE_KNOBS = (
    Knob("pixels", _pixels),
    Knob("vectors", _vectors),
    Knob("unroll", _unroll),
    Knob("order", _order),
)

SPACES: dict[str, Space] = {
    "bit_serial": Space(_TILE_KNOBS, (_registers,)),
    "dot": Space(_TILE_KNOBS, (_registers,)),
}
"""By strategy: its knobs, and what stands against a schedule on a target."""


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
    trips = _kernel(problem, target, strategy).trips[: schedule.unroll.data]
    steps = schedule.pixels.data * schedule.vectors.data * prod(trips)
    too_long = schedule.unroll.data > 0 and steps > MAX_STEPS
    return not too_long and obstacle(schedule, problem, target, strategy) is None


def schedules(problem: Problem, target: Target, strategy: str) -> Iterator[ScheduleAttr]:
    """The schedules of a strategy that a kernel can have and that are worth trying."""
    values = knobs(problem, target, strategy)
    for combination in product(*values.values()):
        schedule = ScheduleAttr.get(**dict(zip(values, combination, strict=True)))  # pyright: ignore
        if is_worth_trying(schedule, problem, target, strategy):
            yield schedule


def strategies(problem: Problem, target: Target, wanted: str = "auto") -> list[str]:
    """The strategies that can compute a problem, of those wanted (`auto`: of all).

    Raises:
        ValueError: there is no such strategy.
    """
    check_strategy(wanted)
    names = SPACES if wanted == "auto" else (wanted,)
    x, w, geometry = problem.x_code, problem.w_code, problem.geometry
    resolved = [resolve_strategy(name, x, w, geometry, target) for name in names]
    return list(dict.fromkeys(resolved))
