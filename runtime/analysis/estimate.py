"""How many multiply-accumulates a cycle a kernel can reach, by a simple model.

An iteration of its busiest loop takes as long as the resource that it needs most:

    cycles = max over resources of  instructions that need it / how many start each cycle

with the numbers of `Target.costs.throughput`. All data is in L1 and no instruction waits for
another; so this is a bound for tiles that have enough accumulators, not a prediction. What the
loops around it, the epilogue and memory cost comes on top: measure with `lowbit bench`.
"""

from __future__ import annotations

from dataclasses import dataclass

from lowering.targets import Target
from runtime.analysis.instructions import Mix
from runtime.analysis.work import BitProducts


@dataclass(frozen=True)
class Estimate:
    """Cycles of an iteration of the busiest loop, what limits it, and the rate of the stage."""

    cycles: float
    limit: str
    mac_per_cycle: float


def loop_cycles(mix: Mix, target: Target) -> tuple[float, str]:
    """Cycles of an iteration, and the resource that it spends them on."""
    can = target.costs.throughput
    needs = {
        "issue": mix.total / can.issue,
        "vector units": mix.vector / can.vector,
        "popcount": mix.kinds["popcount"] / can.popcount,
        "shuffle": mix.kinds["shuffle"] / can.shuffle,
        "loads": mix.loads / can.loads,
        "stores": mix.stores / can.stores,
    }
    limit = max(needs, key=lambda name: needs[name])
    return needs[limit], limit


def estimate(
    mix: Mix, work: BitProducts, macs_per_product: float, target: Target
) -> Estimate | None:
    """The estimate for a stage, or None where it multiplies no bits.

    Args:
        mix: instructions of its busiest loop.
        work: its products, those of lanes without a channel among them.
        macs_per_product: the multiply-accumulates that each of them stands for.
        target: the machine.
    """
    cycles, limit = loop_cycles(mix, target)
    if not work.iteration or not cycles:
        return None
    return Estimate(cycles, limit, work.iteration * macs_per_product / cycles)
