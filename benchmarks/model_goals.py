"""How fast inner loops have to be by the model of each processor: goals.json, the part `model`."""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks.goals import goals
from runtime.measure.model_record import ModelRecord


def modelled_targets() -> list[str]:
    """The targets that have goals."""
    return list(goals()["model"]["mac_per_cycle"])


def goal_layers() -> list[str]:
    """The layers that goals are for."""
    return list(goals()["model"]["layers"])


def goal_pairs(target: str) -> list[str]:
    """The pairs that a target has goals for."""
    return list(goals()["model"]["mac_per_cycle"].get(target, {}))


def model_goal(record: ModelRecord) -> float | None:
    """The goal in MAC/cycle of the inner loop of a record, or None where there is none."""
    if record.id not in goal_layers():
        return None
    return goals()["model"]["mac_per_cycle"].get(record.target, {}).get(record.pair)


def is_met(record: ModelRecord) -> bool | None:
    """Whether the inner loop reaches its goal, or None where there is none."""
    goal = model_goal(record)
    return None if goal is None else record.loop_mac_per_cycle >= goal


def goals_met(records: Sequence[ModelRecord]) -> tuple[int, int]:
    """How many goals are met, and how many there are."""
    judged = [met for r in records if (met := is_met(r)) is not None]
    return sum(judged), len(judged)
