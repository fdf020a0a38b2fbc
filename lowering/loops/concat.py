"""The loops of `lowbit.concat`: rows are copied, words of packed tensors shifted into place."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil, prod

from xdsl.dialects import arith
from xdsl.dialects.builtin import MemRefType, VectorType
from xdsl.ir import Attribute, SSAValue

from lowbit_dialect.layouts.packed import PackedAttr, packed_layout, storage_type
from lowbit_dialect.layouts.packed_syntax import PLANE
from lowbit_dialect.ops.base import code_of
from lowbit_dialect.ops.concat import ConcatOp
from lowering.loops.emit import Emit, Index
from lowering.loops.stage import Stage, StageLoops, shape_of
from lowering.targets import Target


def concat(op: ConcatOp, target: Target) -> StageLoops:
    """Copy rows of elements, or move words."""
    layout = packed_layout(op.result.type)
    return _rows(op, target) if layout is None else _words(op, layout, target)


def _rows(op: ConcatOp, target: Target) -> StageLoops:
    """For each index ahead of the dimension, the elements of one operand after the other."""
    shape, dim = shape_of(op.result), op.dim
    outer, inner = prod(shape[:dim]), prod(shape[dim + 1 :])
    element = storage_type(op.result.type).element_type
    lanes = target.vector_bits // max(8, getattr(element, "bitwidth", 32))

    def body(stage: Stage, low: SSAValue, high: SSAValue) -> None:
        emit = stage.emit
        memory = stage.tensor(op.result, (outer, shape[dim] * inner))
        sources = [
            (stage.tensor(value, (outer, extent * inner)), extent * inner)
            for value, extent in zip(op.inputs, op.extents, strict=True)
        ]

        def row(index: Index) -> None:
            start = 0
            for source, count in sources:

                def move(at: Index, size: int, source=source, start=start) -> None:
                    value = _load(emit, source, (index, at), size)
                    _store(emit, value, memory, (index, emit.add(at, start)))

                _vectors(emit, count, lanes, move)
                start += count

        emit.loop(low, high, row)

    return StageLoops(outer, body)


def _vectors(emit: Emit, count: int, lanes: int, body) -> None:
    """Run `body(start, size)` on whole vectors, then on single elements."""
    whole = count // lanes * lanes if lanes > 1 else 0
    emit.loop(0, whole, lambda at: body(at, lanes), lanes)
    emit.loop(whole, count, lambda at: body(at, 1))


def _load(emit: Emit, memory: SSAValue, where: Sequence[Index], size: int) -> SSAValue:
    assert isinstance(memory.type, MemRefType)
    if size == 1:
        return emit.load(memory, where)
    return emit.load_vector(memory, where, VectorType(memory.type.element_type, [size]))


def _store(emit: Emit, value: SSAValue, memory: SSAValue, where: Sequence[Index]) -> None:
    if isinstance(value.type, VectorType):
        emit.store_vector(value, memory, where)
    else:
        emit.store(value, memory, where)


def _words(op: ConcatOp, layout: PackedAttr, target: Target) -> StageLoops:
    """For each line along the dimension, the words of one operand after the other."""
    order = [entry.data for entry in layout.order]
    others = [k for k, dim in enumerate(order) if dim != op.dim]
    shape, planes = shape_of(op.result), code_of(op.result.type, "result").width
    extents = [planes if order[k] == PLANE else shape[order[k]] for k in others]
    is_innermost = order[-1] == op.dim
    lanes = 1 if is_innermost else target.lanes(layout.word_bits.data)

    def body(stage: Stage, low: SSAValue, high: SSAValue) -> None:
        emit = stage.emit

        def nest(indices: tuple[Index, ...]) -> None:
            level = len(indices)
            if level == len(others) - 1 and not is_innermost and level > 0:
                _vectors(emit, extents[level], lanes, lambda at, size: line((*indices, at), size))
            elif level == len(others):
                line(indices, 1)
            else:
                bounds: tuple[Index, Index] = (low, high) if level == 0 else (0, extents[level])
                emit.loop(*bounds, lambda i: nest((*indices, i)))

        def line(indices: tuple[Index, ...], size: int) -> None:
            _Line(stage, op, layout, dict(zip(others, indices, strict=True)), size).write()

        nest(())

    return StageLoops(extents[0], body)


class _Line:
    """The words of one line of the result, or of `size` neighbouring lines."""

    def __init__(
        self, stage: Stage, op: ConcatOp, layout: PackedAttr, indices: dict[int, Index], size: int
    ):
        self.stage, self.emit, self.op = stage, stage.emit, op
        self.layout, self.indices, self.size = layout, indices, size
        self.target = stage.tensor(op.result)
        self.type: Attribute = layout.word_type
        if size > 1:
            self.type = VectorType(layout.word_type, [size])

    def write(self) -> None:
        """Shift every word to where it belongs; `rest` has the bits of a word that is not full."""
        word_bits = self.layout.word_bits.data
        element_bits = word_bits // self.layout.elements_per_word
        bit, rest = 0, None
        for value, extent in zip(self.op.inputs, self.op.extents, strict=True):
            count = ceil(extent * element_bits / word_bits)
            first, shift = divmod(bit, word_bits)
            rest = self._full_words(value, count - 1, first, shift, rest)
            last = self._load(value, count - 1)
            end = bit + extent * element_bits
            joined = self._joined(rest, last, shift)
            at = first + count - 1
            if end >= (at + 1) * word_bits:
                self._store(joined, at)
                is_split = end > (at + 1) * word_bits
                rest = self._shifted(arith.ShRUIOp, last, word_bits - shift) if is_split else None
            else:
                rest = joined
            bit = end
        if rest is not None:
            self._store(rest, bit // word_bits)

    def _full_words(
        self, value: SSAValue, count: int, first: int, shift: int, rest: SSAValue | None
    ) -> SSAValue | None:
        """Move the words of an operand but for the last one; the bits of the next word."""
        emit, word_bits = self.emit, self.layout.word_bits.data
        if not shift:
            emit.loop(0, count, lambda k: self._store(self._load(value, k), emit.add(k, first)))
            return None

        def word(k: Index, before: Sequence[SSAValue]) -> Sequence[SSAValue]:
            bits = self._load(value, k)
            self._store(self._joined(before[0], bits, shift), emit.add(k, first))
            return [self._shifted(arith.ShRUIOp, bits, word_bits - shift)]

        assert rest is not None, "a word that begins within another"
        return emit.for_(0, count, [rest], word)[0]

    def _joined(self, rest: SSAValue | None, bits: SSAValue, shift: int) -> SSAValue:
        moved = self._shifted(arith.ShLIOp, bits, shift)
        return moved if rest is None else self.emit.binary(arith.OrIOp, rest, moved)

    def _shifted(self, kind, bits: SSAValue, count: int) -> SSAValue:
        return self.emit.binary(kind, bits, self.emit.constant(count, self.type)) if count else bits

    def _where(self, value: SSAValue, word: Index) -> list[Index]:
        layout = packed_layout(value.type)
        assert layout is not None
        where = []
        for k, entry in enumerate(layout.order):
            if entry.data == self.op.dim:
                where.append(word)
            else:
                frame = 0 if entry.data == PLANE else layout.frame_of(entry.data)[0]
                where.append(self.emit.add(self.indices[k], frame))
        return where

    def _load(self, value: SSAValue, word: Index) -> SSAValue:
        where = self._where(value, word)
        return _load(self.emit, self.stage.tensor(value), where, self.size)

    def _store(self, bits: SSAValue, word: Index) -> None:
        _store(self.emit, bits, self.target, self._where(self.op.result, word))
