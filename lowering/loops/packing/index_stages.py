"""Stages of `lowbit.bitpack` and `lowbit.unpack`, to and from table indices (`table_index`)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import reduce

from xdsl.dialects import arith
from xdsl.dialects.builtin import i8
from xdsl.ir import SSAValue

from lowbit_dialect.codes import SignedType
from lowbit_dialect.layouts.packed import PackedAttr, index_count
from lowbit_dialect.ops.base import code_of
from lowbit_dialect.ops.pack import BitpackOp, UnpackOp
from lowering.loops.emit import Emit, Index
from lowering.loops.packing.packed_walk import PackedWalk, nest, outermost
from lowering.loops.stage import Stage, StageLoops, shape_of


def pack_indices(op: BitpackOp, layout: PackedAttr) -> StageLoops:
    """Storage bytes to indices, one at a time: weights that are not constant are packed so."""
    walk = _IndexWalk(PackedWalk(layout, shape_of(op.x)))
    planes = code_of(op.x.type, "x").width

    def body(stage: Stage, low: SSAValue, high: SSAValue) -> None:
        emit, source, target = stage.emit, stage.tensor(op.x), stage.tensor(op.result)

        def index_body(indices: list[Index], index: Index, start: Index, width: int) -> None:
            patterns = [
                emit.load(source, walk.at(indices, emit.add(start, b))) for b in range(width)
            ]
            for p in range(planes):
                byte = _gathered(emit, patterns, p)
                emit.store(byte, target, walk.physical(emit, indices, index, p))

        walk.run(emit, low, high, index_body)

    return StageLoops(walk.extent, body)


def unpack_indices(op: UnpackOp, layout: PackedAttr) -> StageLoops:
    """Indices to storage bytes."""
    walk = _IndexWalk(PackedWalk(layout, shape_of(op.result)))
    code = code_of(op.x.type, "x")

    def body(stage: Stage, low: SSAValue, high: SSAValue) -> None:
        emit, source, target = stage.emit, stage.tensor(op.x), stage.tensor(op.result)

        def index_body(indices: list[Index], index: Index, start: Index, width: int) -> None:
            loaded = [
                emit.load(source, walk.physical(emit, indices, index, p)) for p in range(code.width)
            ]
            for b in range(width):
                byte = _gathered(emit, loaded, b)
                if isinstance(code, SignedType) and code.width < 8:
                    spare = emit.constant(8 - code.width, i8)
                    byte = emit.binary(arith.ShLIOp, byte, spare)
                    byte = emit.binary(arith.ShRSIOp, byte, spare)
                emit.store(byte, target, walk.at(indices, emit.add(start, b)))

        walk.run(emit, low, high, index_body)

    return StageLoops(walk.extent, body)


def _gathered(emit: Emit, values: Sequence[SSAValue], bit: int) -> SSAValue:
    """Bit `bit` of all values, bit k of the result that of value k."""
    bits = [_bit(emit, value, bit, k) for k, value in enumerate(values)]
    return reduce(lambda a, b: emit.binary(arith.OrIOp, a, b), bits)


def _bit(emit: Emit, byte: SSAValue, source: int, target: int) -> SSAValue:
    """Bit `source` of a byte, moved to bit `target`."""
    if source:
        byte = emit.binary(arith.ShRUIOp, byte, emit.constant(source, i8))
    byte = emit.binary(arith.AndIOp, byte, emit.constant(1, i8))
    return emit.binary(arith.ShLIOp, byte, emit.constant(target, i8)) if target else byte


class _IndexWalk:
    """The indices of a tensor, walked along its logical dimensions."""

    def __init__(self, walk: PackedWalk):
        self.walk, self.layout = walk, walk.layout
        self.dims = outermost(walk)

    @property
    def extent(self) -> int:
        """Parts of the stage."""
        return self.walk.shape[self.dims[0]] if self.dims else 1

    def at(self, indices: list[Index], position: Index) -> list[Index]:
        """Logical indices with another one of the packed dimension."""
        where = list(indices)
        where[self.walk.axis] = position
        return where

    def physical(self, emit: Emit, indices: list[Index], index: Index, plane: int) -> list[Index]:
        """Where an index lies; the lanes of a register are in `index_order`."""
        *where, lane = self.walk.physical(emit, indices, index, plane)
        register = self.layout.index_shape[1]
        first = emit.sub(lane, emit.mod(lane, register))
        within, quarter = emit.mod(lane, register), register // 4
        byte = emit.add(emit.mul(emit.mod(within, quarter), 4), emit.div(within, quarter))
        return [*where, emit.add(first, byte)]

    def run(
        self,
        emit: Emit,
        low: SSAValue,
        high: SSAValue,
        body: Callable[[list[Index], Index, Index, int], None],
    ) -> None:
        """Run `body(logical indices, index, first element, elements)` for all."""
        count, bits = self.walk.shape[self.walk.axis], self.layout.index_shape[0]
        word = self.layout.word_bits.data
        per_word = index_count(min(count, word), word, bits)

        def line(indices: list[Index]) -> None:
            def in_word(w: Index, elements: int) -> None:
                index, start = emit.mul(w, per_word), emit.mul(w, word)
                whole, rest = divmod(elements, bits)
                emit.loop(
                    0,
                    whole,
                    lambda k: body(
                        indices, emit.add(index, k), emit.add(start, emit.mul(k, bits)), bits
                    ),
                )
                if rest:
                    last = emit.add(start, whole * bits)
                    body(indices, emit.add(index, whole), last, rest)

            emit.loop(0, count // word, lambda w: in_word(w, word))
            if count % word:
                in_word(count // word, count % word)

        if self.dims:
            nest(emit, self.walk.shape, self.dims, (low, high), line)
        else:
            emit.loop(low, high, lambda _: line([0] * len(self.walk.shape)))
