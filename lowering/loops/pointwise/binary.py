"""The stage of `lowbit.binary`: a function of two tensors of f32, either of them repeated."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import prod

from xdsl.dialects import arith
from xdsl.dialects.builtin import MemRefType, VectorType, f32
from xdsl.ir import SSAValue

from lowbit_dialect import simd
from lowbit_dialect.ops.binary import BinaryOp
from lowering.loops.emit import Emit, Index
from lowering.loops.nest import Nest, View, row_major
from lowering.loops.pointwise.math_functions import choose
from lowering.loops.stage import Stage, StageLoops, shape_of
from lowering.targets import Target

BinaryFunction = Callable[[Emit, SSAValue, SSAValue], SSAValue]


def _arithmetic(kind: type) -> BinaryFunction:
    return lambda emit, a, b: emit.binary(kind, a, b)


def _extreme(predicate: str) -> BinaryFunction:
    """a where it is beyond b, or a NaN, else b."""

    def function(emit: Emit, a: SSAValue, b: SSAValue) -> SSAValue:
        beyond = choose(emit, predicate, a, b, a, b)
        return choose(emit, "uno", a, a, a, beyond)

    return function


BINARY_FUNCTIONS: dict[str, BinaryFunction] = {
    "add": _arithmetic(arith.AddfOp),
    "sub": _arithmetic(arith.SubfOp),
    "mul": _arithmetic(arith.MulfOp),
    "div": _arithmetic(arith.DivfOp),
    "max": _extreme("ogt"),
    "min": _extreme("olt"),
}
"""The code of each function of two vectors of f32."""


def repeated(shape: Sequence[int], result: Sequence[int]) -> View:
    """The elements of a tensor for each element of the shape that it is repeated to."""
    missing = len(result) - len(shape)
    strides = (
        0 if extent == 1 else stride for extent, stride in zip(shape, row_major(shape), strict=True)
    )
    return View(0, (*[0] * missing, *strides))


def load_lanes(emit: Emit, memory: SSAValue, place: Index, stride: int, size: int) -> SSAValue:
    """A vector of neighbouring elements, or with a stride of 0 of one element."""
    assert isinstance(memory.type, MemRefType)
    type_ = VectorType(memory.type.element_type, [size])
    if stride == 0:
        return emit.op(simd.BroadcastLoadOp(memory, [emit.value(place)], type_))
    return emit.load_vector(memory, [place], type_)


def binary(op: BinaryOp, target: Target) -> StageLoops:
    """Vectors of the innermost dimension."""
    shape = shape_of(op.result)
    values = (op.lhs, op.rhs, op.result)
    nest = Nest.of(shape, [repeated(shape_of(value), shape) for value in values])

    def body(stage: Stage, low: SSAValue, high: SSAValue) -> None:
        emit = stage.emit
        memories = [stage.memory(v, MemRefType(f32, [prod(shape_of(v))])) for v in values]

        def element(places: Sequence[Index], size: int) -> None:
            a, b = (
                load_lanes(emit, memory, place, view.strides[-1], size)
                for memory, place, view in zip(memories[:2], places, nest.views, strict=False)
            )
            result = BINARY_FUNCTIONS[op.function.data](emit, a, b)
            emit.store_vector(result, memories[2], [places[2]])

        nest.write(emit, (low, high), stage.target.lanes(32), element)

    return StageLoops(nest.parts, body)
