"""The rule for calls of intrinsics: those that the lowering calls, by name and signature."""

from __future__ import annotations

from xdsl.dialects import llvm

from lowbit_dialect.extensions import note_shipped
from lowering.llvm.intrinsics import INTRINSICS
from lowering.llvm.types import intrinsic_suffix
from lowering.llvm.verify.memory import constant_value
from lowering.llvm.verify.state import Rule, State
from lowering.llvm.verify.types import Facts, Kind
from lowering.support.diagnostics import fail

_LANEWISE: dict[str, tuple[Kind, int]] = {
    **dict.fromkeys(("smin", "smax", "umin", "umax"), (Kind.INTEGER, 2)),
    **dict.fromkeys(("sadd.sat", "ssub.sat", "uadd.sat", "usub.sat"), (Kind.INTEGER, 2)),
    "ctpop": (Kind.INTEGER, 1),
    **dict.fromkeys(("fabs", "sqrt", "floor", "ceil", "round", "roundeven"), (Kind.FLOAT, 1)),
    **dict.fromkeys(("copysign", "maxnum", "minnum", "maximum", "minimum"), (Kind.FLOAT, 2)),
    "fma": (Kind.FLOAT, 3),
}
"""Intrinsics whose operands and result are of one type: what kind, and how many operands."""

_OF_F32 = ("maximum", "minimum", "vector.reduce.fminimum", "vector.reduce.fmaximum")
"""Intrinsics that the lowering calls of f32; over vectors of f64, LLVM ends the process (ARMv7)."""

_WITH_FLAG = ("abs", "ctlz", "cttz")
"""Intrinsics of an integer and a constant i1, which says whether an edge case is undefined."""

_REDUCTIONS: dict[str, Kind] = {
    **dict.fromkeys(("add", "mul", "and", "or", "xor"), Kind.INTEGER),
    **dict.fromkeys(("smin", "smax", "umin", "umax"), Kind.INTEGER),
    **dict.fromkeys(("fmin", "fmax", "fminimum", "fmaximum"), Kind.FLOAT),
}
"""Reductions `llvm.vector.reduce.<name>` of all lanes of a vector, by what they reduce."""


def _types(op: llvm.CallIntrinsicOp) -> str:
    operands = ", ".join(str(v.type) for v in op.args)
    return f"({operands}) -> {op.ress.type if op.ress is not None else 'nothing'}"


def _check_suffix(op: llvm.CallIntrinsicOp, name: str, facts: Facts) -> None:
    suffix = intrinsic_suffix(facts.type)
    if op.intrin.data != f"llvm.{name}.{suffix}":
        fail(op, f"of {facts.type} it is called llvm.{name}.{suffix}, not {op.intrin.data}")


def _is_known(name: str, facts: Facts) -> bool:
    return facts.known and (facts.bits == 32 or name not in _OF_F32)


def _call_of_target(state: State, op: llvm.CallIntrinsicOp, name: str) -> bool:
    known, target = INTRINSICS[name], state.target
    if not known.available(target):
        features = " and ".join(known.features)
        fail(op, f"{known.name} needs {known.arch} with {features}, which {target.name} lacks")
    if tuple(v.type for v in op.args) != known.operands or (
        op.ress is None or op.ress.type != known.result
    ):
        takes = ", ".join(map(str, known.operands))
        fail(op, f"{known.name} is ({takes}) -> {known.result}, got {_types(op)}")
    return True


def _call_lanewise(state: State, op: llvm.CallIntrinsicOp, name: str) -> bool:
    kind, count = _LANEWISE[name]
    found = [state.value(op, value, kind) for value in (*op.args, *op.results)]
    if len(op.args) != count or op.ress is None or any(f is not found[0] for f in found):
        fail(op, f"llvm.{name} takes {count} and gives one of a type, got {_types(op)}")
    _check_suffix(op, name, found[0])
    return _is_known(name, found[0])


def _call_with_flag(state: State, op: llvm.CallIntrinsicOp, name: str) -> bool:
    found = [state.value(op, value, Kind.INTEGER) for value in (*op.args, *op.results)]
    if len(op.args) != 2 or op.ress is None or found[0] is not found[2] or found[1].total_bits != 1:
        fail(op, f"llvm.{name} takes integers and an i1, and gives integers, got {_types(op)}")
    if constant_value(op.args[1]) is None:
        fail(op, f"the second operand of llvm.{name} is a constant")
    _check_suffix(op, name, found[0])
    return found[0].known


def _call_reduction(state: State, op: llvm.CallIntrinsicOp, name: str) -> bool:
    kind = _REDUCTIONS[name.removeprefix("vector.reduce.")]
    found = [state.value(op, value, kind) for value in (*op.args, *op.results)]
    if len(op.args) != 1 or op.ress is None or not found[0].lanes:
        fail(op, f"llvm.{name} takes a vector and gives a lane, got {_types(op)}")
    if found[1].lanes or found[1].bits != found[0].bits:
        fail(op, f"{found[1].type} is no lane of {found[0].type}")
    _check_suffix(op, name, found[0])
    return _is_known(name, found[0])


_CALLS = {
    **dict.fromkeys(_LANEWISE, _call_lanewise),
    **dict.fromkeys(_WITH_FLAG, _call_with_flag),
    **{f"vector.reduce.{name}": _call_reduction for name in _REDUCTIONS},
}


def _call_intrinsic(state: State, op: llvm.CallIntrinsicOp) -> bool:
    full = op.intrin.data
    name = full.removeprefix("llvm.")
    if name == full or not name.replace(".", "").replace("_", "").isalnum() or not name.isascii():
        fail(op, f"intrinsics are called llvm.<name>, got {full!a}")
    if name in INTRINSICS:
        return _call_of_target(state, op, name)
    base = name.rpartition(".")[0]
    if base in _CALLS:
        return _CALLS[base](state, op, base)
    for value in (*op.args, *op.results):
        state.value(op, value)
    return False


RULES: dict[type[llvm.CallIntrinsicOp], Rule] = {llvm.CallIntrinsicOp: _call_intrinsic}
"""The one operation that calls intrinsics by their names."""
note_shipped(RULES)
