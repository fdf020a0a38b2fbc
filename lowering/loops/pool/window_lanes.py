"""Elements of windows, one by one or as the lanes of vectors."""

from __future__ import annotations

from collections.abc import Sequence

from xdsl.dialects import arith, vector
from xdsl.dialects.builtin import DenseArrayBase, IntegerType, MemRefType, VectorType, i64
from xdsl.ir import SSAValue

from lowbit_dialect import simd
from lowbit_dialect.geometry import Window
from lowering.loops.emit import Emit, Index


def tap_of_window(emit: Emit, window: Window, position: Index, tap: Index) -> Index:
    """Position in the image of a tap of a window, moved onto the image."""
    at = emit.add(emit.mul(position, window.stride), emit.sub(tap, window.before))
    if isinstance(at, int):
        return min(max(at, 0), window.extent - 1)
    least, most = (tap, tap) if isinstance(tap, int) else (0, window.taps - 1)
    if least < window.before:
        at = emit.op(arith.MaxSIOp(at, emit.constant(0)))
    if (window.out - 1) * window.stride + most - window.before >= window.extent:
        at = emit.op(arith.MinSIOp(at, emit.constant(window.extent - 1)))
    return at


def halves(emit: Emit, pairs: SSAValue, half: int) -> SSAValue:
    """The first or second of each pair of neighbouring lanes: half of a number twice as wide."""
    assert isinstance(pairs.type, VectorType)
    element, (lanes,) = pairs.type.element_type, pairs.type.get_shape()
    assert isinstance(element, IntegerType)
    bits = element.width.data
    wide = emit.op(vector.BitcastOp(pairs, VectorType(IntegerType(2 * bits), [lanes // 2])))
    if half:
        wide = emit.binary(arith.ShRUIOp, wide, emit.constant(bits, wide.type))
    return emit.op(simd.TruncIOp(wide, VectorType(element, [lanes // 2])))


def load_lanes(
    emit: Emit,
    memory: SSAValue,
    where: Sequence[Index],
    lanes: int,
    stride: int = 1,
    narrows: bool = False,
) -> SSAValue:
    """One element (for 0 lanes), or every `stride`-th (1 or 2) from there on.

    `narrows` says that every second lane is had by narrowing, not by a shuffle.
    """
    if not lanes:
        return emit.load(memory, where)
    assert isinstance(memory.type, MemRefType)
    type_ = VectorType(memory.type.element_type, [lanes])
    low = emit.load_vector(memory, where, type_)
    if stride == 1:
        return low
    # The second vector ends at the last element that is wanted, not one beyond it.
    high = emit.load_vector(memory, (*where[:-1], emit.add(where[-1], lanes - 1)), type_)
    if narrows:
        first, second = halves(emit, low, 0), halves(emit, high, 1)
        whole = DenseArrayBase.from_list(i64, range(lanes))
        return emit.op(vector.ShuffleOp(first, second, whole, result_type=type_))
    order = [*range(0, lanes, 2), *range(lanes + 1, 2 * lanes, 2)]
    return emit.op(
        vector.ShuffleOp(low, high, DenseArrayBase.from_list(i64, order), result_type=type_)
    )


def store_lanes(emit: Emit, value: SSAValue, memory: SSAValue, where: Sequence[Index]) -> None:
    """Store an element or a vector of them."""
    if isinstance(value.type, VectorType):
        emit.store_vector(value, memory, where)
    else:
        emit.store(value, memory, where)
