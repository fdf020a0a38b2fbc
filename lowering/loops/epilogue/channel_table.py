"""Per-channel numbers of an epilogue, in the order of the lanes, padded to whole blocks."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import ceil

import numpy as np
from numpy.typing import NDArray
from xdsl.dialects.builtin import IntegerType, MemRefType, VectorType, i32
from xdsl.ir import SSAValue

from lowbit_dialect.constants import constant_values
from lowbit_dialect.geometry import ConvGeometry
from lowbit_dialect.layouts.channels import ChannelsAttr, channels_layout
from lowbit_dialect.layouts.packed import packed_layout
from lowbit_dialect.ops.kernel import KernelOp
from lowering.loops.contraction.accumulator_tile import AccumulatorTile
from lowering.loops.stage import shape_of
from lowering.support.diagnostics import fail


@dataclass
class ChannelTable:
    """`entries` rows, each with one number a lane; lanes without a channel hold `fill`.

    The numbers are integers of `bits` bits, and wrap where they are wider.
    """

    values: NDArray[np.int64] | None
    source: SSAValue | None
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
    def known(
        source: SSAValue, op: KernelOp, fill: int, channels_first: bool = False
    ) -> ChannelTable | None:
        """The table of a constant, as `of` gives it, or None of any other tensor."""
        values, geometry = constant_values(source), op.geometry
        if values is None:
            return None
        rows = values.reshape(geometry.oc, -1).T if channels_first else values
        rows = rows.reshape(-1, geometry.oc)
        return ChannelTable.of_values(rows, geometry, block_lanes_of(op), fill)

    @staticmethod
    def of(source: SSAValue, op: KernelOp, fill: int, channels_first: bool = False) -> ChannelTable:
        """Table of a parameter of a kernel, whose last (or first) dimension is the output channel.

        It has as many lanes as a block of the kernel. A tensor that is not constant must
        be in that order already (`lowbit-split-stages`).
        """
        known = ChannelTable.known(source, op, fill, channels_first)
        if known is not None:
            return known
        shape = shape_of(source)
        entries = int(np.prod(shape)) // op.geometry.oc
        wanted = parameter_layout(op, source, fill, channels_first)
        if channels_layout(source.type) != wanted:
            fail(op, f"a parameter that is no constant must lie in {wanted}, got {source.type}")
        lanes = wanted.physical_shape(shape)[-1]
        return ChannelTable(None, source, (entries, lanes))

    def plus(self, number: int) -> ChannelTable:
        """Known numbers, and one more added to each."""
        assert self.values is not None, "what is added to is known"
        return replace(self, values=self.values + number)

    def modulo(self, bits: int) -> ChannelTable:
        """Known numbers in lanes of `bits` bits, for sums that are known to fit there."""
        assert self.values is not None, "what is not constant is i32"
        return replace(self, bits=bits)

    def vector(self, site: AccumulatorTile, entry, vector_index: int) -> SSAValue:
        """The numbers of one vector of lanes of the tile's block."""
        if self.values is not None:
            memory = site.stage.table(self.values, self.bits)
        else:
            assert self.source is not None
            memory = site.stage.memory(self.source, MemRefType(i32, self.shape))
        type_ = VectorType(IntegerType(self.bits), [site.lanes])
        return site.emit.load_vector(memory, [entry, site.lane(vector_index)], type_)


def block_lanes_of(op: KernelOp) -> int:
    """Output channels of a block of a kernel."""
    layout = packed_layout(op.operands[1].type)
    assert layout is not None, "the op's verifier says so"
    return layout.lane_block[1]


def parameter_layout(
    op: KernelOp, source: SSAValue, fill: int, channels_first: bool
) -> ChannelsAttr:
    """How a parameter that is no constant lies, one number for each lane of the kernel."""
    axis = 0 if channels_first else len(shape_of(source)) - 1
    return ChannelsAttr.get(axis, block_lanes_of(op), op.geometry.groups, fill)
