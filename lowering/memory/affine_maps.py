"""Affine maps: what they compute, as arithmetic.

    affine_map<(d0)[s0] -> (d0 * 2 + s0 mod 4)>   of %i, %n
->
    %a = arith.muli %i, %c2 : index
    %r = arith.remsi %n, %c4 : index        and 4 more where it is negative
    %b = arith.addi %a, %m : index
"""

from __future__ import annotations

from collections.abc import Sequence

from xdsl.dialects import arith
from xdsl.ir import Operation, SSAValue
from xdsl.ir.affine import (
    AffineBinaryOpExpr,
    AffineBinaryOpKind,
    AffineConstantExpr,
    AffineDimExpr,
    AffineExpr,
    AffineMap,
    AffineSymExpr,
)

from lowering.loops.emit import Emit, Index
from lowering.support.diagnostics import fail

_Kind = AffineBinaryOpKind


class AffineArithmetic:
    """The arithmetic of affine expressions, written before an operation."""

    def __init__(self, op: Operation):
        self.op, self.emit = op, Emit.before(op)

    def values(self, map_: AffineMap, operands: Sequence[SSAValue]) -> list[Index]:
        """The results of a map; its dimensions come first among the operands, then its symbols.

        Raises:
            OpFailedException: something is divided by what is no positive constant.
        """
        if len(operands) != map_.num_dims + map_.num_symbols:
            fail(
                self.op,
                f"{map_} takes {map_.num_dims + map_.num_symbols} values, got {len(operands)}",
            )
        dims, symbols = operands[: map_.num_dims], operands[map_.num_dims :]
        return [self.value(expr, dims, symbols) for expr in map_.results]

    def value(
        self, expr: AffineExpr, dims: Sequence[SSAValue], symbols: Sequence[SSAValue]
    ) -> Index:
        """An expression of dimensions and symbols."""
        if isinstance(expr, AffineConstantExpr):
            return expr.value
        if isinstance(expr, AffineDimExpr):
            return dims[expr.position]
        if isinstance(expr, AffineSymExpr):
            return symbols[expr.position]
        assert isinstance(expr, AffineBinaryOpExpr)
        left = self.value(expr.lhs, dims, symbols)
        right = self.value(expr.rhs, dims, symbols)
        if expr.kind is _Kind.Add:
            return self.emit.add(left, right)
        if expr.kind is _Kind.Mul:
            return self.emit.mul(left, right)
        if not isinstance(right, int) or right < 1:
            fail(self.op, f"{expr}: what is divided by must be a positive constant")
        return self._divided(expr.kind, left, right)

    def _divided(self, kind: AffineBinaryOpKind, left: Index, right: int) -> Index:
        if isinstance(left, int):
            return _DIVISIONS[kind](left, right)
        emit, zero = self.emit, self.emit.constant(0)
        divisor = emit.constant(right)
        is_negative = emit.op(arith.CmpiOp(left, zero, "slt"))
        if kind is _Kind.Mod:
            remainder = emit.op(arith.RemSIOp(left, divisor))
            wraps = emit.op(arith.CmpiOp(remainder, zero, "slt"))
            moved = emit.op(arith.AddiOp(remainder, divisor))
            return emit.op(arith.SelectOp(wraps, moved, remainder))
        # Both numbers of a division are brought to where it rounds towards zero.
        ones = emit.constant(-1)
        if kind is _Kind.CeilDiv:
            left = emit.op(arith.SubiOp(zero, left))
            is_negative = emit.op(arith.CmpiOp(left, zero, "slt"))
        flipped = emit.op(arith.SubiOp(ones, left))
        part = emit.op(arith.DivSIOp(emit.op(arith.SelectOp(is_negative, flipped, left)), divisor))
        floor = emit.op(arith.SelectOp(is_negative, emit.op(arith.SubiOp(ones, part)), part))
        return emit.op(arith.SubiOp(zero, floor)) if kind is _Kind.CeilDiv else floor

    def largest(self, values: Sequence[Index]) -> Index:
        """The largest of some numbers."""
        return self._extreme(values, arith.MaxSIOp)

    def smallest(self, values: Sequence[Index]) -> Index:
        """The smallest of some numbers."""
        return self._extreme(values, arith.MinSIOp)

    def _extreme(self, values: Sequence[Index], kind: type[arith.MaxSIOp | arith.MinSIOp]) -> Index:
        if not values:
            fail(self.op, "a bound must have a number")
        first, *rest = values
        for value in rest:
            first = self.emit.op(kind(self.emit.value(first), self.emit.value(value)))
        return first


_DIVISIONS = {
    _Kind.Mod: lambda a, b: a % b,
    _Kind.FloorDiv: lambda a, b: a // b,
    _Kind.CeilDiv: lambda a, b: -(-a // b),
}
