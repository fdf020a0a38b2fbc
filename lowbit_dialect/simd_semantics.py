"""What the operations of the `simd` dialect mean: functions on numpy arrays.

Lanes are arrays of bool, intW or float32, a memref is an array, an index a Python integer.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from xdsl.dialects.builtin import Float32Type, IntegerType, VectorType
from xdsl.ir import Attribute, Operation

from lowbit_dialect.simd import (
    INTEGER_WIDTHS,
    AddSatOp,
    BroadcastLoadOp,
    CastOp,
    CmpFOp,
    CmpIOp,
    Combine,
    DotAccOp,
    ExtSIOp,
    ExtUIOp,
    FPToSIOp,
    LookupOp,
    MulAccOp,
    NarrowOp,
    PackBitsOp,
    PackMasksOp,
    PopcountAccOp,
    ReduceAddOp,
    RoundShiftAccOp,
    SelectOp,
    Sign,
    SIToFPOp,
    TruncIOp,
    UnpackBitsOp,
)


def numpy_lane_type(element: Attribute) -> np.dtype[Any]:
    """The numpy type that stands for a lane type: bool for i1, intW for iW, float32 for f32.

    Raises:
        ValueError: if no lane of this dialect has that type.
    """
    if isinstance(element, IntegerType) and element.width.data == 1:
        return np.dtype(np.bool_)
    if isinstance(element, IntegerType) and element.width.data in INTEGER_WIDTHS:
        return np.dtype(f"int{element.width.data}")
    if isinstance(element, Float32Type):
        return np.dtype(np.float32)
    raise ValueError(f"no lane has type {element}: expected i1, i8, i16, i32, i64 or f32")


def _unsigned(lanes: np.ndarray) -> np.ndarray:
    return lanes.astype(np.uint8) if lanes.dtype == np.bool_ else lanes.view(f"u{lanes.dtype}")


def count_ones(lanes: np.ndarray) -> np.ndarray:
    """Bits that are set in each integer; numpy has `bitwise_count` from 2.0 on only."""
    bits = np.unpackbits(np.ascontiguousarray(lanes)[..., None].view(np.uint8), axis=-1)
    return bits.sum(axis=-1, dtype=np.uint8)


def _result_type(op: Operation) -> np.dtype[Any]:
    type = op.results[0].type
    return numpy_lane_type(type.element_type if isinstance(type, VectorType) else type)


def _popcount_acc(op: PopcountAccOp, acc: np.ndarray, a: np.ndarray, b: np.ndarray) -> np.ndarray:
    combined = a & b if op.combine.data is Combine.AND else a ^ b
    count = count_ones(_unsigned(combined)).astype(acc.dtype)
    return acc - count if op.subtract else acc + count


def _dot_acc(op: DotAccOp, acc: np.ndarray, a: np.ndarray, b: np.ndarray) -> np.ndarray:
    shape = (*acc.shape, acc.dtype.itemsize)
    b_type = np.int8 if op.unsigned_b is None else np.uint8
    products = a.view(np.uint8).astype(np.int64) * b.view(b_type).astype(np.int64)
    return acc + products.reshape(shape).sum(axis=-1).astype(acc.dtype)


def _mul_acc(op: MulAccOp, acc: np.ndarray, a: np.ndarray, b: np.ndarray) -> np.ndarray:
    if op.sign.data is Sign.UNSIGNED:
        a, b = _unsigned(a), _unsigned(b)
    return acc + a.astype(acc.dtype) * b.astype(acc.dtype)


def _round_shift_acc(op: RoundShiftAccOp, acc: np.ndarray, source: np.ndarray) -> np.ndarray:
    bits = op.bits.value.data
    return acc + (source >> bits) + ((source >> (bits - 1)) & 1)


def _lookup(op: LookupOp, table: np.ndarray, index: np.ndarray) -> np.ndarray:
    return table[index.view(np.uint8).astype(np.intp) % len(table)]


def _extui(op: ExtUIOp, source: np.ndarray) -> np.ndarray:
    return _unsigned(source).astype(_result_type(op))


def _extsi(op: ExtSIOp, source: np.ndarray) -> np.ndarray:
    wide = source.astype(_result_type(op))
    return -wide if source.dtype == np.bool_ else wide


def _convert(op: CastOp, source: np.ndarray) -> np.ndarray:
    return source.astype(_result_type(op))


def _fptosi(op: FPToSIOp, source: np.ndarray) -> np.ndarray:
    return (source if op.floor is None else np.floor(source)).astype(_result_type(op))


def _add_sat(op: AddSatOp, a: np.ndarray, b: np.ndarray) -> np.ndarray:
    # The sum wraps where its sign is that of neither operand.
    total, ends = a + b, np.iinfo(a.dtype)
    overflow = ((a ^ total) & (b ^ total)) < 0
    return np.where(overflow, np.where(a < 0, ends.min, ends.max), total).astype(a.dtype)


_COMPARE: dict[str, Callable[[np.ndarray, np.ndarray], np.ndarray]] = {
    "eq": np.equal,
    "ne": np.not_equal,
    "lt": np.less,
    "le": np.less_equal,
    "gt": np.greater,
    "ge": np.greater_equal,
}


def _cmpf(op: CmpFOp, a: np.ndarray, b: np.ndarray) -> np.ndarray:
    predicate = op.predicate.data.value
    if predicate == "uno":
        return np.isnan(a) | np.isnan(b)
    return _COMPARE[predicate[-2:]](a, b)


def _cmpi(op: CmpIOp, a: np.ndarray, b: np.ndarray) -> np.ndarray:
    predicate = op.predicate.data.value
    if predicate.startswith("u"):
        a, b = _unsigned(a), _unsigned(b)
    return _COMPARE[predicate[-2:]](a, b)


def _select(op: SelectOp, mask: np.ndarray, a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return np.where(mask, a, b)


def _narrow(op: NarrowOp, low: np.ndarray, high: np.ndarray) -> np.ndarray:
    ends = np.iinfo(_result_type(op))
    return np.clip(np.concatenate([low, high]), ends.min, ends.max).astype(_result_type(op))


def _pack_bits(op: PackBitsOp, mask: np.ndarray) -> np.ndarray:
    return np.packbits(mask, bitorder="little").view(f"<i{len(mask) // 8}")[0]


def _pack_masks(op: PackMasksOp, *masks: np.ndarray) -> np.ndarray:
    packed = np.packbits(np.stack(masks), axis=1, bitorder="little")
    return packed.view(_result_type(op).newbyteorder("<"))[:, 0]


def _unpack_bits(op: UnpackBitsOp, word: np.integer) -> np.ndarray:
    return np.unpackbits(np.array([word]).view(np.uint8), bitorder="little").astype(np.bool_)


def _reduce_add(op: ReduceAddOp, source: np.ndarray) -> np.ndarray:
    return source.sum(dtype=source.dtype)


def _broadcast_load(op: BroadcastLoadOp, base: np.ndarray, *indices: int) -> np.ndarray:
    assert isinstance(op.result.type, VectorType)
    return np.full(op.result.type.get_shape(), base[indices])


SIMD_SEMANTICS: dict[type[Operation], Callable[..., np.ndarray]] = {
    PopcountAccOp: _popcount_acc,
    DotAccOp: _dot_acc,
    MulAccOp: _mul_acc,
    RoundShiftAccOp: _round_shift_acc,
    UnpackBitsOp: _unpack_bits,
    LookupOp: _lookup,
    ExtUIOp: _extui,
    ExtSIOp: _extsi,
    TruncIOp: _convert,
    NarrowOp: _narrow,
    SIToFPOp: _convert,
    FPToSIOp: _fptosi,
    AddSatOp: _add_sat,
    CmpFOp: _cmpf,
    CmpIOp: _cmpi,
    SelectOp: _select,
    PackBitsOp: _pack_bits,
    PackMasksOp: _pack_masks,
    ReduceAddOp: _reduce_add,
    BroadcastLoadOp: _broadcast_load,
}
"""What each operation means: a function of the operation and its operands as numpy arrays.

Lanes have the types of `numpy_lane_type`; a memref is an array, an index a Python integer.
"""
