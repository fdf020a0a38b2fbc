"""What the model says of a kernel for another processor, and its form in a file of results."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any


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

    def to_json(self) -> dict[str, Any]:
        """As JSON-able data."""
        return asdict(self)

    @staticmethod
    def from_json(data: Any) -> ModelRecord:
        """The inverse of `to_json`.

        Raises:
            ValueError: the data is of another form.
        """
        names = {f.name for f in fields(ModelRecord)}
        if not isinstance(data, dict) or not set(data) <= names:
            raise ValueError("not a record of a model")
        try:
            return ModelRecord(**data)
        except TypeError as error:
            raise ValueError(f"not a record of a model: {error}") from error


def has_models(path: Path) -> bool:
    """Whether a file of results is one of models, as far as can be told.

    Raises:
        OSError: the file cannot be read.
    """
    try:
        data = json.loads(path.read_text())
    except ValueError:
        return False
    return isinstance(data, list) and bool(data) and "loop_macs" in data[0]


def load_models(path: Path) -> list[ModelRecord]:
    """The records of a file of results.

    Raises:
        OSError: the file cannot be read.
        ValueError: it holds something else; the message names it.
    """
    try:
        return [ModelRecord.from_json(entry) for entry in json.loads(path.read_text())]
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from error


def dump_models(records: Iterable[ModelRecord]) -> bytes:
    """The file of results."""
    return (json.dumps([r.to_json() for r in records], indent=1) + "\n").encode()
