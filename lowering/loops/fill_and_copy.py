"""Stages that fill or copy whole buffers, a vector at a time."""

from __future__ import annotations

from collections.abc import Callable
from math import ceil

from xdsl.dialects import arith
from xdsl.dialects.builtin import MemRefType, TensorType, VectorType, i8
from xdsl.ir import SSAValue

from lowbit_dialect.layout import byte_count
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


def lower_zero(value: SSAValue, lowering: FunctionLowering) -> None:
    """Zero an output whose gaps nobody else writes."""
    assert isinstance(value.type, TensorType)
    count = byte_count(value.type)
    width = _width(count, lowering)

    def body(stage: Stage, low: SSAValue, high: SSAValue) -> None:
        emit = stage.emit
        memory = stage.memory(value, MemRefType(i8, [count]))
        zero = emit.constant(0, VectorType(i8, [width]))
        _vectors(emit, count, width, (low, high), lambda at: emit.store_vector(zero, memory, [at]))

    lowering.stage("zero", ceil(count / width), body)


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
