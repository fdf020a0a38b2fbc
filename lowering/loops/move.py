"""The loops of `lowbit.transpose`, `lowbit.slice` and `lowbit.pad`: a nest, with other strides."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

import numpy as np
from xdsl.dialects.builtin import AnyFloat, FixedBitwidthType, MemRefType, VectorType
from xdsl.ir import SSAValue

from lowbit_dialect.codes import Code
from lowbit_dialect.layouts.packed import storage_type
from lowbit_dialect.ops.base import int_list
from lowbit_dialect.ops.move import MoveOp, PadOp, SliceOp, TransposeOp
from lowering.loops.emit import Index
from lowering.loops.nest import Nest, View, row_major
from lowering.loops.stage import Stage, StageLoops, element_of, shape_of
from lowering.targets import Target


def transpose(op: TransposeOp, target: Target) -> StageLoops:
    """Dimensions of x in another order."""
    strides = row_major(shape_of(op.x))
    source = View(0, tuple(strides[dim] for dim in int_list(op.permutation)))
    shape = shape_of(op.result)
    return _moved(op, shape, source, View(0, row_major(shape)))


def slice_(op: SliceOp, target: Target) -> StageLoops:
    """Part of the elements of x."""
    strides, steps = row_major(shape_of(op.x)), int_list(op.strides)
    start = sum(o * s for o, s in zip(int_list(op.offsets), strides, strict=True))
    source = View(start, tuple(a * b for a, b in zip(steps, strides, strict=True)))
    shape = shape_of(op.result)
    return _moved(op, shape, source, View(0, row_major(shape)))


def _moved(op: MoveOp, shape: Sequence[int], source: View, result: View) -> StageLoops:
    """Every element of a shape, from its place in x to that in the result."""
    nest = Nest.of(shape, [source, result])

    def body(stage: Stage, low: SSAValue, high: SSAValue) -> None:
        _copy(stage, op, nest, (low, high))

    return StageLoops(nest.parts, body)


def _copy(stage: Stage, op: MoveOp, nest: Nest, bounds: tuple[Index, Index]) -> None:
    emit = stage.emit
    source, target = (_line(stage, value) for value in (op.x, op.result))
    assert isinstance(source.type, MemRefType)
    element = source.type.element_type
    bits = element.bitwidth if isinstance(element, FixedBitwidthType) else 64
    is_contiguous = {view.strides[-1] for view in nest.views} == {1}
    lanes = stage.target.vector_bits // max(8, bits) if is_contiguous else 1

    def move(places: Sequence[Index], size: int) -> None:
        if size == 1:
            emit.store(emit.load(source, [places[0]]), target, [places[1]])
            return
        value = emit.load_vector(source, [places[0]], VectorType(element, [size]))
        emit.store_vector(value, target, [places[1]])

    nest.write(emit, bounds, lanes, move)


def _line(stage: Stage, value: SSAValue) -> SSAValue:
    """A tensor as a memref of one dimension."""
    return stage.tensor(value, [prod(shape_of(value))])


def pad(op: PadOp, target: Target) -> StageLoops:
    """Rows of zeros, then the elements of x; one part, for the two follow each other."""
    shape, inner = shape_of(op.result), shape_of(op.x)
    strides = row_major(shape)
    start = sum(o * s for o, s in zip(int_list(op.low), strides, strict=True))
    element = storage_type(op.result.type).element_type
    bits = element.bitwidth if isinstance(element, FixedBitwidthType) else 64
    fill = Nest.of(shape, [View(0, strides)])
    copied = Nest.of(inner, [View(0, row_major(inner)), View(start, strides)])
    code = element_of(op.x)
    if isinstance(code, Code):
        zero = int(code.encode(np.array([0]))[0])
    else:
        zero = op.number if isinstance(element, AnyFloat) else int(op.number)

    def body(stage: Stage, low: SSAValue, high: SSAValue) -> None:
        emit = stage.emit
        memory = _line(stage, op.result)
        lanes = stage.target.vector_bits // max(8, bits)

        def clear(places: Sequence[Index], size: int) -> None:
            value = emit.constant(zero, VectorType(element, [size]))
            emit.store_vector(value, memory, places)

        def whole(_: Index) -> None:
            fill.write(emit, (0, fill.parts), lanes, clear)
            _copy(stage, op, copied, (0, copied.parts))

        emit.loop(low, high, whole)

    return StageLoops(1, body)
