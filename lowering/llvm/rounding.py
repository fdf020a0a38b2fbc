"""Rounding of f32 by additions and comparisons, where a target would call libm for it.

Adding 2^23 to a number between 0 and 2^23 leaves no bit for its fraction, so the addition itself
rounds it, half to even, and subtracting 2^23 again gives the rounded number. Numbers from 2^23 on
are integers already. The other roundings correct that one by a comparison.
"""

from __future__ import annotations

from xdsl.dialects import llvm
from xdsl.dialects.builtin import (
    DenseIntOrFPElementsAttr,
    Float32Type,
    FloatAttr,
    VectorType,
)
from xdsl.ir import Attribute, SSAValue

from lowbit_dialect import llvm_ops
from lowering.llvm.conversion import Conversion
from lowering.support.diagnostics import fail


def has_instruction(state: Conversion, type: Attribute) -> bool:
    """Whether the target rounds values of `type` in registers by itself.

    Raises:
        OpFailedException: if it does not and the type is not f32.
    """
    target = state.target
    if target.rounds_floats:
        return True
    element = type.element_type if isinstance(type, VectorType) else type
    if not isinstance(element, Float32Type):
        fail(state.op, f"target {target.name!r} cannot round values of type {type}, only f32")
    return False


def constant(state: Conversion, value: float, type: Attribute) -> SSAValue:
    """A float, or a vector with it in every lane."""
    attribute = (
        DenseIntOrFPElementsAttr.from_list(type, [value])
        if isinstance(type, VectorType)
        else FloatAttr(value, Float32Type())
    )
    return state.insert(llvm.ConstantOp(attribute, type))


def select(
    state: Conversion,
    predicate: str,
    compared: tuple[SSAValue, SSAValue],
    then: SSAValue,
    otherwise: SSAValue,
) -> SSAValue:
    """`then` where the float comparison holds, else `otherwise`, of scalars or vectors."""
    condition = state.insert(llvm_ops.FCmpOp(*compared, predicate))
    return state.insert(llvm_ops.SelectOp(condition, then, otherwise))


def _with_sign_of(state: Conversion, magnitude: SSAValue, source: SSAValue) -> SSAValue:
    return state.intrinsic("copysign", [magnitude, source], source.type)


def _round_magnitude(state: Conversion, magnitude: SSAValue) -> SSAValue:
    """Half to even of a number that is not negative; 2^23 and more come out wrong."""
    shift = constant(state, 2.0**23, magnitude.type)
    return state.insert(llvm.FSubOp(state.insert(llvm.FAddOp(magnitude, shift)), shift))


def _finish(
    state: Conversion, source: SSAValue, magnitude: SSAValue, rounded: SSAValue
) -> SSAValue:
    """Take `rounded` where the source has a fraction, the source where it has none or is a NaN."""
    limit = constant(state, 2.0**23, source.type)
    signed = _with_sign_of(state, rounded, source)
    return select(state, "olt", (magnitude, limit), signed, source)


def round_even(state: Conversion, source: SSAValue) -> SSAValue:
    """To the nearest integer, half to even."""
    magnitude = state.intrinsic("fabs", [source], source.type)
    return _finish(state, source, magnitude, _round_magnitude(state, magnitude))


def round_away(state: Conversion, source: SSAValue) -> SSAValue:
    """To the nearest integer, half away from zero."""
    magnitude = state.intrinsic("fabs", [source], source.type)
    even = _round_magnitude(state, magnitude)
    up = state.insert(llvm.FAddOp(even, constant(state, 1.0, source.type)))
    missing = state.insert(llvm.FSubOp(magnitude, even))
    half = constant(state, 0.5, source.type)
    return _finish(state, source, magnitude, select(state, "oeq", (missing, half), up, even))


def floor(state: Conversion, source: SSAValue) -> SSAValue:
    """To the next integer below."""
    nearest = round_even(state, source)
    less = state.insert(llvm.FSubOp(nearest, constant(state, 1.0, source.type)))
    return select(state, "ogt", (nearest, source), less, nearest)


def ceil(state: Conversion, source: SSAValue) -> SSAValue:
    """To the next integer above."""
    nearest = round_even(state, source)
    more = state.insert(llvm.FAddOp(nearest, constant(state, 1.0, source.type)))
    return _with_sign_of(state, select(state, "olt", (nearest, source), more, nearest), source)
