"""The rules for operations that compute: one table, whose keys are those of the emission."""

from __future__ import annotations

from xdsl.dialects import llvm
from xdsl.dialects.builtin import (
    DenseIntOrFPElementsAttr,
    FloatAttr,
    IntegerAttr,
)
from xdsl.ir import Operation

from lowbit_dialect import llvm_casts, llvm_ops
from lowbit_dialect.extensions import note_shipped
from lowering.llvm.verify.state import Rule, State
from lowering.llvm.verify.types import Facts, Kind
from lowering.support.diagnostics import fail

_NUMBERS = (Kind.INTEGER, Kind.FLOAT)


def same(*kinds: Kind) -> Rule:
    """Operands and result of one type."""

    def rule(state: State, op: Operation) -> bool:
        first = state.value(op, op.results[0], *kinds)
        for operand in op.operands:
            if state.value(op, operand, *kinds) is not first:
                fail(op, f"expected operands of type {first.type}, got {operand.type}")
        return first.known

    return rule


def _lanes_agree(op: Operation, first: Facts, second: Facts) -> None:
    if first.lanes != second.lanes:
        fail(op, f"expected as many lanes in {first.type} as in {second.type}")


def _cast(source: Kind, result: Kind, order: int = 0) -> Rule:
    """A cast lane by lane; `order` is 1 where the result is wider, -1 where it is narrower."""

    def rule(state: State, op: Operation) -> bool:
        _check_flags(op)
        old, new = state.value(op, op.operands[0], source), state.value(op, op.results[0], result)
        _lanes_agree(op, old, new)
        if order and (new.bits - old.bits) * order <= 0:
            wanted = "wider" if order > 0 else "narrower"
            fail(op, f"expected a result {wanted} than {old.type}, got {new.type}")
        return old.known and new.known

    return rule


def _bitcast(state: State, op: llvm.BitcastOp) -> bool:
    old, new = state.value(op, op.arg, *_NUMBERS), state.value(op, op.result, *_NUMBERS)
    if old.total_bits != new.total_bits:
        fail(op, f"{old.type} has {old.total_bits} bits, {new.type} has {new.total_bits}")
    return old.known and new.known


def _mask(state: State, op: Operation, type: Facts, facts: Facts) -> None:
    """`type` is an i1 for each lane of `facts`."""
    if type.kind is not Kind.INTEGER or type.bits != 1:
        fail(op, f"expected i1 for {facts.type}, got {type.type}")
    _lanes_agree(op, type, facts)


def _predicate(op: Operation, value: int, count: int) -> None:
    if not 0 <= value < count:
        fail(op, f"predicates are 0 to {count - 1}, got {value}")


def _icmp(state: State, op: llvm.ICmpOp) -> bool:
    _predicate(op, op.predicate.value.data, 10)
    return _comparison(state, op, Kind.INTEGER)


def _fcmp(state: State, op: llvm.FCmpOp | llvm_ops.FCmpOp) -> bool:
    _predicate(op, op.predicate.value.data, 16)
    return _comparison(state, op, Kind.FLOAT)


def _comparison(state: State, op: Operation, kind: Kind) -> bool:
    a, b = (state.value(op, operand, kind) for operand in op.operands)
    if a is not b:
        fail(op, f"expected operands of one type, got {a.type} and {b.type}")
    _mask(state, op, state.value(op, op.results[0]), a)
    return a.known


def _select(state: State, op: Operation) -> bool:
    condition, a, b = (state.value(op, operand) for operand in op.operands)
    result = state.value(op, op.results[0])
    if a is not result or b is not result:
        fail(op, f"expected {result.type} twice, got {a.type} and {b.type}")
    if condition.lanes:
        _mask(state, op, condition, result)
    elif condition.kind is not Kind.INTEGER or condition.bits != 1:
        fail(op, f"expected a condition of type i1, got {condition.type}")
    return result.known


def _vector(state: State, op: Operation, type: Facts) -> Facts:
    if not type.lanes:
        fail(op, f"expected a vector, got {type.type}")
    return type


def _lane(state: State, op: Operation, vector: Facts, lane: Facts) -> None:
    if lane.lanes or (lane.kind, lane.bits) != (vector.kind, vector.bits):
        fail(op, f"{lane.type} is no lane of {vector.type}")


def _extract_element(state: State, op: Operation) -> bool:
    vector = _vector(state, op, state.value(op, op.operands[0]))
    _lane(state, op, vector, state.value(op, op.results[0]))
    index = state.value(op, op.operands[1], Kind.INTEGER)
    return vector.known and index.known


def _insert_element(state: State, op: llvm.InsertElementOp) -> bool:
    vector = _vector(state, op, state.value(op, op.vector))
    _lane(state, op, vector, state.value(op, op.value))
    if state.value(op, op.res) is not vector:
        fail(op, f"expected a result of type {vector.type}, got {op.res.type}")
    index = state.value(op, op.index, Kind.INTEGER)
    return vector.known and index.known


def _shuffle(state: State, op: llvm.ShuffleVectorOp) -> bool:
    first, second = (_vector(state, op, state.value(op, v)) for v in op.operands)
    result = _vector(state, op, state.value(op, op.res))
    lanes = op.mask.get_values()
    if first is not second:
        fail(op, f"expected operands of one type, got {first.type} and {second.type}")
    if result.lanes != len(lanes) or (result.kind, result.bits) != (first.kind, first.bits):
        fail(op, f"{len(lanes)} lanes of {first.type} are not {result.type}")
    # -1 stands for any lane.
    if not all(-1 <= lane < 2 * first.lanes for lane in lanes):
        fail(op, f"lanes are 0 to {2 * first.lanes - 1}, or -1 for any, got {list(lanes)}")
    return first.known and result.known


def _constant(state: State, op: llvm.ConstantOp) -> bool:
    type, value = state.value(op, op.result, *_NUMBERS, Kind.AGGREGATE), op.value
    if isinstance(value, IntegerAttr):
        # An index has the width of the target already.
        width = state.types.look_up(value.type)
        bits = width.bits if isinstance(width, Facts) else state.target.index_width
        if type.kind is not Kind.INTEGER or type.lanes or type.bits != bits:
            fail(op, f"{value} is no constant of type {type.type}")
    elif isinstance(value, FloatAttr):
        if value.type != type.type:
            fail(op, f"{value} is no constant of type {type.type}")
    elif isinstance(value, DenseIntOrFPElementsAttr):
        element = state.facts(op, value.get_element_type())
        count = type.lanes
        if isinstance(type.type, llvm.LLVMArrayType):
            count, inner = type.type.size.data, state.facts(op, type.type.type)
        elif count:
            inner = type
        else:
            fail(op, f"a list of constants is a vector or an array, not {type.type}")
        if (element.kind, element.bits) != (inner.kind, inner.bits) or len(value) != count:
            fail(op, f"{len(value)} constants of type {element.type} are not {type.type}")
    return True


def _undefined(state: State, op: llvm.UndefOp | llvm.ZeroOp) -> bool:
    state.value(op, op.results[0])
    return True


def _member(state: State, op: Operation, container: Facts, position: tuple[int, ...]) -> Facts:
    """The type of a member of a struct or an array."""
    if not position:
        fail(op, "expected the position of a member")
    current = container
    for index in position:
        type = current.type
        if isinstance(type, llvm.LLVMArrayType) and 0 <= index < type.size.data:
            current = state.facts(op, type.type)
        elif isinstance(type, llvm.LLVMStructType) and 0 <= index < len(type.types):
            current = state.facts(op, type.types.data[index])
        else:
            fail(op, f"{type} has no member {index}")
    return current


def _extract_value(state: State, op: llvm.ExtractValueOp) -> bool:
    container = state.value(op, op.container, Kind.AGGREGATE)
    member = _member(state, op, container, tuple(op.position.iter_values()))
    if state.value(op, op.res) is not member:
        fail(op, f"the member is {member.type}, not {op.res.type}")
    return False


def _insert_value(state: State, op: llvm.InsertValueOp) -> bool:
    container = state.value(op, op.container, Kind.AGGREGATE)
    member = _member(state, op, container, tuple(op.position.iter_values()))
    if state.value(op, op.value) is not member:
        fail(op, f"the member is {member.type}, not {op.value.type}")
    if state.value(op, op.res) is not container:
        fail(op, f"expected a result of type {container.type}, got {op.res.type}")
    return False


def _reduction(state: State, op: Operation) -> bool:
    """A start value and the sum or product of it and all lanes."""
    start, vector = op.operands
    facts = _vector(state, op, state.value(op, vector, Kind.FLOAT))
    for value in (start, op.results[0]):
        _lane(state, op, facts, state.value(op, value))
    return facts.known


def _pointer(state: State, op: Operation) -> bool:
    state.value(op, op.results[0], Kind.POINTER)
    return True


_floats = same(Kind.FLOAT)
_same_integers = same(Kind.INTEGER)


def _integers(state: State, op: Operation) -> bool:
    _check_flags(op)
    return _same_integers(state, op)


def _check_flags(op: Operation) -> None:
    flags = op.properties.get("overflowFlags")
    if isinstance(flags, IntegerAttr) and not 0 <= flags.value.data <= 3:
        fail(op, f"overflow flags are 0 to 3, got {flags.value.data}")


RULES: dict[type[Operation], Rule] = {
    **dict.fromkeys(
        (
            *(llvm.AddOp, llvm.SubOp, llvm.MulOp, llvm.UDivOp, llvm.SDivOp, llvm.URemOp),
            *(llvm.SRemOp, llvm.ShlOp, llvm.LShrOp, llvm.AShrOp, llvm.AndOp, llvm.OrOp),
            llvm.XOrOp,
        ),
        _integers,
    ),
    **dict.fromkeys(
        (
            *(llvm.FAddOp, llvm.FSubOp, llvm.FMulOp, llvm.FDivOp, llvm.FRemOp, llvm.FNegOp),
            *(llvm.FAbsOp, llvm.FCeilOp, llvm.FFloorOp, llvm.FSqrtOp, llvm.FExpOp, llvm.FExp2Op),
            *(llvm.FLogOp, llvm.FLog2Op, llvm.FSinOp, llvm.FCosOp, llvm.FPowOp, llvm.FMAOp),
            *(llvm.FCopySignOp, llvm.VectorFMaxOp, llvm.VectorFMinOp),
        ),
        _floats,
    ),
    llvm.TruncOp: _cast(Kind.INTEGER, Kind.INTEGER, -1),
    llvm_casts.TruncOp: _cast(Kind.INTEGER, Kind.INTEGER, -1),
    llvm.ZExtOp: _cast(Kind.INTEGER, Kind.INTEGER, 1),
    llvm.SExtOp: _cast(Kind.INTEGER, Kind.INTEGER, 1),
    llvm.PtrToIntOp: _cast(Kind.POINTER, Kind.INTEGER),
    llvm.IntToPtrOp: _cast(Kind.INTEGER, Kind.POINTER),
    llvm.BitcastOp: _bitcast,
    llvm.FPExtOp: _cast(Kind.FLOAT, Kind.FLOAT, 1),
    llvm.FPTruncOp: _cast(Kind.FLOAT, Kind.FLOAT, -1),
    llvm.SIToFPOp: _cast(Kind.INTEGER, Kind.FLOAT),
    llvm_casts.FPToSIOp: _cast(Kind.FLOAT, Kind.INTEGER),
    llvm_casts.FPToUIOp: _cast(Kind.FLOAT, Kind.INTEGER),
    llvm_casts.UIToFPOp: _cast(Kind.INTEGER, Kind.FLOAT),
    llvm.ICmpOp: _icmp,
    llvm.FCmpOp: _fcmp,
    llvm_ops.FCmpOp: _fcmp,
    llvm.SelectOp: _select,
    llvm_ops.SelectOp: _select,
    llvm_ops.ExtractElementOp: _extract_element,
    llvm.InsertElementOp: _insert_element,
    llvm.ShuffleVectorOp: _shuffle,
    llvm.ExtractValueOp: _extract_value,
    llvm.InsertValueOp: _insert_value,
    llvm.VectorReduceFAddOp: _reduction,
    llvm.VectorReduceFMulOp: _reduction,
    llvm.ConstantOp: _constant,
    llvm.UndefOp: _undefined,
    llvm.ZeroOp: _undefined,
}
"""Every operation that computes, or is a constant."""
note_shipped(RULES)
