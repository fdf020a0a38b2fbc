"""Per-channel numbers of an epilogue, in the order of the lanes, padded to whole blocks."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import ceil

import numpy as np
from numpy.typing import NDArray
from xdsl.dialects import arith
from xdsl.dialects.builtin import IntegerType, MemRefType, VectorType, i1, i32
from xdsl.ir import SSAValue

from lowbit_dialect.constants import constant_values
from lowbit_dialect.geometry import ConvGeometry
from lowering.loops.buffers import Place
from lowering.loops.stage import FunctionLowering, Stage, element_of, shape_of
from lowering.loops.tile_site import TileSite


@dataclass
class ChannelTable:
    """`entries` rows, each with one number a lane; lanes without a channel hold `fill`.

    The numbers are integers of `bits` bits, and wrap where they are wider.
    """

    values: NDArray[np.int64] | None
    place: Place | None
    shape: tuple[int, int]
    bits: int = 32

    @staticmethod
    def constant(values: NDArray[np.integer], bits: int = 32) -> ChannelTable:
        """A table of known numbers, (entries, lanes)."""
        entries, lanes = values.shape
        return ChannelTable(values.astype(np.int64), None, (entries, lanes), bits)

    @staticmethod
    def of_values(
        rows: NDArray[np.integer], geometry: ConvGeometry, block_lanes: int, fill: int
    ) -> ChannelTable:
        """Table of known numbers (entries, output channels)."""
        groups, per_group = geometry.groups, geometry.oc // geometry.groups
        lanes = ceil(per_group / block_lanes) * block_lanes
        table = np.full((len(rows), groups, lanes), fill, np.int64)
        table[:, :, :per_group] = rows.reshape(len(rows), groups, per_group)
        return ChannelTable.constant(table.reshape(len(rows), groups * lanes))

    @staticmethod
    def of(
        source: SSAValue,
        lowering: FunctionLowering,
        geometry: ConvGeometry,
        block_lanes: int,
        fill: int,
        channels_first: bool = False,
    ) -> ChannelTable:
        """Table of a tensor whose last (or first) dimension is the output channel.

        Its lanes are those of the blocks of `block_lanes` channels that the kernel walks. A
        constant becomes a constant; anything else is filled in by a stage of its own.
        """
        shape = shape_of(source)
        groups, oc = geometry.groups, geometry.oc
        per_group = oc // groups
        lanes = ceil(per_group / block_lanes) * block_lanes
        entries = int(np.prod(shape)) // oc
        values = constant_values(source)
        if values is not None:
            rows = values.reshape(oc, entries).T if channels_first else values.reshape(entries, oc)
            return ChannelTable.of_values(rows, geometry, block_lanes, fill)
        place = lowering.buffers.reserve(entries * groups * lanes * 4)
        table_type = MemRefType(i32, [entries, groups, lanes])

        def body(stage: Stage, low: SSAValue, high: SSAValue) -> None:
            emit = stage.emit
            flat = (groups, per_group, entries) if channels_first else (entries, groups, per_group)
            data = stage.tensor(source, flat)
            table = stage.place(place, table_type)
            is_flag = element_of(source) == i1

            def copy(row, group, lane) -> None:
                indices = (group, lane, row) if channels_first else (row, group, lane)
                value = emit.load(data, indices)
                if is_flag:
                    value = emit.op(arith.ExtUIOp(value, i32))
                emit.store(value, table, (row, group, lane))

            def row_body(row) -> None:
                def group_body(group) -> None:
                    emit.loop(0, per_group, lambda lane: copy(row, group, lane))
                    emit.loop(
                        per_group,
                        lanes,
                        lambda lane: emit.store(
                            emit.constant(fill, i32), table, (row, group, lane)
                        ),
                    )

                emit.loop(0, groups, group_body)

            emit.loop(low, high, row_body)

        lowering.stage("channel_table", entries, body)
        return ChannelTable(None, place, (entries, groups * lanes))

    def modulo(self, bits: int) -> ChannelTable:
        """Known numbers in lanes of `bits` bits, for sums that are known to fit there."""
        assert self.values is not None, "what a stage fills in is i32"
        return replace(self, bits=bits)

    def vector(self, site: TileSite, entry, vector_index: int) -> SSAValue:
        """The numbers of one vector of lanes of the tile's block."""
        if self.values is not None:
            memory = site.stage.table(self.values, self.bits)
        else:
            assert self.place is not None
            memory = site.stage.place(self.place, MemRefType(i32, self.shape))
        type_ = VectorType(IntegerType(self.bits), [site.lanes])
        return site.emit.load_vector(memory, [entry, site.lane(vector_index)], type_)
