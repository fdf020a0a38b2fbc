"""A walk over the words of a packed tensor along its logical dimensions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import ceil

from lowbit_dialect.layouts.packed import PackedAttr
from lowbit_dialect.layouts.packed_syntax import PLANE
from lowering.loops.emit import Emit, Index


@dataclass(frozen=True)
class PackedWalk:
    """The words of a packed tensor, walked along its logical dimensions."""

    layout: PackedAttr
    shape: tuple[int, ...]

    @property
    def axis(self) -> int:
        """The packed dimension."""
        return self.layout.axis.data

    @property
    def segments(self) -> tuple[int, int]:
        """(segments of the packed dimension, elements of one)."""
        groups = 1 if len(self.layout.lanes) else self.layout.groups.data
        return groups, self.shape[self.axis] // groups

    def outer_dims(self) -> list[int]:
        """Logical dimensions other than the packed one."""
        return [d for d in range(len(self.shape)) if d != self.axis]

    def physical(self, emit: Emit, indices: Sequence[Index], word: Index, plane: Index = 0):
        """Indices of a word: logical indices (that of the packed dimension is ignored), word.

        `plane` is ignored where the words hold bytes.
        """
        lane_dim, lanes = self.layout.lane_block
        lane: Index = 0
        result = []
        for entry in self.layout.order:
            dim = entry.data
            if dim == PLANE:
                result.append(plane)
            elif dim == self.axis:
                result.append(word)
            elif dim == lane_dim:
                per_group = self.shape[dim] // self.layout.groups.data
                group = emit.div(indices[dim], per_group)
                within = emit.mod(indices[dim], per_group)
                blocks = ceil(per_group / lanes)
                result.append(emit.add(emit.mul(group, blocks), emit.div(within, lanes)))
                lane = emit.mod(within, lanes)
            else:
                result.append(emit.add(indices[dim], self.layout.frame_of(dim)[0]))
        return [*result, lane] if lane_dim >= 0 else result


def nest(
    emit: Emit,
    shape: Sequence[int],
    dims: Sequence[int],
    bounds: tuple[Index, Index],
    body: Callable[[list[Index]], None],
) -> None:
    """Loops over `dims`, the first within `bounds`; other indices are 0.

    Without dimensions there is one part: `body` runs once where it is within `bounds`.
    """
    indices: list[Index] = [0] * len(shape)
    if not dims:
        emit.loop(*bounds, lambda _: body(list(indices)))
        return

    def level(depth: int) -> None:
        if depth == len(dims):
            body(list(indices))
            return
        dim = dims[depth]

        def inner(i: Index) -> None:
            indices[dim] = i
            level(depth + 1)

        emit.loop(*(bounds if depth == 0 else (0, shape[dim])), inner)

    level(0)


def parts(walk: PackedWalk, dims: Sequence[int]) -> int:
    """How many independent parts loops over `dims` have."""
    return walk.shape[dims[0]] if dims else 1


def outermost(walk: PackedWalk) -> list[int]:
    """Dimensions to walk, a long one first: a stage is split among threads along it."""
    return _long_first(walk, walk.outer_dims())


def without(walk: PackedWalk, dims: Sequence[int], inner: int) -> list[int]:
    """The dimensions to walk besides one that the body walks, a long one first."""
    return _long_first(walk, [d for d in dims if d != inner])


def _long_first(walk: PackedWalk, dims: list[int]) -> list[int]:
    first = next((d for d in dims if walk.shape[d] > 1), dims[0] if dims else None)
    return [] if first is None else [first, *(d for d in dims if d != first)]
