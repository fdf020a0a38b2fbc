"""The rules for operations on memory."""

from __future__ import annotations

from xdsl.dialects import llvm
from xdsl.dialects.builtin import IntegerAttr
from xdsl.ir import Operation, OpResult, SSAValue

from lowbit_dialect import llvm_ops
from lowbit_dialect.extensions import note_shipped
from lowering.llvm.verify.state import Rule, State
from lowering.llvm.verify.types import Facts, Kind
from lowering.support.diagnostics import fail

MAX_STACK_BYTES = 1 << 30
"""Bytes of the largest stack buffer; every platform's stack is smaller."""


def _access(state: State, op: llvm.LoadOp | llvm.StoreOp, value: SSAValue) -> bool:
    state.value(op, op.ptr, Kind.POINTER)
    facts = state.value(op, value)
    if op.alignment is not None:
        state.check_alignment(op, op.alignment.value.data)
    if op.ordering is not None and op.ordering.value.data:
        fail(op, f"expected a plain access, got the atomic ordering {op.ordering.value.data}")
    return facts.known


def _load(state: State, op: llvm.LoadOp) -> bool:
    return _access(state, op, op.dereferenced_value)


def _store(state: State, op: llvm.StoreOp) -> bool:
    if op.volatile_ is not None or op.nontemporal is not None:
        fail(op, "expected a plain access, neither volatile nor nontemporal")
    return _access(state, op, op.value)


def constant_value(value: SSAValue) -> int | None:
    """The value of an integer constant, or None where it is none."""
    op = value.op if isinstance(value, OpResult) else None
    if isinstance(op, llvm.ConstantOp) and isinstance(op.value, IntegerAttr):
        return op.value.value.data
    return None


def _alloca(state: State, op: llvm.AllocaOp) -> bool:
    size, element = state.value(op, op.size, Kind.INTEGER), state.sized(op, op.elem_type)
    state.value(op, op.res, Kind.POINTER)
    if op.alignment is not None:
        state.check_alignment(op, op.alignment.value.data)
    count = constant_value(op.size)
    if count is None:
        return False
    # The bytes of a vector or an aggregate are at most twice its bits, over 8, rounded up.
    most = MAX_STACK_BYTES * 8 // max(element.total_bits, 8)
    if not 0 <= count <= most:
        fail(op, f"a stack buffer has up to {most} elements of type {element.type}, got {count}")
    return size.known and element.known


def _gep(state: State, op: llvm.GEPOp) -> bool:
    state.value(op, op.ptr, Kind.POINTER)
    state.value(op, op.result, Kind.POINTER)
    element = state.sized(op, op.elem_type)
    indices = tuple(op.rawConstantIndices.iter_values())
    dynamic = [state.value(op, index, Kind.INTEGER) for index in op.ssa_indices]
    if indices.count(llvm.GEP_USE_SSA_VAL) != len(dynamic) or not indices:
        fail(op, f"expected an operand for each of the indices that are none: {list(indices)}")
    if any(index.lanes for index in dynamic):
        fail(op, "expected scalar indices")
    return element.known and all(index.known for index in dynamic) and len(indices) == 1


def _mask(state: State, op: Operation, mask: SSAValue, vector: Facts) -> None:
    facts = state.value(op, mask, Kind.INTEGER)
    if facts.bits != 1 or facts.lanes != vector.lanes or not vector.lanes:
        fail(op, f"expected a mask of i1 for each lane of {vector.type}, got {facts.type}")


def _masked_load(state: State, op: llvm_ops.MaskedLoadOp) -> bool:
    pointer, mask, passthru = op.operands
    state.value(op, pointer, Kind.POINTER)
    result = state.value(op, op.results[0])
    _mask(state, op, mask, result)
    if state.value(op, passthru) is not result:
        fail(op, f"expected {result.type} for lanes that are not set, got {passthru.type}")
    state.check_alignment(op, op.alignment.value.data)
    return result.known and result.bits >= 8


def _masked_store(state: State, op: llvm_ops.MaskedStoreOp | llvm.MaskedStoreOp) -> bool:
    value, pointer, mask = op.operands
    state.value(op, pointer, Kind.POINTER)
    stored = state.value(op, value)
    _mask(state, op, mask, stored)
    state.check_alignment(op, op.alignment.value.data)
    return stored.known and stored.bits >= 8


RULES: dict[type[Operation], Rule] = {
    llvm.LoadOp: _load,
    llvm.StoreOp: _store,
    llvm.AllocaOp: _alloca,
    llvm.GEPOp: _gep,
    llvm_ops.MaskedLoadOp: _masked_load,
    llvm_ops.MaskedStoreOp: _masked_store,
    llvm.MaskedStoreOp: _masked_store,
}
"""Every operation on memory."""
note_shipped(RULES)
