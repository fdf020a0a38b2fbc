"""What becomes of a tile's accumulators: correction, glue, packing, and the store.

An `Epilogue` is made once for a contraction; it prepares per-channel tables (constants at compile
time, otherwise a stage that fills them), and emits the vector code for each tile.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from xdsl.dialects import arith, vector
from xdsl.dialects.builtin import (
    DenseArrayBase,
    IntegerType,
    MemRefType,
    VectorType,
    i1,
    i8,
    i32,
    i64,
)
from xdsl.ir import SSAValue

from lowbit_dialect import simd
from lowbit_dialect.decomposition import Decomposition
from lowbit_dialect.geometry import LAYOUTS, ConvGeometry
from lowbit_dialect.layout import packed_layout
from lowbit_dialect.ops.base import code_of
from lowbit_dialect.ops.bitserial import BitserialConvOp, BitserialOp
from lowbit_dialect.ops.glue import FusedGlueOp
from lowbit_dialect.ops.pack import BitpackOp
from lowering.loops.channel_table import ChannelTable
from lowering.loops.emit import Emit, Index
from lowering.loops.levels import GLUE_LEVELS, Levels
from lowering.loops.permute import permute_stage
from lowering.loops.stage import FunctionLowering, Stage


@dataclass
class TileSite:
    """A tile in registers and where it belongs: `sums[pixel][vector]`, `lanes` channels each."""

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

    @property
    def emit(self) -> Emit:
        """The builder."""
        return self.stage.emit

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
        return self.emit.add(
            self.emit.mul(self.block, self.block_lanes), vector_index * self.lanes
        )

    def valid(self, vector_index: int) -> SSAValue:
        """Mask of the lanes that are channels."""
        per_group = self.geometry.oc // self.geometry.groups
        slots = np.arange(self.blocks_per_group * self.block_lanes) < per_group
        table = self.stage.table(np.tile(slots, self.geometry.groups).astype(np.int32))
        lanes = self.emit.load_vector(
            table, [self.lane(vector_index)], VectorType(i32, [self.lanes])
        )
        zero = self.emit.constant(0, lanes.type)
        return self.emit.op(simd.CmpIOp("ne", lanes, zero))

    def map_sums(self, function) -> TileSite:
        """The site with `function(pixel, vector index, sums)` for each vector of sums."""
        sums = [
            [function(m, v, value) for v, value in enumerate(pixel)]
            for m, pixel in enumerate(self.sums)
        ]
        return TileSite(**{**self.__dict__, "sums": sums})


class Epilogue:
    """The epilogue of one contraction."""

    def __init__(self, op: BitserialOp, lowering: FunctionLowering):
        self.op, self.lowering = op, lowering
        self.geometry = op.geometry
        block = op.epilogue_block
        chain = list(block.ops)[:-1] if block is not None else []
        self.glue = next((o for o in chain if isinstance(o, FusedGlueOp)), None)
        self.pack = next((o for o in chain if isinstance(o, BitpackOp)), None)
        self.result = op.results[0]
        layout = packed_layout(op.operands[1].type)
        assert layout is not None
        self.block_lanes = layout.lane_block[1]
        correction = op.operands[2] if len(op.operands) > 2 else None
        self.correction = (
            ChannelTable.of(correction, self, fill=0) if correction is not None else None
        )
        self.parameters = self._parameter_tables()
        self.scratch = self._scratch()

    @staticmethod
    def of(op: BitserialOp, lowering: FunctionLowering) -> Epilogue:
        """The epilogue of a contraction; writes the stages that fill its tables."""
        return Epilogue(op, lowering)

    def _parameter_tables(self) -> list[ChannelTable]:
        if self.glue is None:
            return []
        fills = GLUE_LEVELS[self.glue.form.data].FILLS
        return [
            ChannelTable.of(value, self, fill, channels_first=len(value.type.get_shape()) == 2)  # pyright: ignore
            for value, fill in zip(self.glue.parameters, fills, strict=False)
        ]

    def _scratch(self) -> SSAValue | None:
        """Where an unpacked nchw result lies before its channels become the outer dimension."""
        is_nchw = isinstance(self.op, BitserialConvOp) and self.op.layout.data == "nchw"
        return self.result if is_nchw and self.pack is None else None

    def begin(self, stage: Stage) -> Epilogue:
        """Find the target of the stores in this stage."""
        g = self.geometry
        shape = (g.batch, g.rows.out, g.cols.out, g.oc)
        if self.pack is not None:
            self.target = None
        elif self.scratch is not None:
            element = i32 if self.glue is None else i8
            count = int(np.prod(shape)) * (4 if self.glue is None else 1)
            self.scratch_place = self.lowering.buffers.reserve(count)
            self.target = stage.place(self.scratch_place, MemRefType(element, shape))
        else:
            self.target = stage.tensor(self.result, shape)
        return self

    def finish(self) -> None:
        """Write the stage that reorders an nchw result."""
        if self.scratch is not None:
            g = self.geometry
            shape = (g.batch, g.rows.out, g.cols.out, g.oc)
            permute_stage(self.lowering, self.scratch_place, shape, (0, 3, 1, 2), self.result)

    def apply(self, site: TileSite) -> None:
        """Emit the epilogue of one tile."""
        if self.correction is not None:
            site = self._correct(site)
        if self.glue is None:
            self._store(site, lambda m, v: site.sums[m][v])
            return
        levels = GLUE_LEVELS[self.glue.form.data].of(self.glue, site, self.parameters)
        if self.pack is None:
            self._store(site, levels.byte)
        else:
            self._store_packed(site, levels)

    def _correct(self, site: TileSite) -> TileSite:
        """Add the correction, by border class where there are several."""
        emit, table = site.emit, self.correction
        assert table is not None
        decomposition: Decomposition = self.op.decomposition
        classes = decomposition.class_counts(self.geometry)
        row_class: Index = 0
        if classes[0] > 1:
            row_class = _class_index(site, self.geometry.rows.classes()[1], site.row)
        col_classes = self.geometry.cols.classes()[1]

        def add(m: int, v: int, sums: SSAValue) -> SSAValue:
            col_class: Index = 0
            if classes[1] > 1:
                col_class = _class_index(site, col_classes, emit.add(site.col, m))
            entry = emit.add(emit.mul(row_class, classes[1]), col_class)
            return emit.binary(arith.AddiOp, sums, table.vector(site, entry, v))

        return site.map_sums(add)

    def _store(self, site: TileSite, value) -> None:
        """Store one vector for each pixel and vector of channels, innermost dimension channels."""
        emit = site.emit
        assert self.target is not None
        for m in range(len(site.sums)):
            col = emit.add(site.col, m)
            for v in range(len(site.sums[0])):
                indices = (site.image, site.row, col, site.channel(v))
                if site.is_ragged:
                    emit.op(
                        vector.MaskedStoreOp(
                            self.target,
                            [emit.value(i) for i in indices],
                            site.valid(v),
                            value(m, v),
                        )
                    )
                else:
                    emit.store_vector(value(m, v), self.target, indices)

    def _store_packed(self, site: TileSite, levels: Levels) -> None:
        """Store the planes of each pixel as words or, where a block is smaller, parts of words."""
        assert self.pack is not None
        emit, layout = site.emit, packed_layout(self.pack.result.type)
        assert layout is not None
        assert isinstance(self.op, BitserialConvOp)
        word = layout.word_bits.data
        chunk = min(site.block_lanes, word)
        code = code_of(self.pack.result.type, "result")
        shape = self.pack.result.type.get_shape()
        n, h, w, _ = LAYOUTS[self.op.layout.data]
        del n
        words = layout.blocks_of(layout.axis.data, self.geometry.oc)
        physical = (
            self.geometry.batch,
            layout.blocks_of(h, shape[h]),
            code.width,
            words,
            layout.blocks_of(w, shape[w]),
            word // chunk,
        )
        target = site.stage.memory(self.result, MemRefType(IntegerType(chunk), physical))
        per_chunk = chunk // site.lanes
        words_per_group = words // self.geometry.groups
        overhang = site.blocks_per_group * site.block_lanes > words_per_group * word
        tail = code.patterns_by_level[levels.lowest] if site.is_ragged else 0
        for piece in range(site.block_lanes // chunk):
            part = emit.add(
                emit.mul(site.block_in_group, site.block_lanes // chunk), piece
            )
            in_group = emit.div(part, word // chunk)
            index = emit.add(emit.mul(site.group, words_per_group), in_group)
            sub = emit.mod(part, word // chunk)
            vectors = range(piece * per_chunk, (piece + 1) * per_chunk)

            def store(vectors=vectors, index=index, sub=sub) -> None:
                for m in range(len(site.sums)):
                    for p in range(code.width):
                        masks = [levels.plane(m, v, p) for v in vectors]
                        if tail >> p & 1:
                            masks = [
                                emit.binary(arith.AndIOp, mask, site.valid(v))
                                for mask, v in zip(masks, vectors, strict=True)
                            ]
                        bits = emit.op(simd.PackBitsOp(join_masks(emit, masks)))
                        row = emit.add(site.row, layout.frame_of(h)[0])
                        col = emit.add(emit.add(site.col, m), layout.frame_of(w)[0])
                        emit.store(bits, target, [site.image, row, p, index, col, sub])

            if overhang and not (isinstance(in_group, int) and in_group < words_per_group):
                inside = emit.op(
                    arith.CmpiOp(
                        emit.value(in_group), emit.constant(words_per_group), "ult"
                    )
                )
                emit.when(inside, store)
            else:
                store()


def join_masks(emit: Emit, masks: list[SSAValue]) -> SSAValue:
    """Concatenate masks, the first one in the low lanes."""
    while len(masks) > 1:
        lanes = masks[0].type.get_shape()[0]  # pyright: ignore
        joined = VectorType(i1, [2 * lanes])
        masks = [
            emit.op(vector_shuffle(a, b, range(2 * lanes), joined))
            for a, b in zip(masks[::2], masks[1::2], strict=True)
        ]
    return masks[0]


def vector_shuffle(a: SSAValue, b: SSAValue, lanes, type_: VectorType) -> vector.ShuffleOp:
    """`vector.shuffle` of two vectors."""
    return vector.ShuffleOp(
        a, b, DenseArrayBase.from_list(i64, list(lanes)), result_type=type_
    )


def _class_index(site: TileSite, classes: list[int], position: Index) -> Index:
    """Border class of an output row or column."""
    if isinstance(position, int):
        return classes[position]
    table = site.stage.table(np.array(classes, np.int32))
    index = site.emit.load(table, [position])
    return site.emit.op(arith.IndexCastOp(index, site.emit.constant(0).type))

