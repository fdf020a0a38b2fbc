"""How operations on vector values become LLVM's; their loads and stores are with the memory."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

from xdsl.dialects import llvm, vector
from xdsl.dialects.builtin import (
    DenseArrayBase,
    DenseIntOrFPElementsAttr,
    IntegerAttr,
    IntegerType,
    VectorType,
    i32,
    i64,
)
from xdsl.dialects.vector import CombiningKindFlag
from xdsl.ir import Operation, SSAValue

from lowbit_dialect import llvm_casts, llvm_ops
from lowbit_dialect.extensions import note_shipped
from lowering.llvm.conversion import Conversion
from lowering.llvm.convert_memory import mixed
from lowering.llvm.types import intrinsic_suffix
from lowering.support.diagnostics import fail


def _splat(state: Conversion, lane: SSAValue, type: VectorType) -> SSAValue:
    """An insertion into lane 0 and a shuffle, which targets know as one broadcast."""
    undefined = state.undefined(type)
    operands = [undefined, lane, state.constant(0, i32)]
    first = state.insert(llvm.InsertElementOp.create(operands=operands, result_types=[type]))
    return state.insert(
        llvm.ShuffleVectorOp.create(
            operands=[first, undefined],
            result_types=[type],
            properties={"mask": _first_lane(type.get_shape()[0])},
        )
    )


@cache
def _first_lane(lanes: int) -> DenseArrayBase:
    """A mask that takes lane 0 for all."""
    return DenseArrayBase.from_list(i32, [0] * lanes)


def _broadcast(state: Conversion, op: vector.BroadcastOp) -> None:
    source, result_type = state.value(op.source), state.type(op.vector.type)
    assert isinstance(result_type, VectorType)
    if not isinstance(source.type, VectorType):
        state.values[op.vector] = _splat(state, source, result_type)
    elif source.type == result_type:
        state.values[op.vector] = source
    else:
        fail(op, f"expected a scalar or a vector of the result's type, got {source.type}")


@cache
def _mask(lanes: tuple[int, ...]) -> DenseArrayBase:
    return DenseArrayBase.from_list(i32, lanes)


def _shuffle(state: Conversion, op: vector.ShuffleOp) -> None:
    v1, v2 = state.value(op.v1), state.value(op.v2)
    if v1.type != v2.type:
        fail(op, f"expected two vectors of one type, got {v1.type} and {v2.type}")
    mask = _mask(tuple(op.mask.get_values()))
    state.replace(op, llvm.ShuffleVectorOp(v1, v2, mask, state.type(op.result.type)))


def _position(
    state: Conversion,
    op: Operation,
    static: DenseArrayBase[IntegerType],
    dynamic: Sequence[SSAValue],
) -> SSAValue:
    position = mixed(static, dynamic)
    if len(position) != 1:
        fail(op, "expected the position of one lane of a one-dimensional vector")
    lane = position[0]
    return state.constant(lane) if isinstance(lane, int) else state.value(lane)


def _extract(state: Conversion, op: vector.ExtractOp) -> None:
    lane = _position(state, op, op.static_position, op.dynamic_position)
    state.replace(op, llvm_ops.ExtractElementOp(state.value(op.vector), lane))


def _insert(state: Conversion, op: vector.InsertOp) -> None:
    lane = _position(state, op, op.static_position, op.dynamic_position)
    dest, source = state.value(op.dest), state.value(op.source)
    state.replace(op, llvm.InsertElementOp(dest, source, lane))


def _bitcast(state: Conversion, op: vector.BitcastOp) -> None:
    result_type = state.type(op.result.type)
    state.replace(op, llvm.BitcastOp(state.value(op.source), result_type))


def _fma(state: Conversion, op: vector.FMAOp) -> None:
    operands = [state.value(operand) for operand in (op.lhs, op.rhs, op.acc)]
    state.values[op.res] = state.intrinsic("fma", operands, operands[0].type)


def _create_mask(state: Conversion, op: vector.CreateMaskOp) -> None:
    """Compare the lane numbers with the count, in lanes that fill a register if they can.

    A count below 0 or above the number of lanes means none or all, so it is clamped first.
    """
    mask_type = state.type(op.mask_vector.type)
    assert isinstance(mask_type, VectorType)
    (lanes,) = mask_type.get_shape()
    if lanes > 64:
        fail(op, f"expected a mask of 64 lanes at most, got {lanes}")
    narrow = IntegerType(32 if lanes * 32 <= state.target.vector_bits else 8)
    count = state.intrinsic(
        "smax", [state.value(op.mask_dim_sizes[0]), state.constant(0)], state.index
    )
    count = state.intrinsic("smin", [count, state.constant(lanes)], state.index)
    if narrow != state.index:
        count = state.insert(llvm_casts.TruncOp(count, narrow))
    numbers_type = VectorType(narrow, [lanes])
    numbers = state.insert(
        llvm.ConstantOp(
            DenseIntOrFPElementsAttr.from_list(numbers_type, range(lanes)), numbers_type
        )
    )
    less = IntegerAttr(llvm.ICmpPredicateFlag.ULT.to_int(), i64)
    state.replace(op, llvm.ICmpOp(numbers, _splat(state, count, numbers_type), less))


_INTEGER_REDUCTIONS: dict[CombiningKindFlag, tuple[str, type[Operation] | str]] = {
    CombiningKindFlag.ADD: ("add", llvm.AddOp),
    CombiningKindFlag.MUL: ("mul", llvm.MulOp),
    CombiningKindFlag.AND: ("and", llvm.AndOp),
    CombiningKindFlag.OR: ("or", llvm.OrOp),
    CombiningKindFlag.XOR: ("xor", llvm.XOrOp),
    CombiningKindFlag.MINUI: ("umin", "umin"),
    CombiningKindFlag.MINSI: ("smin", "smin"),
    CombiningKindFlag.MAXUI: ("umax", "umax"),
    CombiningKindFlag.MAXSI: ("smax", "smax"),
}
"""The reduction's intrinsic, and what joins its result and the accumulator."""

_FLOAT_REDUCTIONS: dict[CombiningKindFlag, tuple[str, str]] = {
    CombiningKindFlag.MINIMUMF: ("fminimum", "minimum"),
    CombiningKindFlag.MAXIMUMF: ("fmaximum", "maximum"),
    CombiningKindFlag.MINNUMF: ("fmin", "minnum"),
    CombiningKindFlag.MAXNUMF: ("fmax", "maxnum"),
}


def _reduction(state: Conversion, op: vector.ReductionOp) -> None:
    source, kind, result = state.value(op.vector), op.kind.data, op.dest
    assert isinstance(source.type, VectorType)
    result_type = state.type(result.type)
    acc = state.value(op.acc) if op.acc is not None else None
    if isinstance(source.type.element_type, IntegerType):
        reductions: dict[CombiningKindFlag, Any] = dict(_INTEGER_REDUCTIONS)
    else:
        reductions = dict(_FLOAT_REDUCTIONS)
    if kind not in reductions:
        allowed = ", ".join(k.value for k in reductions)
        fail(op, f"cannot reduce {source.type} by {kind.value}: expected one of {allowed}")
    name, join = reductions[kind]
    total = state.insert(
        llvm.CallIntrinsicOp(
            f"llvm.vector.reduce.{name}.{intrinsic_suffix(source.type)}", [source], [result_type]
        )
    )
    if acc is not None and isinstance(join, str):
        total = state.intrinsic(join, [acc, total], result_type)
    elif acc is not None:
        total = state.insert(join.create(operands=[acc, total], result_types=[result_type]))
    state.values[result] = total


HANDLERS: dict[type[Operation], Callable[[Conversion, Any], None]] = {
    vector.CreateMaskOp: _create_mask,
    vector.BitcastOp: _bitcast,
    vector.BroadcastOp: _broadcast,
    vector.ShuffleOp: _shuffle,
    vector.ExtractOp: _extract,
    vector.InsertOp: _insert,
    vector.FMAOp: _fma,
    vector.ReductionOp: _reduction,
}
note_shipped(HANDLERS)
