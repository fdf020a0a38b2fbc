"""The part of `simd-lower` for `simd.fptosi`."""

from __future__ import annotations

from dataclasses import dataclass

from xdsl.dialects import arith, llvm, math, vector
from xdsl.dialects.builtin import (
    DenseIntOrFPElementsAttr,
    IntegerAttr,
    IntegerType,
    VectorType,
    i64,
)
from xdsl.pattern_rewriter import PatternRewriter, RewritePattern, op_type_rewrite_pattern

from lowbit_dialect import llvm_casts, simd
from lowering.targets import Target

INT32_MAX = 2**31 - 1


@dataclass(frozen=True)
class LowerFPToSI(RewritePattern):
    """A conversion, of the number or of its floor where the target has an instruction for that.

        %r = simd.fptosi floor %v : vector<4xf32> to vector<4xi32>
    ->
        %0 = math.floor %v : vector<4xf32>
        %r = llvm.fptosi %0 : vector<4xf32> to vector<4xi32>
    ->  (SSE2, ARMv7)
        %t = llvm.fptosi %v : vector<4xf32> to vector<4xi32>
        %f = llvm.sitofp %t : vector<4xi32> to vector<4xf32>
        %r = arith.addi %t, -1 where the bits of %v are negative and not those of %f

    The signs of zeros do not count as bits. All is compared as integers: on ARMv7 vectors of floats
    take denormal numbers for zero, and the floor of some of them is -1.
    """

    target: Target

    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: simd.FPToSIOp, rewriter: PatternRewriter) -> None:
        """Rewrite one operation."""
        floats, ints = op.source.type, op.result.type
        assert isinstance(ints, VectorType)
        if op.floor is None:
            rewriter.replace(op, llvm_casts.FPToSIOp(op.source, ints))
            return
        if self.target.rounds_floats:
            floor = math.FloorOp(op.source)
            rewriter.replace(op, (floor, llvm_casts.FPToSIOp(floor.result, ints)))
            return
        zero, magnitude = (
            arith.ConstantOp(DenseIntOrFPElementsAttr.from_list(ints, [n])) for n in (0, INT32_MAX)
        )
        towards_zero = llvm_casts.FPToSIOp(op.source, ints)
        whole = llvm.SIToFPOp(towards_zero.result, floats)
        bits = [vector.BitcastOp(value, ints) for value in (op.source, whole.results[0])]
        differs = arith.XOrIOp(bits[0].result, bits[1].result)
        fraction = arith.AndIOp(differs.result, magnitude.result)
        has_fraction = llvm.ICmpOp(fraction.result, zero.result, _predicate("ne"))
        is_negative = llvm.ICmpOp(bits[0].result, zero.result, _predicate("slt"))
        is_above = llvm.AndOp(has_fraction.results[0], is_negative.results[0])
        one_less = llvm.SExtOp(is_above.results[0], ints)
        floor = arith.AddiOp(towards_zero.result, one_less.results[0])
        rewriter.replace(
            op,
            (
                *(zero, magnitude, towards_zero, whole, *bits, differs, fraction),
                *(has_fraction, is_negative, is_above, one_less, floor),
            ),
        )


def _predicate(name: str) -> IntegerAttr[IntegerType]:
    return IntegerAttr(llvm.ICmpPredicateFlag(name).to_int(), i64)
