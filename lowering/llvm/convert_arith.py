"""How arith, math and ub operations become LLVM's: one table, mostly one operation for one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from xdsl.dialects import arith, llvm, math, ub
from xdsl.dialects.builtin import (
    DenseIntOrFPElementsAttr,
    FloatAttr,
    IndexType,
    IntegerAttr,
    IntegerType,
    MemRefType,
    VectorType,
    i64,
)
from xdsl.ir import Attribute, Operation, SSAValue

from lowbit_dialect import arith_ops, llvm_casts, llvm_ops
from lowbit_dialect.extensions import note_shipped
from lowering.llvm import rounding
from lowering.llvm.conversion import Conversion, Handler
from lowering.llvm.types import type_bits
from lowering.support.diagnostics import fail

_INTEGER_BINARY: dict[type[Operation], type[Operation]] = {
    arith.ShLIOp: llvm.ShlOp,
    arith.DivUIOp: llvm.UDivOp,
    arith.DivSIOp: llvm.SDivOp,
    arith.RemUIOp: llvm.URemOp,
    arith.RemSIOp: llvm.SRemOp,
    arith.AndIOp: llvm.AndOp,
    arith.OrIOp: llvm.OrOp,
    arith.XOrIOp: llvm.XOrOp,
    arith.ShRUIOp: llvm.LShrOp,
    arith.ShRSIOp: llvm.AShrOp,
}

_INDEX_ARITHMETIC: dict[type[Operation], type[Operation]] = {
    arith.AddiOp: llvm.AddOp,
    arith.SubiOp: llvm.SubOp,
    arith.MuliOp: llvm.MulOp,
}

_FLOAT_BINARY: dict[type[Operation], type[llvm.AbstractFloatArithOp]] = {
    arith.AddfOp: llvm.FAddOp,
    arith.SubfOp: llvm.FSubOp,
    arith.MulfOp: llvm.FMulOp,
    arith.DivfOp: llvm.FDivOp,
}

_INTRINSICS: dict[type[Operation], str] = {
    arith.MinSIOp: "smin",
    arith.MaxSIOp: "smax",
    arith.MinUIOp: "umin",
    arith.MaxUIOp: "umax",
    arith.MaximumfOp: "maximum",
    arith.MinimumfOp: "minimum",
    math.CtPopOp: "ctpop",
    math.FmaOp: "fma",
    math.AbsFOp: "fabs",
    math.CopySignOp: "copysign",
    math.SqrtOp: "sqrt",
}

_INTRINSICS_WITH_FLAG: dict[type[Operation], str] = {
    math.AbsIOp: "abs",
    math.CountLeadingZerosOp: "ctlz",
    math.CountTrailingZerosOp: "cttz",
}
"""Those whose second operand says whether an edge case (INT_MIN, zero) is undefined: it is not."""

_OVERFLOW: dict[arith.IntegerOverflowFlag, int] = {
    arith.IntegerOverflowFlag.NSW: 1,
    arith.IntegerOverflowFlag.NUW: 2,
}


def _integer_binary(to: type[Operation]) -> Handler:
    def convert(state: Conversion, op: Operation) -> None:
        flags = op.properties.get("overflowFlags")
        properties: dict[str, Attribute] = {}
        if isinstance(flags, arith.IntegerOverflowAttr) and flags.data:
            mask = sum(_OVERFLOW[flag] for flag in flags.data)
            properties["overflowFlags"] = IntegerAttr(mask, 32)
        state.replace(
            op,
            to.create(
                operands=[state.values[operand] for operand in op.operands],
                result_types=[state.type(op.results[0].type)],
                properties=properties,
            ),
        )

    return convert


def _index_arithmetic(to: type[Operation]) -> Handler:
    """Integer arithmetic, which of indices is wanted by few: accesses see through it."""
    convert = _integer_binary(to)

    def convert_or_defer(state: Conversion, op: Operation) -> None:
        if isinstance(op.results[0].type, IndexType):
            state.defer(op, convert)
        else:
            convert(state, op)

    return convert_or_defer


def _fastmath(op: Operation) -> llvm.FastMathAttr:
    flags = op.properties.get("fastmath")
    return llvm.FastMathAttr(flags.data if isinstance(flags, arith.FastMathFlagsAttr) else None)


def _float_binary(to: type[llvm.AbstractFloatArithOp]) -> Handler:
    def convert(state: Conversion, op: Operation) -> None:
        lhs, rhs = (state.value(operand) for operand in op.operands)
        state.replace(op, to(lhs, rhs, _fastmath(op)))

    return convert


def _intrinsic(name: str, *, flag: bool = False) -> Handler:
    def convert(state: Conversion, op: Operation) -> None:
        operands = [state.values[operand] for operand in op.operands]
        if flag:
            operands.append(state.constant(0, IntegerType(1)))
        result = op.results[0]
        state.values[result] = state.intrinsic(name, operands, state.type(result.type))

    return convert


def _cast(to: type[Operation]) -> Handler:
    def convert(state: Conversion, op: Operation) -> None:
        result_type = state.type(op.results[0].type)
        state.replace(
            op, to.create(operands=[state.values[op.operands[0]]], result_types=[result_type])
        )

    return convert


def _rounding(expand: Callable[[Conversion, SSAValue], SSAValue], name: str) -> Handler:
    def convert(state: Conversion, op: Operation) -> None:
        source = state.value(op.operands[0])
        state.values[op.results[0]] = (
            state.intrinsic(name, [source], source.type)
            if rounding.has_instruction(state, source.type)
            else expand(state, source)
        )

    return convert


def _constant(state: Conversion, op: arith.ConstantOp) -> None:
    if isinstance(op.result.type, IndexType):
        state.defer(op, _constant_now)
    else:
        _constant_now(state, op)


def _constant_now(state: Conversion, op: arith.ConstantOp) -> None:
    value, result_type = op.value, state.type(op.result.type)
    if isinstance(value, IntegerAttr):
        assert isinstance(result_type, IntegerType)
        state.values[op.result] = state.constant(value.value.data, result_type)
        return
    if isinstance(value, FloatAttr):
        state.replace(op, llvm.ConstantOp(value, result_type))
        return
    if not isinstance(value, DenseIntOrFPElementsAttr):
        fail(op, f"the value {value} is not an integer, a float or a dense vector of these")
    if not isinstance(op.result.type, VectorType):
        fail(op, f"expected a scalar or a vector, got {op.result.type}")
    if isinstance(op.result.type.element_type, IndexType):
        assert isinstance(result_type, VectorType)
        numbers = [int(number) for number in value.iter_values()]  # type: ignore[arg-type]
        value = DenseIntOrFPElementsAttr.from_list(result_type, numbers)
    state.replace(op, llvm.ConstantOp(value, result_type))


def _cmpi(state: Conversion, op: arith.CmpiOp) -> None:
    if isinstance(op.lhs.type, VectorType):
        fail(op, "it makes a single i1 of vectors; compare vectors with simd.cmpi")
    predicate = IntegerAttr(op.predicate.value.data, i64)
    state.replace(op, llvm.ICmpOp(state.value(op.lhs), state.value(op.rhs), predicate))


def _cmpf(state: Conversion, op: arith.CmpfOp) -> None:
    if isinstance(op.lhs.type, VectorType):
        fail(op, "it makes a single i1 of vectors; expected scalars")
    predicate = op.predicate.value.data
    if predicate in (0, 15):
        fail(op, "the predicates true and false are constants; use arith.constant")
    flag = llvm.FCmpPredicateFlag.from_int(predicate)
    state.replace(op, llvm_ops.FCmpOp(state.value(op.lhs), state.value(op.rhs), flag.value))


def _select(state: Conversion, op: arith.SelectOp) -> None:
    if isinstance(op.result.type, MemRefType):
        fail(op, "a choice between memrefs; expected values")
    cond, lhs, rhs = (state.value(operand) for operand in op.operands)
    state.replace(op, llvm_ops.SelectOp(cond, lhs, rhs))


def _index_cast(state: Conversion, op: arith.IndexCastOp) -> None:
    source, to = state.value(op.input), state.type(op.result.type)
    old, new = type_bits(source.type), type_bits(to)
    assert old is not None
    assert new is not None
    if old == new:
        state.values[op.result] = source
        return
    cast = llvm.SExtOp if new > old else llvm_casts.TruncOp
    state.replace(op, cast.create(operands=[source], result_types=[to]))


def _bitcast(state: Conversion, op: arith.BitcastOp) -> None:
    if isinstance(op.input.type, MemRefType):
        fail(op, "a bit cast of a memref; view its bytes with memref.view instead")
    _cast(llvm.BitcastOp)(state, op)


def _negf(state: Conversion, op: arith.NegfOp) -> None:
    state.replace(op, llvm.FNegOp(state.value(op.operand), _fastmath(op)))


def _max_or_min_num(name: str, greater: str) -> Handler:
    """The number where the other is a NaN; without the intrinsic where that calls libm."""

    def convert(state: Conversion, op: Operation) -> None:
        a, b = (state.value(operand) for operand in op.operands)
        if not state.target.architecture.calls_libm_for_maxnum:
            state.values[op.results[0]] = state.intrinsic(name, [a, b], a.type)
            return
        larger = rounding.select(state, greater, (a, b), a, b)
        state.values[op.results[0]] = rounding.select(state, "uno", (b, b), a, larger)

    return convert


def _poison(state: Conversion, op: ub.PoisonOp) -> None:
    state.replace(op, llvm.UndefOp(state.type(op.result.type)))


HANDLERS: dict[type[Operation], Callable[[Conversion, Any], None]] = {
    **{op: _integer_binary(to) for op, to in _INTEGER_BINARY.items()},
    **{op: _index_arithmetic(to) for op, to in _INDEX_ARITHMETIC.items()},
    **{op: _float_binary(to) for op, to in _FLOAT_BINARY.items()},
    **{op: _intrinsic(name) for op, name in _INTRINSICS.items()},
    **{op: _intrinsic(name, flag=True) for op, name in _INTRINSICS_WITH_FLAG.items()},
    arith.ConstantOp: _constant,
    arith.CmpiOp: _cmpi,
    arith.CmpfOp: _cmpf,
    arith.SelectOp: _select,
    arith.NegfOp: _negf,
    arith.MaxnumfOp: _max_or_min_num("maxnum", "ogt"),
    arith.MinnumfOp: _max_or_min_num("minnum", "olt"),
    arith.ExtUIOp: _cast(llvm.ZExtOp),
    arith.ExtSIOp: _cast(llvm.SExtOp),
    arith_ops.TruncIOp: _cast(llvm_casts.TruncOp),
    arith.TruncIOp: _cast(llvm_casts.TruncOp),
    arith.ExtFOp: _cast(llvm.FPExtOp),
    arith.TruncFOp: _cast(llvm.FPTruncOp),
    arith.SIToFPOp: _cast(llvm.SIToFPOp),
    arith.UIToFPOp: _cast(llvm_casts.UIToFPOp),
    arith.FPToSIOp: _cast(llvm_casts.FPToSIOp),
    arith.FPToUIOp: _cast(llvm_casts.FPToUIOp),
    arith.IndexCastOp: _index_cast,
    arith.BitcastOp: _bitcast,
    math.RoundEvenOp: _rounding(rounding.round_even, "roundeven"),
    math.FloorOp: _rounding(rounding.floor, "floor"),
    math.CeilOp: _rounding(rounding.ceil, "ceil"),
    math.RoundOp: _rounding(rounding.round_away, "round"),
    ub.PoisonOp: _poison,
}
note_shipped(HANDLERS)
