"""The half of a strategy that knows no machine: its operations, and what they sum."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from lowbit_dialect.codes import Code
from lowbit_dialect.ops.kernel import ConvKernelOp, GemmKernelOp, KernelOp
from lowbit_dialect.schedule import Knob, KnobValue, ScheduleAttr
from lowbit_dialect.sums.base import KernelSums


@dataclass(frozen=True)
class StrategyOps:
    """A way to compute contractions, as far as the dialect goes.

    `conv` and `gemm` are its operations, whose verifiers check codes, geometry, layouts and plan;
    `sums` gives what they sum for the codes of x and w.
    """

    name: str
    conv: type[ConvKernelOp]
    gemm: type[GemmKernelOp]
    sums: Callable[[Code, Code], KernelSums]

    @property
    def takes_codebooks(self) -> bool:
        """Whether the codes may be any, or must be affine in their bits."""
        return self.conv.TAKES_CODEBOOKS

    @property
    def knobs(self) -> Mapping[str, Knob]:
        """The fields that it adds to the schedule."""
        return self.conv.KNOBS

    def with_knobs(self, schedule: ScheduleAttr, knobs: Mapping[str, KnobValue]) -> ScheduleAttr:
        """A schedule with further fields, those that have their default left out."""
        own = self.knobs
        given = {name: value for name, value in knobs.items() if value != own[name].default}
        return schedule.with_knobs(given)

    def knob(self, schedule: ScheduleAttr, name: str) -> KnobValue:
        """A further field of a schedule, or its default."""
        return schedule.knob_values.get(name, self.knobs[name].default)

    def has(self, op: KernelOp) -> bool:
        """Whether an operation is one of the strategy."""
        return type(op) in (self.conv, self.gemm)
