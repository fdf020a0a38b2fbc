"""Stores of a tile's levels as bit planes, in the layout the next kernel reads."""

from __future__ import annotations

from dataclasses import dataclass

from xdsl.dialects import arith, vector
from xdsl.dialects.builtin import DenseArrayBase, IntegerType, MemRefType, VectorType, i1, i64
from xdsl.ir import SSAValue

from lowbit_dialect import simd
from lowbit_dialect.codes import Code
from lowbit_dialect.geometry import LAYOUTS
from lowbit_dialect.layout import PLANE, PackedAttr, packed_layout
from lowbit_dialect.ops.base import code_of
from lowbit_dialect.ops.kernel import ConvKernelOp, KernelOp
from lowering.loops.emit import Emit, Index
from lowering.loops.levels import Levels
from lowering.loops.tile_site import TileSite


@dataclass(frozen=True)
class PackedTarget:
    """The packed result of a contraction: words by image, row, plane, channel word and column.

    `extents` counts these, `order` says which lies outermost, and so on (a matrix product is one
    row of columns, wherever); `frame` is (rows above, columns to the left).
    """

    result: SSAValue
    code: Code
    word_bits: int
    groups: int
    extents: tuple[int, int, int, int, int]
    order: tuple[int, ...]
    frame: tuple[int, int]

    @staticmethod
    def of(op: KernelOp) -> PackedTarget:
        """The target of a contraction whose epilogue packs."""
        result, geometry = op.results[0], op.geometry
        layout, code = packed_layout(result.type), code_of(result.type, "result")
        assert isinstance(layout, PackedAttr)
        channel = layout.axis.data
        rows, cols, frame = 1, geometry.cols.out, (0, 0)
        places, matrix = {PLANE: 2, channel: 3}, [0, 1]
        if isinstance(op, ConvKernelOp):
            n, h, w, _ = LAYOUTS[op.layout.data]
            rows = layout.blocks_of(h, geometry.rows.out)
            cols = layout.blocks_of(w, geometry.cols.out)
            frame = (layout.frame_of(h)[0], layout.frame_of(w)[0])
            places |= {n: 0, h: 1, w: 4}
            matrix = []
        else:
            places |= {0: 4}
        words = layout.blocks_of(channel, geometry.oc)
        return PackedTarget(
            result,
            code,
            layout.word_bits.data,
            geometry.groups,
            (geometry.batch, rows, code.width, words, cols),
            (*matrix, *(places[d.data] for d in layout.order)),
            frame,
        )

    def store(self, site: TileSite, levels: Levels) -> None:
        """Store a tile: whole words or, where a block of channels is smaller, parts of words."""
        emit = site.emit
        chunk = min(site.block_lanes, self.word_bits)
        parts = self.word_bits // chunk
        shape = (*(self.extents[i] for i in self.order), parts)
        memory = site.stage.memory(self.result, MemRefType(IntegerType(chunk), shape))
        per_group = self.extents[3] // self.groups
        overhang = site.blocks_per_group * site.block_lanes > per_group * self.word_bits
        pieces = site.block_lanes // chunk
        for piece in range(pieces):
            part = emit.add(emit.mul(site.block_in_group, pieces), piece)
            word = emit.div(part, parts)

            def store(piece: int = piece, part: Index = part, word: Index = word) -> None:
                where = (emit.add(emit.mul(site.group, per_group), word), emit.mod(part, parts))
                self._store_piece(site, levels, memory, piece, where)

            if overhang:
                limit = emit.constant(per_group)
                emit.when(emit.op(arith.CmpiOp(emit.value(word), limit, "ult")), store)
            else:
                store()

    def _store_piece(
        self,
        site: TileSite,
        levels: Levels,
        memory: SSAValue,
        piece: int,
        where: tuple[Index, Index],
    ) -> None:
        """Store the bits that make one chunk, of every plane of every pixel."""
        emit, (word, part) = site.emit, where
        count = min(site.block_lanes, self.word_bits) // site.lanes
        vectors = range(piece * count, (piece + 1) * count)
        # Lanes without a channel end at the lowest level; its bits must not show where not zero.
        stray = int(self.code.patterns_by_level[levels.lowest]) if site.is_ragged else 0
        row = emit.add(site.row, self.frame[0])
        for m in range(len(site.sums)):
            col = emit.add(emit.add(site.col, m), self.frame[1])
            for p in range(self.code.width):
                masks = [levels.plane(m, v, p) for v in vectors]
                if stray >> p & 1:
                    masks = [
                        emit.binary(arith.AndIOp, mask, site.valid(v))
                        for mask, v in zip(masks, vectors, strict=True)
                    ]
                bits = emit.op(simd.PackBitsOp(join_masks(emit, masks)))
                indices = (site.image, row, p, word, col)
                emit.store(bits, memory, [*(indices[i] for i in self.order), part])


def join_masks(emit: Emit, masks: list[SSAValue]) -> SSAValue:
    """Concatenate masks, the first one in the low lanes."""
    while len(masks) > 1:
        first = masks[0].type
        assert isinstance(first, VectorType)
        lanes = 2 * first.get_shape()[0]
        order = DenseArrayBase.from_list(i64, list(range(lanes)))
        joined = VectorType(i1, [lanes])
        masks = [
            emit.op(vector.ShuffleOp(a, b, order, result_type=joined))
            for a, b in zip(masks[::2], masks[1::2], strict=True)
        ]
    return masks[0]
