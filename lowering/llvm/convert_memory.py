"""How accesses, views and buffers become LLVM's.

Loads and stores state the alignment of one element, never more: arrays of the user may begin at
any element, and LLVM would assume the natural alignment of a whole vector otherwise. They state
less where a memref is a view of bytes of which less is known: an argument of bytes is aligned as
its attribute `llvm.align` says, and without one not at all.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from math import gcd
from typing import Any

from xdsl.dialects import llvm, memref, vector
from xdsl.dialects.builtin import (
    DYNAMIC_INDEX,
    BytesAttr,
    DenseArrayBase,
    DenseIntOrFPElementsAttr,
    IntegerAttr,
    IntegerType,
    TensorType,
    UnitAttr,
    i64,
)
from xdsl.ir import Attribute, Operation, SSAValue

from lowbit_dialect import llvm_ops
from lowbit_dialect.extensions import note_shipped
from lowering.llvm.alignment import checked_alignment
from lowering.llvm.conversion import Conversion
from lowering.llvm.linear import Linear, sum_linear
from lowering.llvm.types import POINTER, MemRefLayout
from lowering.support.diagnostics import fail

GLOBAL_ALIGNMENT = 64
"""Bytes that constants and stack buffers are aligned to: one cache line, one widest vector."""

_ORDERING = IntegerAttr(0, i64)


@cache
def _alignment(number: int) -> IntegerAttr:
    return IntegerAttr(number, i64)


def _load(state: Conversion, base: SSAValue, indices: Sequence[SSAValue]) -> None:
    pointer, alignment = state.element_pointer(base, indices)
    state.replace(
        state.op,
        llvm.LoadOp.create(
            operands=[pointer],
            result_types=[state.type(state.op.results[0].type)],
            properties={
                "ordering": _ORDERING,
                "alignment": _alignment(alignment),
            },
        ),
    )


def _store(state: Conversion, value: SSAValue, base: SSAValue, indices: Sequence[SSAValue]) -> None:
    pointer, alignment = state.element_pointer(base, indices)
    state.append(
        llvm.StoreOp.create(
            operands=[state.value(value), pointer],
            properties={
                "ordering": _ORDERING,
                "alignment": _alignment(alignment),
            },
        )
    )


def _memref_load(state: Conversion, op: memref.LoadOp) -> None:
    _load(state, op.memref, op.indices)


def _memref_store(state: Conversion, op: memref.StoreOp) -> None:
    _store(state, op.value, op.memref, op.indices)


def _vector_load(state: Conversion, op: vector.LoadOp) -> None:
    _unit_stride(state, op.base)
    _load(state, op.base, op.indices)


def _vector_store(state: Conversion, op: vector.StoreOp) -> None:
    _unit_stride(state, op.base)
    _store(state, op.vector, op.base, op.indices)


def _unit_stride(state: Conversion, base: SSAValue) -> None:
    strides = state.layout(base.type).strides
    if strides and strides[-1] != 1:
        fail(state.op, f"a vector access needs an innermost stride of 1, got {base.type}")


def _masked_load(state: Conversion, op: vector.MaskedLoadOp) -> None:
    _unit_stride(state, op.base)
    pointer, alignment = state.element_pointer(op.base, op.indices)
    mask, passthru = state.value(op.mask), state.value(op.pass_thru)
    state.replace(op, llvm_ops.MaskedLoadOp(pointer, mask, passthru, alignment))


def _masked_store(state: Conversion, op: vector.MaskedStoreOp) -> None:
    _unit_stride(state, op.base)
    pointer, alignment = state.element_pointer(op.base, op.indices)
    value, mask = state.value(op.value_to_store), state.value(op.mask)
    state.replace(op, llvm_ops.MaskedStoreOp(value, pointer, mask, alignment))


def _record_view(
    state: Conversion, result: SSAValue, pointer: SSAValue, offset: int, alignment: int
) -> None:
    state.type(result.type)
    state.values[result] = pointer
    state.alignments[result] = alignment
    if offset:
        state.offsets[result] = offset


def _moved_view(
    state: Conversion, result: SSAValue, source: SSAValue, form: Linear, element: Attribute
) -> None:
    """`result` begins `form` elements after the pointer of `source`.

    The variable part of the way becomes a pointer here, where it stands, perhaps outside of the
    loop that uses it; the constant part goes into the addresses of the accesses.
    """
    products, constant = form
    pointer = state.offset_pointer(state.value(source), (products, 0), element)
    # It begins at an element of the source, perhaps not at the first one.
    alignment = min(state.alignment(source), state.layout(source.type).element_bytes)
    _record_view(state, result, pointer, constant, alignment)


def mixed(static: DenseArrayBase[IntegerType], dynamic: Sequence[SSAValue]) -> list[int | SSAValue]:
    """A list of indices, of which some are constants."""
    values = iter(dynamic)
    return [next(values) if s == DYNAMIC_INDEX else int(s) for s in static.iter_values()]


def _subview(state: Conversion, op: memref.SubviewOp) -> None:
    layout = state.layout(op.source.type)
    terms: list[tuple[Linear, int]] = [(((), state.offsets.get(op.source, 0)), 1)]
    for offset, stride in zip(mixed(op.static_offsets, op.offsets), layout.strides, strict=True):
        form = state.linear(offset) if isinstance(offset, SSAValue) else ((), offset)
        terms.append((form, stride))
    _moved_view(state, op.result, op.source, sum_linear(terms), layout.element)


def _reinterpret_cast(state: Conversion, op: memref.ReinterpretCastOp) -> None:
    layout = state.layout(op.source.type)
    if layout.offset is None:
        fail(op, "it counts from the start of the buffer, and the source's offset is not known")
    # Offsets count from the start of the buffer, the source's pointer from its first element.
    start = state.offsets.get(op.source, 0) - layout.offset
    (offset,) = mixed(op.static_offsets, op.offsets)
    form = state.linear(offset) if isinstance(offset, SSAValue) else ((), offset)
    whole = sum_linear([(form, 1), (((), start), 1)])
    _moved_view(state, op.result, op.source, whole, layout.element)


def _same_pointer(state: Conversion, op: Operation) -> None:
    source, result = op.operands[0], op.results[0]
    offset, alignment = state.offsets.get(source, 0), state.alignment(source)
    _record_view(state, result, state.value(source), offset, alignment)


def _assume_alignment(state: Conversion, op: memref.AssumeAlignmentOp) -> None:
    _same_pointer(state, op)
    assumed = checked_alignment(op, op.alignment)
    state.alignments[op.result] = max(state.alignment(op.memref), assumed)


def _view(state: Conversion, op: memref.ViewOp) -> None:
    start = state.offsets.get(op.source, 0)
    form = sum_linear([(state.linear(op.byte_shift), 1), (((), start), 1)])
    pointer = state.offset_pointer(state.value(op.source), form, IntegerType(8))
    products, constant = form
    alignment = gcd(state.alignment(op.source), constant, *(factor for _, factor in products))
    _record_view(state, op.result, pointer, 0, alignment)


def _address(state: Conversion, op: memref.ExtractAlignedPointerAsIndexOp) -> None:
    state.replace(op, llvm.PtrToIntOp(state.value(op.source), state.index))


def _dim(state: Conversion, op: memref.DimOp) -> None:
    shape = state.layout(op.source.type).shape
    products, dimension = state.linear(op.index)
    if products or not 0 <= dimension < len(shape):
        fail(op, f"expected a constant dimension of 0 to {len(shape) - 1}")
    state.values[op.result] = state.constant(shape[dimension])


def _own_alignment(op: memref.AllocaOp | memref.GlobalOp, layout: MemRefLayout) -> int:
    """Bytes that a buffer is aligned to: what it says itself, and as its accesses assume."""
    if op.alignment is None:
        return GLOBAL_ALIGNMENT
    return max(checked_alignment(op, op.alignment), layout.element_bytes)


def _alloca(state: Conversion, op: memref.AllocaOp) -> None:
    layout = state.layout(op.memref.type)
    elements = 1
    for extent in layout.shape:
        elements *= extent
    alignment = _own_alignment(op, layout)
    # In the entry block, whatever loop it stands in, so that the stack does not grow.
    size = state.constant(max(elements, 1))
    slot = llvm.AllocaOp(size, layout.element, alignment)
    slot.location = op.location
    state.prologue.append(slot)
    _record_view(state, op.memref, slot.res, 0, alignment)


def _get_global(state: Conversion, op: memref.GetGlobalOp) -> None:
    address = llvm.AddressOfOp(op.name_.root_reference, POINTER)
    element_bytes = state.layout(op.memref.type).element_bytes
    _record_view(state, op.memref, state.insert(address), 0, element_bytes)


def convert_global(state: Conversion, op: memref.GlobalOp) -> llvm.GlobalOp:
    """The LLVM global for a memref global, an array of elements in row-major order.

    Raises:
        OpFailedException: if its type or its value is not supported.
    """
    layout = state.layout(op.type)
    elements = 1
    for extent in layout.shape:
        elements *= extent
    # The value of an array has as many dimensions as the array. Without a value, a global would be
    # one of another module; a buffer that is not initialized may as well begin with zeros.
    flat: TensorType[Any] = TensorType(layout.element, [elements])
    value = op.initial_value
    if isinstance(value, DenseIntOrFPElementsAttr):
        data = value.data
    elif isinstance(value, UnitAttr):
        data = BytesAttr(bytes(layout.element_bytes))
    else:
        fail(op, f"the initial value {value} is not dense")
    alignment = _own_alignment(op, layout)
    private = op.sym_visibility.data == "private"
    return llvm.GlobalOp(
        llvm.LLVMArrayType(elements, layout.element),
        op.sym_name,
        "internal" if private else "external",
        constant=op.constant is not None,
        value=DenseIntOrFPElementsAttr(flat, data),
        alignment=alignment,
    )


HANDLERS: dict[type[Operation], Callable[[Conversion, Any], None]] = {
    memref.LoadOp: _memref_load,
    memref.StoreOp: _memref_store,
    memref.SubviewOp: _subview,
    memref.ReinterpretCastOp: _reinterpret_cast,
    memref.CastOp: _same_pointer,
    memref.CollapseShapeOp: _same_pointer,
    memref.ExpandShapeOp: _same_pointer,
    memref.AssumeAlignmentOp: _assume_alignment,
    memref.ExtractAlignedPointerAsIndexOp: _address,
    memref.ViewOp: _view,
    memref.DimOp: _dim,
    memref.AllocaOp: _alloca,
    memref.GetGlobalOp: _get_global,
    vector.LoadOp: _vector_load,
    vector.StoreOp: _vector_store,
    vector.MaskedLoadOp: _masked_load,
    vector.MaskedStoreOp: _masked_store,
}
note_shipped(HANDLERS)
