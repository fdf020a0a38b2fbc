"""What is measured and what comes of it, as data that goes to other processes and machines."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from lowering.kernels.contraction import SUMS, Contraction
from lowering.kernels.kernel_plan import KernelPlan
from lowering.kernels.records import parse_schedule


@dataclass(frozen=True)
class Task:
    """A kernel to be tuned: `name` is for people, `target` names the machine."""

    name: str
    problem: Contraction
    target: str = "host"
    seed: int = 0

    @property
    def out(self) -> str:
        """What its layer stores, as `runtime.measure.layer` calls it."""
        return "i32" if self.problem.stored == SUMS else "packed"

    def to_json(self) -> dict[str, Any]:
        """As JSON-able data."""
        problem = self.problem.to_json()
        return {"name": self.name, "problem": problem, "target": self.target, "seed": self.seed}

    @staticmethod
    def from_json(data: dict[str, Any]) -> Task:
        """The inverse of `to_json`."""
        problem = Contraction.from_json(data["problem"])
        return Task(data["name"], problem, data["target"], data["seed"])


@dataclass(frozen=True)
class Measured:
    """Median cycles and seconds of a call; its output was that of the reference."""

    cycles: float
    seconds: float


@dataclass(frozen=True)
class Failed:
    """A candidate that gave no time; `kind` is `wrong`, `error`, `aborted` or `time limit`."""

    kind: str
    reason: str


Outcome = Measured | Failed


def choice_to_json(choice: KernelPlan) -> dict[str, str]:
    """A choice as JSON-able data."""
    return {"strategy": choice.strategy, "schedule": str(choice.schedule)}


def choice_from_json(data: dict[str, str]) -> KernelPlan:
    """The inverse of `choice_to_json`."""
    return KernelPlan(data["strategy"], parse_schedule(data["schedule"]))


def request(task: Task, choice: KernelPlan, **more: Any) -> dict[str, Any]:
    """What a worker is asked for: `seconds` to time a candidate, `path` to build one only."""
    return {"task": task.to_json(), "choice": choice_to_json(choice), **more}


def outcome_from_json(data: dict[str, Any]) -> Outcome:
    """What a reply says."""
    return Measured(**data) if "cycles" in data else Failed(**data)
