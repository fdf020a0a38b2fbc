"""Where every tensor of a function lies: in an argument or in the workspace.

The lowered function takes byte buffers: its inputs, its outputs, and one workspace that holds
every intermediate tensor in a slot of its own. The caller zeroes the workspace once; frames and
ragged tails are never written, so they stay zero from call to call.

An input or an output is aligned to the size of its elements, as C aligns them. The workspace may
begin at any address: each stage rounds it up to a multiple of 64 (`aligned_workspace`), for which
the caller's workspace has 63 bytes more than the slots.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil

from xdsl.dialects import func
from xdsl.dialects.builtin import (
    DictionaryAttr,
    IntegerAttr,
    MemRefType,
    TensorType,
    i8,
    i64,
)
from xdsl.ir import Attribute, SSAValue

from lowbit_dialect.layout import byte_count, storage_type

ALIGNMENT = 64
"""Bytes that the slots of a workspace are aligned to: a cache line, the widest vector."""


def element_bytes(type_: TensorType) -> int:
    """Bytes of an element of a tensor in memory: of a word where it is packed."""
    return byte_count(TensorType(storage_type(type_).element_type, [1]))


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
        self.slot_bytes = 0

    @property
    def workspace_argument(self) -> int:
        """Index of the workspace argument."""
        return len(self.inputs) + len(self.result_types)

    @property
    def workspace_bytes(self) -> int:
        """Bytes of the workspace that the caller gives, which may begin at any address."""
        return self.slot_bytes + ALIGNMENT - 1 if self.slot_bytes else 0

    @property
    def argument_types(self) -> list[MemRefType]:
        """Types of the lowered function's arguments."""
        sizes = [byte_count(type_) for type_ in self._tensor_types]
        return [MemRefType(i8, [n]) for n in (*sizes, max(1, self.workspace_bytes))]

    @property
    def argument_attributes(self) -> list[DictionaryAttr]:
        """What holds for the arguments: the alignment of those whose elements are no bytes."""
        attributes = []
        for type_ in self._tensor_types:
            align = element_bytes(type_)
            known: dict[str, Attribute] = {"llvm.align": IntegerAttr(align, i64)}
            attributes.append(DictionaryAttr(known if align > 1 else {}))
        return [*attributes, DictionaryAttr({})]

    @property
    def _tensor_types(self) -> list[TensorType]:
        """Types of the inputs and outputs."""
        return [*(v.type for v in self.inputs), *self.result_types]  # pyright: ignore

    def output(self, value: SSAValue, index: int) -> None:
        """Put a value into an output."""
        self.places[value] = Place(len(self.inputs) + index, 0)

    def reserve(self, count: int) -> Place:
        """A fresh slot of `count` bytes in the workspace."""
        place = Place(self.workspace_argument, self.slot_bytes)
        self.slot_bytes += ceil(count / ALIGNMENT) * ALIGNMENT
        return place

    def place(self, value: SSAValue) -> Place:
        """Where a value lies; a slot of the workspace unless it has a place already."""
        if value not in self.places:
            assert isinstance(value.type, TensorType)
            self.places[value] = self.reserve(byte_count(value.type))
        return self.places[value]
