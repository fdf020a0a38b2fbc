"""Which schedules a kernel may have on a target, and which of them are worth a measurement.

A strategy says which knobs it has, the fields of `#lowbit.schedule` with the values that each can
take, and why a schedule is refused. The verifier of explicit schedules, the tuner and the records
all go through it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import product

from lowbit_dialect.schedule import KnobValue, ScheduleAttr
from lowering.kernels.contraction import Contraction
from lowering.kernels.resolve_strategy import possible_strategies
from lowering.strategies import AUTO, get_strategy
from lowering.targets import Target


def why_not_schedule(
    schedule: ScheduleAttr,
    problem: Contraction,
    target: Target,
    strategy: str,
    vector_bits: int = 0,
) -> str | None:
    """Why a kernel cannot have this schedule on the target, or None where it can.

    `vector_bits` tells the width of a vector of weights where they are packed already; what does
    not depend on a target is for the verifiers of the kernels.
    """
    return get_strategy(strategy).why_not_schedule(
        replace(problem.on(target), weight_vector_bits=vector_bits), schedule
    )


def knobs(problem: Contraction, target: Target, strategy: str) -> dict[str, list[KnobValue]]:
    """Every knob of a strategy and its values; not every combination of them is possible."""
    found = get_strategy(strategy).knobs(problem.on(target))
    return {name: list(values) for name, values in found.items()}


def _is_above(value: KnobValue, other: int) -> bool:
    return isinstance(value, int) and value > other


def nearest(
    schedule: ScheduleAttr, problem: Contraction, target: Target, strategy: str
) -> ScheduleAttr:
    """The schedule whose knobs have values of `knobs`: numbers the next lower one.

    A knob that makes no difference for the problem has one value there, so that schedules which
    give the same code become equal.
    """
    found: dict[str, KnobValue] = {}
    for name, values in knobs(problem, target, strategy).items():
        value = knob_value(schedule, name, strategy)
        if value not in values:
            lower = [v for v in values if isinstance(v, int) and _is_above(value, v)]
            value = max(lower, default=values[0])
        found[name] = value
    return schedule_of_knobs(found, problem, target, strategy)


def knob_value(schedule: ScheduleAttr, name: str, strategy: str) -> KnobValue:
    """The value of a knob in a schedule of a strategy, or its default."""
    ops = get_strategy(strategy).ops
    return ops.knob(schedule, name) if name in ops.knobs else getattr(schedule, name).data


def schedule_of_knobs(
    values: Mapping[str, KnobValue], problem: Contraction, target: Target, strategy: str
) -> ScheduleAttr:
    """The schedule with these values of knobs; the cost model's rule gives other fields."""
    schedule = ScheduleAttr.get(**values)  # pyright: ignore
    return get_strategy(strategy).completed(problem.on(target), schedule)


def is_worth_trying(
    schedule: ScheduleAttr, problem: Contraction, target: Target, strategy: str
) -> bool:
    """Whether a schedule is possible and the kernel's code not needlessly long."""
    found, contraction = get_strategy(strategy), problem.on(target)
    if found.is_too_long(contraction, schedule):
        return False
    return found.why_not_schedule(contraction, schedule) is None


def schedules(problem: Contraction, target: Target, strategy: str) -> Iterator[ScheduleAttr]:
    """The schedules of a strategy that a kernel can have and that are worth trying."""
    values = knobs(problem, target, strategy)
    for combination in product(*values.values()):
        found = dict(zip(values, combination, strict=True))
        schedule = schedule_of_knobs(found, problem, target, strategy)
        if is_worth_trying(schedule, problem, target, strategy):
            yield schedule


def strategies(problem: Contraction, target: Target, wanted: str = AUTO) -> list[str]:
    """The names of the strategies that can compute a problem, of those wanted.

    Raises:
        ValueError: there is no such strategy, or none that can.
    """
    found = possible_strategies(problem.on(target), wanted)
    return [strategy.name for strategy in found]
