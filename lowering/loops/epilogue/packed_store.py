"""Stores of a tile's levels as bit planes, in the layout the next kernel reads."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from xdsl.dialects import arith, vector
from xdsl.dialects.builtin import DenseArrayBase, IntegerType, MemRefType, VectorType, i1, i64
from xdsl.ir import SSAValue

from lowbit_dialect import simd
from lowbit_dialect.codes import Code
from lowbit_dialect.geometry import LAYOUTS
from lowbit_dialect.layouts.packed import PackedAttr, packed_layout
from lowbit_dialect.layouts.packed_syntax import PLANE
from lowbit_dialect.ops.base import code_of
from lowbit_dialect.ops.kernel import ConvKernelOp, KernelOp
from lowering.loops.contraction.accumulator_tile import AccumulatorTile
from lowering.loops.emit import Emit, Index
from lowering.loops.epilogue.levels import Levels
from lowering.support.diagnostics import fail
from lowering.targets import Target

COLUMN = 4
"""Where the columns are among image, row, plane, channel word and column."""


@dataclass(frozen=True)
class PackedTarget:
    """The packed result of a contraction: words by image, row, plane, channel word and column.

    `extents` counts these, `order` says which lies outermost, and so on (a matrix product is one
    row of columns, wherever); `frame` is (rows above, columns to the left). At most `together`
    words of neighbouring pixels are packed together.
    """

    result: SSAValue
    code: Code
    word_bits: int
    groups: int
    extents: tuple[int, int, int, int, int]
    order: tuple[int, ...]
    frame: tuple[int, int]
    together: int

    @staticmethod
    def of(op: KernelOp, target: Target) -> PackedTarget:
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
            _words_together(op, layout, target),
        )

    def store(self, site: AccumulatorTile, levels: Levels) -> None:
        """Store a tile: whole words or, where a block of channels is smaller, parts of words."""
        emit = site.emit
        chunk = min(site.block_lanes, self.word_bits)
        parts = self.word_bits // chunk
        shape = tuple(self.extents[i] for i in self.order)
        if parts > 1:
            shape = (*shape, parts)
        memory = site.stage.memory(self.result, MemRefType(IntegerType(chunk), shape))
        per_group = self.extents[3] // self.groups
        overhang = site.blocks_per_group * site.block_lanes > per_group * self.word_bits
        pieces = site.block_lanes // chunk
        for piece in range(pieces):
            part = emit.add(emit.mul(site.block_in_group, pieces), piece)
            word = emit.div(part, parts)

            def store(piece: int = piece, part: Index = part, word: Index = word) -> None:
                there = emit.add(emit.mul(site.group, per_group), word)
                inside = [emit.mod(part, parts)] if parts > 1 else []
                self._store_piece(site, levels, memory, piece, there, inside)

            if overhang:
                limit = emit.constant(per_group)
                emit.when(emit.op(arith.CmpiOp(emit.value(word), limit, "ult")), store)
            else:
                store()

    def _store_piece(
        self,
        site: AccumulatorTile,
        levels: Levels,
        memory: SSAValue,
        piece: int,
        word: Index,
        inside: list[Index],
    ) -> None:
        """Store the bits that make one chunk, of every plane of every pixel.

        `inside` is the place of the chunk in its word, where that holds several.
        """
        emit = site.emit
        chunk = min(site.block_lanes, self.word_bits)
        count = chunk // site.lanes
        vectors = range(piece * count, (piece + 1) * count)
        # Lanes without a channel end at the lowest level; its bits must not show where not zero.
        stray = int(self.code.patterns_by_level[levels.lowest]) if site.is_ragged else 0
        row = emit.add(site.row, self.frame[0])

        def mask(pixel: int, plane: int) -> SSAValue:
            masks = [levels.plane(pixel, v, plane) for v in vectors]
            if stray >> plane & 1:
                masks = [
                    emit.binary(arith.AndIOp, mask, site.valid(v))
                    for mask, v in zip(masks, vectors, strict=True)
                ]
            return join_masks(emit, masks)

        def place(plane: int, col: Index) -> list[Index]:
            indices = (site.image, row, plane, word, col)
            return [*(indices[i] for i in self.order), *inside]

        are_neighbours = self.order[-1] == COLUMN and not inside
        for pixels in _runs(len(site.sums), self.together):
            cols = [emit.add(emit.add(site.col, m), self.frame[1]) for m in pixels]
            for p in range(self.code.width):
                masks = [mask(m, p) for m in pixels]
                if len(masks) == 1:
                    bits = emit.op(simd.PackBitsOp(masks[0]))
                    emit.store(bits, memory, place(p, cols[0]))
                    continue
                words = emit.op(simd.PackMasksOp(masks))
                if are_neighbours:
                    emit.store_vector(words, memory, place(p, cols[0]))
                    continue
                for k, col in enumerate(cols):
                    bits = emit.op(vector.ExtractOp(words, [k], IntegerType(chunk)))
                    emit.store(bits, memory, place(p, col))


def _words_together(op: KernelOp, layout: PackedAttr, target: Target) -> int:
    """How many words are packed together, as the schedule of the epilogue says."""
    words, weights = op.plan_of_epilogue.words.data, packed_layout(op.operands[1].type)
    assert weights is not None, "the op's verifier says so"
    chunk = min(weights.lane_block[1], layout.word_bits.data)
    if words > max(1, target.lanes(chunk)):
        fail(
            op,
            f"epilogue_schedule: words = {words}: a vector of {target.name} holds"
            f" {target.lanes(chunk)} words of i{chunk}",
        )
    return words


def _runs(count: int, most: int) -> Iterator[range]:
    """0 .. count in runs of a power of two, the longest first, none longer than `most`."""
    start = 0
    while start < count:
        length = min(most, 1 << (count - start).bit_length() - 1)
        yield range(start, start + length)
        start += length


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
