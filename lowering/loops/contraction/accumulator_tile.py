"""A register tile and where it belongs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from xdsl.dialects import vector
from xdsl.dialects.builtin import DenseArrayBase, IntegerType, VectorType, i32, i64
from xdsl.ir import SSAValue

from lowbit_dialect import simd
from lowbit_dialect.geometry import ConvGeometry
from lowering.loops.emit import Emit, Index
from lowering.loops.stage import Stage
from lowering.targets import Target


@dataclass
class AccumulatorTile:
    """A tile in registers and where it belongs: `sums[pixel][vector]`, `lanes` channels each.

    The sums are vectors of integers of any width. `sum_range` is the least and the largest number
    that they can be, where that is known.
    """

    stage: Stage
    geometry: ConvGeometry
    image: Index
    row: Index
    col: Index
    block: Index
    group: Index
    blocks_per_group: int
    lanes: int
    sums: list[list[SSAValue]]
    sum_range: tuple[int, int] | None = None

    @property
    def element(self) -> IntegerType:
        """Type of a sum."""
        type_ = self.sums[0][0].type
        assert isinstance(type_, VectorType)
        assert isinstance(type_.element_type, IntegerType)
        return type_.element_type

    @property
    def emit(self) -> Emit:
        """The builder."""
        return self.stage.emit

    @property
    def target(self) -> Target:
        """The machine compiled for."""
        return self.stage.target

    @property
    def block_lanes(self) -> int:
        """Channels of a block."""
        return self.lanes * len(self.sums[0])

    @property
    def is_ragged(self) -> bool:
        """Whether the last block of a group holds lanes without a channel."""
        return self.geometry.oc // self.geometry.groups % self.block_lanes != 0

    @property
    def block_in_group(self) -> Index:
        """Index of the block within its group."""
        return self.emit.mod(self.block, self.blocks_per_group) if self.group != 0 else self.block

    def channel(self, vector_index: int) -> Index:
        """First output channel of a vector."""
        emit = self.emit
        per_group = self.geometry.oc // self.geometry.groups
        start = emit.add(
            emit.mul(self.group, per_group), emit.mul(self.block_in_group, self.block_lanes)
        )
        return emit.add(start, vector_index * self.lanes)

    def lane(self, vector_index: int) -> Index:
        """Index of a vector's first lane in tables padded to whole blocks."""
        return self.emit.add(self.emit.mul(self.block, self.block_lanes), vector_index * self.lanes)

    def valid(self, vector_index: int) -> SSAValue:
        """Mask of the lanes that are channels."""
        per_group = self.geometry.oc // self.geometry.groups
        slots = np.arange(self.blocks_per_group * self.block_lanes) < per_group
        channels = np.tile(slots, self.geometry.groups).astype(np.int8)
        table = self.stage.table(channels, self.element.width.data)
        lanes = self.emit.load_vector(
            table, [self.lane(vector_index)], VectorType(self.element, [self.lanes])
        )
        zero = self.emit.constant(0, lanes.type)
        return self.emit.op(simd.CmpIOp("ne", lanes, zero))

    def map_sums(self, function: Callable[[int, int, SSAValue], SSAValue]) -> AccumulatorTile:
        """The site with `function(pixel, vector index, sums)` for each vector of sums."""
        sums = [
            [function(m, v, value) for v, value in enumerate(pixel)]
            for m, pixel in enumerate(self.sums)
        ]
        return replace(self, sums=sums)

    def widened(self) -> AccumulatorTile:
        """The site with sums of i32, of as many vectors as that takes."""
        emit, lanes = self.emit, self.lanes
        if self.element == i32:
            return self
        size = min(lanes, max(1, self.target.vector_bits // i32.width.data))
        wide = VectorType(i32, [size])

        def part(value: SSAValue, start: int) -> SSAValue:
            order = DenseArrayBase.from_list(i64, range(start, start + size))
            some = VectorType(self.element, [size])
            if size < lanes:
                value = emit.op(vector.ShuffleOp(value, value, order, result_type=some))
            return emit.op(simd.ExtSIOp(value, wide))

        sums = [
            [part(value, start) for value in pixel for start in range(0, lanes, size)]
            for pixel in self.sums
        ]
        return replace(self, sums=sums, lanes=size)
