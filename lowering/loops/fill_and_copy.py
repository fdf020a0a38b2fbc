"""Stages that fill or copy whole buffers, a vector at a time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import ceil, prod

from xdsl.dialects import arith
from xdsl.dialects.builtin import MemRefType, TensorType, VectorType, i8
from xdsl.ir import SSAValue

from lowbit_dialect.codes import Code
from lowbit_dialect.layout import PLANE, byte_count, packed_layout
from lowering.loops.emit import Emit, Index
from lowering.loops.stage import FunctionLowering, Stage


def _vectors(
    emit: Emit,
    count: int,
    width: int,
    bounds: tuple[SSAValue, SSAValue],
    body: Callable[[Index], None],
) -> None:
    """Run `body` on the starts of vectors that cover `count` bytes; the last ones may overlap."""

    def part(index: Index) -> None:
        start = emit.value(emit.mul(index, width))
        body(emit.op(arith.MinUIOp(start, emit.constant(count - width))))

    emit.loop(*bounds, part)


def _width(count: int, lowering: FunctionLowering) -> int:
    """Bytes of a vector that fits in `count` bytes."""
    return min(lowering.target.vector_bits // 8, 1 << (count.bit_length() - 1))


@dataclass(frozen=True)
class Slab:
    """Bytes of a frame: `count` from `start` on, and `copies` times, `stride` bytes apart."""

    start: int
    count: int
    stride: int
    copies: int


def frame_slabs(type_: TensorType) -> list[Slab] | None:
    """The frame of a packed tensor, or None where words have gaps that lie elsewhere."""
    layout = packed_layout(type_)
    assert layout is not None
    shape, code = type_.get_shape(), type_.element_type
    per_group, rest = divmod(shape[layout.axis.data], layout.groups.data)
    if rest or per_group % layout.elements_per_word or len(layout.lanes) or len(layout.index):
        return None
    assert isinstance(code, Code)
    physical = layout.physical_shape(shape, code.width)
    slabs = []
    for k, entry in enumerate(layout.order):
        inner = prod(physical[k + 1 :]) * layout.word_bits.data // 8
        stride, copies = physical[k] * inner, prod(physical[:k])
        before, after = layout.frame_of(entry.data) if entry.data != PLANE else (0, 0)
        sides = ((0, before), (physical[k] - after, after))
        slabs += [Slab(at * inner, n * inner, stride, copies) for at, n in sides if n]
    return slabs


def lower_zero(value: SSAValue, lowering: FunctionLowering) -> None:
    """Zero what nobody else writes of an output: its frame, or all where words have gaps."""
    assert isinstance(value.type, TensorType)
    count = byte_count(value.type)
    width = _width(count, lowering)
    slabs = frame_slabs(value.type)

    def whole(stage: Stage, low: SSAValue, high: SSAValue) -> None:
        emit = stage.emit
        memory = stage.memory(value, MemRefType(i8, [count]))
        zero = emit.constant(0, VectorType(i8, [width]))
        _vectors(emit, count, width, (low, high), lambda at: emit.store_vector(zero, memory, [at]))

    def frame(stage: Stage, low: SSAValue, high: SSAValue) -> None:
        emit = stage.emit
        memory = stage.memory(value, MemRefType(i8, [count]))

        def clear(slab: Slab) -> None:
            size = _width(slab.count, lowering)
            zero = emit.constant(0, VectorType(i8, [size]))

            def copy(k: Index) -> None:
                start = emit.add(emit.mul(k, slab.stride), slab.start)
                _vectors(
                    emit,
                    slab.count,
                    size,
                    (emit.constant(0), emit.constant(ceil(slab.count / size))),
                    lambda at: emit.store_vector(zero, memory, [emit.add(start, at)]),
                )

            emit.loop(0, slab.copies, copy)

        def all_slabs(_: Index) -> None:
            for slab in slabs or ():
                clear(slab)

        emit.loop(low, high, all_slabs)

    if slabs is None:
        lowering.stage("zero", ceil(count / width), whole)
    else:
        lowering.stage("zero", 1, frame)


def lower_copy(source: SSAValue, result: SSAValue, lowering: FunctionLowering) -> None:
    """Copy a tensor that is returned but not computed here, or returned twice."""
    assert isinstance(source.type, TensorType)
    count = byte_count(source.type)
    width = _width(count, lowering)

    def body(stage: Stage, low: SSAValue, high: SSAValue) -> None:
        emit, type_ = stage.emit, VectorType(i8, [width])
        data = stage.memory(source, MemRefType(i8, [count]))
        target = stage.memory(result, MemRefType(i8, [count]))

        def move(at: Index) -> None:
            emit.store_vector(emit.load_vector(data, [at], type_), target, [at])

        _vectors(emit, count, width, (low, high), move)

    lowering.stage("copy", ceil(count / width), body)
