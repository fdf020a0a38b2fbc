"""Stages of `lowbit.bitpack` and `lowbit.unpack`, to and from words of bits in any layout."""

from __future__ import annotations

from math import ceil

from xdsl.dialects import arith
from xdsl.dialects.builtin import VectorType, i8
from xdsl.ir import SSAValue

from lowbit_dialect import simd
from lowbit_dialect.codes import SignedType
from lowbit_dialect.layout import packed_layout
from lowbit_dialect.ops.base import code_of
from lowbit_dialect.ops.pack import BitpackOp, UnpackOp
from lowering.loops.byte_stages import lower_pack_bytes, lower_unpack_bytes
from lowering.loops.emit import Index
from lowering.loops.index_stages import lower_pack_indices, lower_unpack_indices
from lowering.loops.packed_walk import PackedWalk, nest, outermost
from lowering.loops.stage import FunctionLowering, Stage, shape_of

VECTOR_BYTES = (64, 32, 16, 8)
"""Elements that one test of a bit plane can take at once, the widest first."""


def lower_bitpack(op: BitpackOp, lowering: FunctionLowering) -> None:
    """Bytes to words: whole vectors of elements at once where they are neighbours in memory."""
    layout = packed_layout(op.result.type)
    assert layout is not None
    if layout.bytes.data:
        lower_pack_bytes(op, layout, lowering)
        return
    if len(layout.index):
        lower_pack_indices(op, layout, lowering)
        return
    walk = PackedWalk(layout, shape_of(op.x))
    dims = outermost(walk)
    contiguous = walk.axis == len(walk.shape) - 1

    def body(stage: Stage, low: SSAValue, high: SSAValue) -> None:
        packer = _Packer(stage, op, walk, contiguous)
        if dims:
            nest(stage.emit, walk.shape, dims, (low, high), packer.line)
        else:
            stage.emit.loop(low, high, lambda _: packer.line([0]))

    lowering.stage("bitpack", walk.shape[dims[0]] if dims else 1, body)


class _Packer:
    """Packs lines of elements along the packed dimension."""

    def __init__(self, stage: Stage, op: BitpackOp, walk: PackedWalk, contiguous: bool):
        self.emit, self.walk = stage.emit, walk
        self.source, self.target = stage.tensor(op.x), stage.tensor(op.result)
        self.bits = code_of(op.x.type, "x").width
        self.word = walk.layout.word_type
        self.widest = stage.target.vector_bits // 8 if contiguous else 0

    def line(self, indices: list[Index]) -> None:
        """All words of one line."""
        emit, width = self.emit, self.word.width.data
        groups, count = self.walk.segments
        words = ceil(count / width)

        def group_body(group: Index) -> None:
            start, first = emit.mul(group, count), emit.mul(group, words)
            emit.loop(
                0,
                count // width,
                lambda w: self._word(
                    indices, emit.add(first, w), emit.add(start, emit.mul(w, width)), width
                ),
            )
            if count % width:
                tail = count // width
                self._word(
                    indices, emit.add(first, tail), emit.add(start, tail * width), count % width
                )

        emit.loop(0, groups, group_body)

    def _word(self, indices: list[Index], word: Index, start: Index, count: int) -> None:
        """Pack `count` elements from `start`; the rest of the word is zero."""
        planes = [self.emit.constant(0, self.word)] * self.bits
        offset = 0
        for size in VECTOR_BYTES:
            while size <= min(self.widest, count - offset, self.word.width.data):
                planes = self._vector(indices, self.emit.add(start, offset), offset, size, planes)
                offset += size
        planes = self.emit.carry(
            offset,
            count,
            planes,
            lambda k, acc: self._element(indices, self.emit.add(start, k), k, acc),
            unroll=count - offset < VECTOR_BYTES[-1],
        )
        for p, value in enumerate(planes):
            self.emit.store(value, self.target, self.walk.physical(self.emit, indices, word, p))

    def _at(self, indices: list[Index], position: Index) -> list[Index]:
        where = list(indices)
        where[self.walk.axis] = position
        return where

    def _vector(
        self, indices: list[Index], position: Index, offset: int, size: int, planes
    ) -> list[SSAValue]:
        """Test each plane of `size` neighbouring elements at once."""
        emit, type_ = self.emit, VectorType(i8, [size])
        data = emit.load_vector(self.source, self._at(indices, position), type_)
        result = []
        for p, word in enumerate(planes):
            bit = emit.binary(arith.AndIOp, data, emit.constant(_signed_byte(1 << p), type_))
            mask = emit.op(simd.CmpIOp("ne", bit, emit.constant(0, type_)))
            bits = emit.op(simd.PackBitsOp(mask))
            if size < self.word.width.data:
                bits = emit.op(arith.ExtUIOp(bits, self.word))
            if offset:
                bits = emit.binary(arith.ShLIOp, bits, emit.constant(offset, self.word))
            result.append(emit.binary(arith.OrIOp, word, bits) if offset else bits)
        return result

    def _element(self, indices: list[Index], position: Index, k: Index, planes):
        """Put the bits of one element at bit k of each plane's word."""
        emit = self.emit
        byte = emit.load(self.source, self._at(indices, position))
        wide = byte if self.word == i8 else emit.op(arith.ExtUIOp(byte, self.word))
        shift = (
            emit.constant(k, self.word)
            if isinstance(k, int)
            else emit.op(arith.IndexCastOp(k, self.word))
        )
        result = []
        for p, word in enumerate(planes):
            bit = wide
            if p:
                bit = emit.binary(arith.ShRUIOp, wide, emit.constant(p, self.word))
            bit = emit.binary(arith.AndIOp, bit, emit.constant(1, self.word))
            bit = emit.binary(arith.ShLIOp, bit, shift)
            result.append(emit.binary(arith.OrIOp, word, bit))
        return result


def lower_unpack(op: UnpackOp, lowering: FunctionLowering) -> None:
    """Words to bytes, an element at a time."""
    layout, code = packed_layout(op.x.type), code_of(op.x.type, "x")
    assert layout is not None
    if layout.bytes.data:
        lower_unpack_bytes(op, layout, lowering)
        return
    if len(layout.index):
        lower_unpack_indices(op, layout, lowering)
        return
    walk = PackedWalk(layout, shape_of(op.result))
    dims = outermost(walk)
    word, width = layout.word_type, layout.word_bits.data
    groups, count = walk.segments
    words = ceil(count / width)

    def body(stage: Stage, low: SSAValue, high: SSAValue) -> None:
        emit = stage.emit
        source, target = stage.tensor(op.x), stage.tensor(op.result)

        def element(indices: list[Index], group: Index, k: Index) -> None:
            index = emit.add(emit.mul(group, words), emit.div(k, width))
            bit_index = emit.value(emit.mod(k, width))
            shift = emit.op(arith.IndexCastOp(bit_index, word))
            byte: SSAValue | None = None
            for p in range(code.width):
                where = walk.physical(emit, indices, index, p)
                bit = emit.binary(arith.ShRUIOp, emit.load(source, where), shift)
                bit = emit.binary(arith.AndIOp, bit, emit.constant(1, word))
                if word != i8:
                    bit = emit.op(arith.TruncIOp(bit, i8))
                if p:
                    bit = emit.binary(arith.ShLIOp, bit, emit.constant(p, i8))
                byte = bit if byte is None else emit.binary(arith.OrIOp, byte, bit)
            assert byte is not None
            if isinstance(code, SignedType) and code.width < 8:
                spare = emit.constant(8 - code.width, i8)
                byte = emit.binary(arith.ShLIOp, byte, spare)
                byte = emit.binary(arith.ShRSIOp, byte, spare)
            where = list(indices)
            where[walk.axis] = emit.add(emit.mul(group, count), k)
            emit.store(byte, target, where)

        def line(indices: list[Index]) -> None:
            emit.loop(0, groups, lambda g: emit.loop(0, count, lambda k: element(indices, g, k)))

        if dims:
            nest(emit, walk.shape, dims, (low, high), line)
        else:
            emit.loop(low, high, lambda _: line([0]))

    lowering.stage("unpack", walk.shape[dims[0]] if dims else 1, body)


def _signed_byte(value: int) -> int:
    return value - 256 if value > 127 else value
