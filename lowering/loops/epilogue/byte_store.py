"""Stores of a tile's levels as bytes, the channels innermost, as dot kernels read them."""

from __future__ import annotations

from dataclasses import dataclass

from xdsl.dialects import vector
from xdsl.dialects.builtin import MemRefType, i8
from xdsl.ir import SSAValue

from lowbit_dialect.geometry import LAYOUTS
from lowbit_dialect.layouts.packed import PackedAttr, packed_layout
from lowbit_dialect.ops.kernel import ConvKernelOp, KernelOp
from lowering.loops.contraction.accumulator_tile import AccumulatorTile
from lowering.loops.epilogue.levels import Levels, as_bytes
from lowering.loops.epilogue.packed_store import PackedTarget
from lowering.targets import Target


@dataclass(frozen=True)
class ByteTarget:
    """The result of a contraction as level bytes: [n][row][column][channel of padded groups].

    `frame` is (rows above, columns to the left); `shape` counts it and the padding of the groups.
    """

    result: SSAValue
    shape: tuple[int, int, int, int]
    channels_per_group: int
    frame: tuple[int, int]

    @staticmethod
    def of(op: KernelOp, layout: PackedAttr) -> ByteTarget:
        """The target of a contraction whose epilogue lays out bytes."""
        geometry = op.geometry
        rows, cols, frame = 1, geometry.cols.out, (0, 0)
        if isinstance(op, ConvKernelOp):
            _, h, w, _ = LAYOUTS[op.layout.data]
            rows = layout.blocks_of(h, geometry.rows.out)
            cols = layout.blocks_of(w, geometry.cols.out)
            frame = (layout.frame_of(h)[0], layout.frame_of(w)[0])
        words = layout.blocks_of(layout.axis.data, geometry.oc)
        channels = words * layout.elements_per_word
        return ByteTarget(
            op.results[0],
            (geometry.batch, rows, cols, channels),
            channels // geometry.groups,
            frame,
        )

    def store(self, site: AccumulatorTile, levels: Levels) -> None:
        """Store a tile, a vector of channels at a time; bytes of no channel stay zero."""
        emit = site.emit
        memory = site.stage.memory(self.result, MemRefType(i8, self.shape))
        row = emit.add(site.row, self.frame[0])
        start = emit.add(
            emit.mul(site.group, self.channels_per_group),
            emit.mul(site.block_in_group, site.block_lanes),
        )
        for m in range(len(site.sums)):
            col = emit.add(emit.add(site.col, m), self.frame[1])
            for v in range(len(site.sums[0])):
                bytes_ = as_bytes(emit, levels.level(m, v))
                where = (site.image, row, col, emit.add(start, v * site.lanes))
                if site.is_ragged:
                    indices = [emit.value(i) for i in where]
                    emit.op(vector.MaskedStoreOp(memory, indices, site.valid(v), bytes_))
                else:
                    emit.store_vector(bytes_, memory, where)


def packed_target(op: KernelOp, target: Target) -> PackedTarget | ByteTarget:
    """Where a contraction stores levels, as the layout of its result says.

    Raises:
        OpFailedException: vectors of the target do not hold the words that are packed together.
    """
    layout = packed_layout(op.results[0].type)
    assert layout is not None, "asked of packed results only"
    return ByteTarget.of(op, layout) if layout.bytes.data else PackedTarget.of(op, target)
