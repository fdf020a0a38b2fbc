"""The function that a model is lowered into, and the report of what became of its nodes."""

from __future__ import annotations

from dataclasses import dataclass, field

from xdsl.builder import Builder
from xdsl.ir import Block, Operation, SSAValue
from xdsl.rewriter import InsertPoint

from lowbit_dialect.sums.ranges import SumRanges


@dataclass(frozen=True)
class Record:
    """What became of a node: `why_float` says why it computes in floating point, if it does."""

    node: str
    operator: str
    why_float: str = ""
    values: tuple[SSAValue, ...] = ()


@dataclass
class Emitter:
    """Appends operations to a block."""

    block: Block
    ranges: SumRanges = field(default_factory=SumRanges)
    records: list[Record] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._builder = Builder(InsertPoint.at_end(self.block))

    def insert(self, op: Operation) -> SSAValue:
        """Append an operation; its first result."""
        self._builder.insert(op)
        return op.results[0]

    def insert_last(self, op: Operation) -> None:
        """Append an operation without results."""
        self._builder.insert(op)
