"""Stages that do the same with every element: a loop over vectors of neighbouring ones."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import prod

from xdsl.dialects.builtin import MemRefType, TensorType, VectorType
from xdsl.ir import SSAValue

from lowering.loops.emit import Emit, Index
from lowering.loops.stage import Stage, shape_of
from lowering.targets import Target

LONG_ROW = 64
"""Elements of a row from which on what does not fill a vector hardly counts."""


@dataclass
class Lanes:
    """Neighbouring elements of a tensor in one vector: row, first column, number of lanes."""

    stage: Stage
    row: Index
    col: Index
    count: int

    @property
    def emit(self) -> Emit:
        """The builder."""
        return self.stage.emit

    def vector(self, element) -> VectorType:
        """A vector of that many lanes."""
        return VectorType(element, [self.count])

    def load(self, memory: SSAValue, row: Index | None = None) -> SSAValue:
        """The lanes' elements of a (rows, columns) memref."""
        assert isinstance(memory.type, MemRefType)
        where = (self.row if row is None else row, self.col)
        return self.emit.load_vector(memory, where, self.vector(memory.type.element_type))

    def store(self, value: SSAValue, memory: SSAValue) -> None:
        """Store the lanes' elements of a (rows, columns) memref."""
        self.emit.store_vector(value, memory, (self.row, self.col))


def for_lanes(
    stage: Stage,
    shape: tuple[int, int],
    bounds: tuple[Index, Index],
    lanes: int,
    body: Callable[[Lanes], None],
) -> None:
    """Run `body` on whole vectors, then on single elements, of rows within `bounds`."""
    emit, (_, cols) = stage.emit, shape
    sizes = (lanes, min(lanes, stage.target.lanes(32)), 1)

    def row_body(row: Index) -> None:
        done = 0
        for size in sizes:
            end = done + (cols - done) // size * size

            def part(col: Index, size: int = size) -> None:
                body(Lanes(stage, row, col, size))

            emit.loop(done, end, part, size)
            done = end

    emit.loop(*bounds, row_body)


def lane_count(target: Target) -> int:
    """Elements of i32 and of bytes at once: a register of i32, or where bytes widen at the cost of
    an instruction for each half, half a file of registers of them.

    It follows from the width and the number of registers alone and is no choice between plans.
    """
    if not target.has("neon"):
        return target.lanes(32)
    return min(target.lanes(8), target.vector_registers // 2)


def rows_of(shape: Sequence[int]) -> tuple[int, int]:
    """Rows and columns of a tensor whose columns are its innermost dimension."""
    return prod(shape[:-1]), shape[-1] if shape else 1


def uniform_rows(shape: Sequence[int]) -> tuple[int, int]:
    """Rows and columns for what is the same in all channels: longer rows where these are short."""
    rows, columns = rows_of(shape)
    while columns < LONG_ROW and rows > 1:
        factor = next((n for n in range(2, LONG_ROW) if rows % n == 0), rows)
        rows, columns = rows // factor, columns * factor
    return rows, columns


def flat(stage: Stage, value: SSAValue, rows: tuple[int, int] | None = None) -> SSAValue:
    """A tensor as a memref of rows and columns, those of `rows_of` where none are given."""
    assert isinstance(value.type, TensorType)
    return stage.tensor(value, rows_of(shape_of(value)) if rows is None else rows)
