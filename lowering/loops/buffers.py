"""Where every tensor of a function lies: in an argument or in the workspace.

The lowered function takes byte buffers: its inputs, its outputs, and one workspace that holds
every intermediate tensor in a slot of its own. The caller zeroes the workspace once; frames and
ragged tails are never written, so they stay zero from call to call.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil

from xdsl.dialects import func
from xdsl.dialects.builtin import MemRefType, TensorType, i8
from xdsl.ir import SSAValue

from lowbit_dialect.layout import byte_count

ALIGNMENT = 64


@dataclass(frozen=True)
class Place:
    """Bytes of one buffer argument."""

    argument: int
    offset: int


class Buffers:
    """Assigns a place to each tensor value of a function."""

    def __init__(self, function: func.FuncOp, result_types: list[TensorType]):
        """Inputs first, then outputs, then the workspace."""
        self.inputs = list(function.body.block.args)
        self.result_types = result_types
        self.places: dict[SSAValue, Place] = {v: Place(i, 0) for i, v in enumerate(self.inputs)}
        self.workspace_bytes = 0

    @property
    def workspace_argument(self) -> int:
        """Index of the workspace argument."""
        return len(self.inputs) + len(self.result_types)

    @property
    def argument_types(self) -> list[MemRefType]:
        """Types of the lowered function's arguments."""
        sizes = [byte_count(v.type) for v in self.inputs]  # pyright: ignore
        sizes += [byte_count(t) for t in self.result_types]
        return [MemRefType(i8, [n]) for n in (*sizes, max(1, self.workspace_bytes))]

    def output(self, value: SSAValue, index: int) -> None:
        """Put a value into an output."""
        self.places[value] = Place(len(self.inputs) + index, 0)

    def reserve(self, count: int) -> Place:
        """A fresh slot of `count` bytes in the workspace."""
        place = Place(self.workspace_argument, self.workspace_bytes)
        self.workspace_bytes += ceil(count / ALIGNMENT) * ALIGNMENT
        return place

    def place(self, value: SSAValue) -> Place:
        """Where a value lies; a slot of the workspace unless it has a place already."""
        if value not in self.places:
            assert isinstance(value.type, TensorType)
            self.places[value] = self.reserve(byte_count(value.type))
        return self.places[value]
