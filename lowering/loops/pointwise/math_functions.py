"""exp, sigmoid and tanh of vectors of f32, by polynomials: the same steps on every target.

exp(x) = 2^n exp(r) with n the integer next to x / ln 2 and |r| <= ln 2 / 2, where a Taylor
polynomial of degree 7 is within 2^-26 of exp(r). ln 2 is subtracted in two parts, of which n times
the first is exact. 2^n is multiplied in two halves, for results that are subnormal or infinite.
Errors are at most 2 ulp for exp, 3 for sigmoid and 4 for tanh.
"""

from __future__ import annotations

from collections.abc import Callable
from math import factorial

import numpy as np
from xdsl.dialects import arith, vector
from xdsl.dialects.builtin import VectorType, i32
from xdsl.ir import SSAValue

from lowbit_dialect import simd
from lowering.loops.emit import Emit

LARGE = 1.5 * 2**23
"""The ulp of numbers around this one is 1."""

LN2_HIGH = 0.693359375
LN2_LOW = -2.12194440e-4
"""Their sum is ln 2; the first has ten bits."""

SMALLEST, LARGEST = -104.0, 89.0
"""Below the first exp is 0, above the second it is infinite."""

_EXP = [1 / factorial(k) for k in range(7, -1, -1)]
_TANH = [
    -5.70498872745e-3,
    2.06390887954e-2,
    -5.37397155531e-2,
    1.33314422036e-1,
    -3.33332819422e-1,
]
"""Coefficients of (tanh(x) / x - 1) / x^2 in x^2, highest first, for |x| < 0.625 (Cephes)."""


class _Vector:
    """Arithmetic on vectors of one type."""

    def __init__(self, emit: Emit, type_: VectorType):
        self.emit, self.type = emit, type_
        self.ints = VectorType(i32, type_.get_shape())

    def number(self, value: float) -> SSAValue:
        """A constant, rounded to f32."""
        return self.emit.constant(float(np.float32(value)), self.type)

    def add(self, a: SSAValue, b: SSAValue) -> SSAValue:
        return self.emit.binary(arith.AddfOp, a, b)

    def sub(self, a: SSAValue, b: SSAValue) -> SSAValue:
        return self.emit.binary(arith.SubfOp, a, b)

    def mul(self, a: SSAValue, b: SSAValue) -> SSAValue:
        return self.emit.binary(arith.MulfOp, a, b)

    def div(self, a: SSAValue, b: SSAValue) -> SSAValue:
        return self.emit.binary(arith.DivfOp, a, b)

    def bits(self, value: SSAValue) -> SSAValue:
        return self.emit.op(vector.BitcastOp(value, self.ints))

    def floats(self, bits: SSAValue) -> SSAValue:
        return self.emit.op(vector.BitcastOp(bits, self.type))

    def masked(self, value: SSAValue, mask: int) -> SSAValue:
        """The bits of a number that a mask keeps."""
        return self.emit.binary(arith.AndIOp, self.bits(value), self.emit.constant(mask, self.ints))

    def polynomial(self, x: SSAValue, coefficients: list[float]) -> SSAValue:
        """By Horner's rule, from the highest power."""
        total = self.number(coefficients[0])
        for coefficient in coefficients[1:]:
            total = self.add(self.mul(total, x), self.number(coefficient))
        return total

    def choose(self, predicate: str, a: SSAValue, b: SSAValue, x: SSAValue, y: SSAValue):
        """x where a comparison of a and b holds, else y."""
        return choose(self.emit, predicate, a, b, x, y)

    def power_of_two(self, exponent: SSAValue) -> SSAValue:
        """2^n for n from -126 to 127."""
        biased = self.emit.binary(arith.AddiOp, exponent, self.emit.constant(127, self.ints))
        return self.floats(
            self.emit.binary(arith.ShLIOp, biased, self.emit.constant(23, self.ints))
        )


def choose(
    emit: Emit, predicate: str, a: SSAValue, b: SSAValue, x: SSAValue, y: SSAValue
) -> SSAValue:
    """x where a comparison of floats holds, else y, lane by lane."""
    return emit.op(simd.SelectOp(emit.op(simd.CmpFOp(predicate, a, b)), x, y))


def maximum(emit: Emit, x: SSAValue, bound: SSAValue) -> SSAValue:
    """The larger one; x where it is NaN."""
    return choose(emit, "ogt", bound, x, bound, x)


def minimum(emit: Emit, x: SSAValue, bound: SSAValue) -> SSAValue:
    """The smaller one; x where it is NaN."""
    return choose(emit, "olt", bound, x, bound, x)


def _exp(v: _Vector, x: SSAValue) -> SSAValue:
    emit = v.emit
    x = minimum(emit, maximum(emit, x, v.number(SMALLEST)), v.number(LARGEST))
    large = v.number(LARGE)
    shifted = v.add(v.mul(x, v.number(1 / np.log(2))), large)
    whole = v.sub(shifted, large)
    rest = v.sub(x, v.mul(whole, v.number(LN2_HIGH)))
    rest = v.sub(rest, v.mul(whole, v.number(LN2_LOW)))
    bits_of_large = emit.constant(int(np.float32(LARGE).view(np.int32)), v.ints)
    exponent = emit.binary(arith.SubiOp, v.bits(shifted), bits_of_large)
    half = emit.binary(arith.ShRSIOp, exponent, emit.constant(1, v.ints))
    other = emit.binary(arith.SubiOp, exponent, half)
    power = v.mul(v.polynomial(rest, _EXP), v.power_of_two(half))
    return v.mul(power, v.power_of_two(other))


_ALL_BUT_SIGN = 2**31 - 1
_SIGN = -(2**31)


def _sigmoid(v: _Vector, x: SSAValue) -> SSAValue:
    """1 / (1 + e) or e / (1 + e), with e = exp(-|x|)."""
    negated = v.emit.binary(arith.OrIOp, v.bits(x), v.emit.constant(_SIGN, v.ints))
    small, one = _exp(v, v.floats(negated)), v.number(1)
    above = v.choose("oge", x, v.number(0), one, small)
    return v.div(above, v.add(one, small))


def _tanh(v: _Vector, x: SSAValue) -> SSAValue:
    """x + x^3 p(x^2) next to 0, elsewhere the sign of x times 1 - 2 / (exp(2 |x|) + 1)."""
    magnitude, one = v.floats(v.masked(x, _ALL_BUT_SIGN)), v.number(1)
    power = _exp(v, v.add(magnitude, magnitude))
    far = v.sub(one, v.div(v.number(2), v.add(power, one)))
    signed = v.emit.binary(arith.OrIOp, v.bits(far), v.masked(x, _SIGN))
    square = v.mul(x, x)
    near = v.add(v.mul(v.mul(v.polynomial(square, _TANH), square), x), x)
    return v.choose("olt", magnitude, v.number(0.625), near, v.floats(signed))


MATH_FUNCTIONS: dict[str, Callable[[_Vector, SSAValue], SSAValue]] = {
    "exp": _exp,
    "sigmoid": _sigmoid,
    "tanh": _tanh,
}
"""The code of each function of `lowbit.unary`."""


def math_function(emit: Emit, name: str, x: SSAValue) -> SSAValue:
    """A function of the lanes of a vector of f32."""
    assert isinstance(x.type, VectorType)
    return MATH_FUNCTIONS[name](_Vector(emit, x.type), x)
