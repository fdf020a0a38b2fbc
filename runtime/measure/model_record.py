"""What the model says of a kernel for another processor, and its form in a file of results."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from runtime.measure.result_file import has_results, load_results


@dataclass(frozen=True)
class ModelRecord:
    """Figures of a layer on a target: llvm-mca's cycles, and instructions counted in an emulator.

    `loop_macs`, `loop_cycles` and `loop_instructions` are those of an iteration of the inner loop,
    which does `loop_share` of the multiply-accumulates and takes `loop_instruction_share` of the
    instructions. `cycles` and `instructions` are those of a whole call, `macs` the nominal
    multiply-accumulates (taps in the padding count), `counted_macs` those that instructions did.
    `unmodelled` is the part of the instructions that llvm-mca knows no cost of. `int16_cycles` are
    those of a call of a kernel of 16-bit integers, `int16_loop` the MAC/cycle of its inner loop.
    """

    id: str
    pair: str
    target: str
    strategy: str
    tile: str
    out: str
    checked: bool
    macs: int
    counted_macs: float
    cycles: float
    instructions: int
    loop_macs: float
    loop_cycles: float
    loop_instructions: float
    loop_share: float
    loop_instruction_share: float
    unmodelled: float = 0.0
    int16_cycles: float | None = None
    int16_loop: float | None = None
    versions: Mapping[str, str] = field(default_factory=dict)

    @property
    def loop_mac_per_cycle(self) -> float:
        """The rate of the inner loop, which goals are for."""
        return self.loop_macs / self.loop_cycles

    @property
    def mac_per_cycle(self) -> float:
        """The rate of a whole call."""
        return self.macs / self.cycles

    @property
    def instructions_per_100_macs(self) -> float:
        """Instructions of a whole call for 100 nominal multiply-accumulates."""
        return 100 * self.instructions / self.macs

    @property
    def times_int16(self) -> float | None:
        """How many times fewer cycles than the kernel of 16-bit integers, whole calls."""
        return self.int16_cycles / self.cycles if self.int16_cycles else None


def has_models(path: Path) -> bool:
    """Whether a file of results is one of models; for errors see `has_results`."""
    return has_results(path, ModelRecord)


def load_models(path: Path) -> list[ModelRecord]:
    """The records of a file of results; for errors see `load_results`."""
    return load_results(path, ModelRecord, "a model")
