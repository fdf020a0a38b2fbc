"""The loops of `lowbit.copy` and `lowbit.zero_gaps`, a vector at a time where bytes are moved."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import ceil, prod

from xdsl.dialects import arith
from xdsl.dialects.builtin import MemRefType, TensorType, VectorType, i1, i8, i32
from xdsl.ir import SSAValue

from lowbit_dialect import arith_ops
from lowbit_dialect.codes import Code
from lowbit_dialect.layouts.channels import ChannelsAttr, channels_layout
from lowbit_dialect.layouts.packed import byte_count, packed_layout, storage_type
from lowbit_dialect.layouts.packed_syntax import PLANE
from lowbit_dialect.ops.copy import CopyOp, ZeroGapsOp
from lowbit_dialect.ops.reshape import ReshapeOp
from lowering.loops.emit import Emit, Index
from lowering.loops.stage import Stage, StageLoops, element_of, shape_of
from lowering.targets import Target


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


def _width(count: int, target: Target) -> int:
    """Bytes of a vector that fits in `count` bytes."""
    return min(target.vector_bits // 8, 1 << (count.bit_length() - 1))


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


def zero_gaps(op: ZeroGapsOp, target: Target) -> StageLoops:
    """Zero the frame, or all bytes where words have gaps."""
    value = op.result
    count = byte_count(value.type)
    width = _width(count, target)
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
            size = _width(slab.count, target)
            zero = emit.constant(0, VectorType(i8, [size]))

            def copy_(k: Index) -> None:
                start = emit.add(emit.mul(k, slab.stride), slab.start)
                _vectors(
                    emit,
                    slab.count,
                    size,
                    (emit.constant(0), emit.constant(ceil(slab.count / size))),
                    lambda at: emit.store_vector(zero, memory, [emit.add(start, at)]),
                )

            emit.loop(0, slab.copies, copy_)

        def all_slabs(_: Index) -> None:
            for slab in slabs or ():
                clear(slab)

        emit.loop(low, high, all_slabs)

    return StageLoops(ceil(count / width), whole) if slabs is None else StageLoops(1, frame)


def copy(op: CopyOp, target: Target) -> StageLoops:
    """Copy bytes, or numbers into or out of the order of `#lowbit.channels`."""
    source, result = channels_layout(op.x.type), channels_layout(op.result.type)
    if source == result:
        return _copy_bytes(op.x, op.result, target)
    return _to_channels(op, result) if result is not None else _from_channels(op, source)


def reshape(op: ReshapeOp, target: Target) -> StageLoops:
    """Copy bytes: the elements lie in the same order."""
    return _copy_bytes(op.x, op.result, target)


def _copy_bytes(x: SSAValue, result: SSAValue, target: Target) -> StageLoops:
    assert isinstance(x.type, TensorType)
    count = byte_count(x.type)
    width = _width(count, target)

    def body(stage: Stage, low: SSAValue, high: SSAValue) -> None:
        emit, type_ = stage.emit, VectorType(i8, [width])
        data = stage.memory(x, MemRefType(i8, [count]))
        memory = stage.memory(result, MemRefType(i8, [count]))

        def move(at: Index) -> None:
            emit.store_vector(emit.load_vector(data, [at], type_), memory, [at])

        _vectors(emit, count, width, (low, high), move)

    return StageLoops(ceil(count / width), body)


def _from_channels(op: CopyOp, layout: ChannelsAttr | None) -> StageLoops:
    """Copy elements to the plain order, in parallel along the channels."""
    assert layout is not None
    axis, extents = layout.axis.data, shape_of(op.result)
    per_group = extents[axis] // layout.groups.data
    lanes = layout.physical_shape(extents)[-1] // layout.groups.data

    def body(stage: Stage, low: SSAValue, high: SSAValue) -> None:
        emit, data, target = stage.emit, stage.tensor(op.x), stage.tensor(op.result)

        def nest(indices: tuple[Index, ...]) -> None:
            dim = len(indices)
            if dim < len(extents):
                bounds: tuple[Index, Index] = (low, high) if dim == axis else (0, extents[dim])
                emit.loop(*bounds, lambda i: nest((*indices, i)))
                return
            channel = indices[axis]
            if lanes != per_group:
                group = emit.mul(emit.div(channel, per_group), lanes)
                channel = emit.add(group, emit.mod(channel, per_group))
            others = (*indices[:axis], *indices[axis + 1 :])
            value = emit.load(data, (*others, channel))
            if data.type.element_type != target.type.element_type:  # pyright: ignore
                value = emit.op(arith_ops.TruncIOp(value, i8))
            emit.store(value, target, indices)

        nest(())

    return StageLoops(extents[axis], body)


def _to_channels(op: CopyOp, layout: ChannelsAttr) -> StageLoops:
    """Copy numbers to the lanes of their channels; lanes without a channel get the fill."""
    axis, shape = layout.axis.data, shape_of(op.x)
    groups, outer, inner = layout.groups.data, prod(shape[:axis]), prod(shape[axis + 1 :])
    per_group, storage = shape[axis] // groups, storage_type(op.result.type)
    lanes = layout.physical_shape(shape)[-1] // groups
    is_flag = element_of(op.x) == i1

    def body(stage: Stage, low: SSAValue, high: SSAValue) -> None:
        emit = stage.emit
        data = stage.tensor(op.x, (outer, groups, per_group, inner))
        table = stage.tensor(op.result, (outer * inner, groups, lanes))
        fill = emit.constant(layout.fill.data, storage.element_type)

        def row_body(row: Index) -> None:
            def place(group: Index, lane: Index) -> None:
                where = (emit.div(row, inner), group, lane, emit.mod(row, inner))
                value = emit.load(data, where)
                if is_flag:
                    value = emit.op(arith.ExtUIOp(value, i32))
                emit.store(value, table, (row, group, lane))

            def group_body(group: Index) -> None:
                emit.loop(0, per_group, lambda lane: place(group, lane))
                emit.loop(
                    per_group, lanes, lambda lane: emit.store(fill, table, (row, group, lane))
                )

            emit.loop(0, groups, group_body)

        emit.loop(low, high, row_body)

    return StageLoops(outer * inner, body)
