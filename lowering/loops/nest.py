"""Loops over all elements of a tensor whose operands advance by strides of their own.

An operand is a memref of one dimension; the place of element (i0, i1, ..) in it is start + i0 * s0
+ i1 * s1 + .., and a stride of 0 repeats it. So one nest does what differs in places only: numbers
of two shapes that broadcast, transposed, sliced and padded tensors.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import prod

from lowering.loops.emit import Emit, Index


@dataclass(frozen=True)
class View:
    """Where the elements of an operand lie: the first one, and the stride of each dimension."""

    start: int
    strides: tuple[int, ...]


def row_major(shape: Sequence[int]) -> tuple[int, ...]:
    """The strides of a tensor in row-major order."""
    return tuple(prod(shape[dim + 1 :]) for dim in range(len(shape)))


def collapsed(shape: Sequence[int], views: Sequence[View]) -> tuple[list[int], list[View]]:
    """The same elements in fewer dimensions: neighbours that all views pass through as one join."""
    extents: list[int] = []
    strides: list[list[int]] = [[] for _ in views]
    for dim, extent in enumerate(shape):
        own = [view.strides[dim] for view in views]
        if extent == 1 and len(shape) > 1:
            continue
        if extents and all(s[-1] == o * extent for s, o in zip(strides, own, strict=True)):
            extents[-1] *= extent
            for s, o in zip(strides, own, strict=True):
                s[-1] = o
        else:
            extents.append(extent)
            for s, o in zip(strides, own, strict=True):
                s.append(o)
    if not extents:
        extents, strides = [1], [[0] for _ in views]
    starts = (view.start for view in views)
    return extents, [View(a, tuple(s)) for a, s in zip(starts, strides, strict=True)]


@dataclass(frozen=True)
class Nest:
    """Loops over the elements of a shape, the innermost in vectors.

    The outermost dimension of the collapsed shape is what threads share. A shape of one dimension
    is cut into rows of at most `ROW` elements first.
    """

    extents: list[int]
    views: list[View]

    ROW = 1024

    @staticmethod
    def of(shape: Sequence[int], views: Sequence[View]) -> Nest:
        """The nest over a shape."""
        extents, found = collapsed(shape, views)
        if len(extents) == 1:
            (count,) = extents
            row = next((n for n in range(Nest.ROW, 63, -1) if count % n == 0), count)
            extents = [count // row, row]
            found = [View(v.start, (v.strides[0] * row, v.strides[0])) for v in found]
        return Nest(extents, found)

    @property
    def parts(self) -> int:
        """Indices of the outermost dimension."""
        return self.extents[0]

    def write(
        self,
        emit: Emit,
        bounds: tuple[Index, Index],
        lanes: int,
        body: Callable[[Sequence[Index], int], None],
    ) -> None:
        """Run `body(places, size)` on vectors of `size` elements; a place is of the first one.

        Where a row is no multiple of a vector, the last vector overlaps the one before it.
        """
        last = len(self.extents) - 1

        def level(dim: int, places: Sequence[Index]) -> None:
            if dim == last:
                self._row(emit, places, lanes, body)
                return

            def one(index: Index) -> None:
                level(
                    dim + 1,
                    [
                        emit.add(place, emit.mul(index, view.strides[dim]))
                        for place, view in zip(places, self.views, strict=True)
                    ],
                )

            low, high = bounds if dim == 0 else (0, self.extents[dim])
            emit.loop(low, high, one)

        level(0, [view.start for view in self.views])

    def _row(self, emit: Emit, places: Sequence[Index], lanes: int, body) -> None:
        count = self.extents[-1]
        size = min(lanes, 1 << (count.bit_length() - 1))

        def at(index: Index) -> None:
            body(
                [
                    emit.add(place, emit.mul(index, view.strides[-1]))
                    for place, view in zip(places, self.views, strict=True)
                ],
                size,
            )

        emit.loop(0, count // size * size, at, size)
        if count % size:
            at(count - size)
