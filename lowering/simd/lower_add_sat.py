"""The part of `simd-lower` for `simd.add_sat`."""

from __future__ import annotations

from dataclasses import dataclass

from xdsl.dialects import arith, llvm
from xdsl.dialects.builtin import (
    DenseIntOrFPElementsAttr,
    IntegerAttr,
    IntegerType,
    VectorType,
    i64,
)
from xdsl.pattern_rewriter import PatternRewriter, RewritePattern, op_type_rewrite_pattern

from lowbit_dialect import llvm_ops, simd
from lowering.llvm.intrinsic_call import call_intrinsic
from lowering.llvm.types import intrinsic_suffix
from lowering.targets import Target


@dataclass(frozen=True)
class LowerAddSat(RewritePattern):
    """One instruction of NEON, or the end on a's side where the sum has the sign of neither.

        %r = simd.add_sat %a, %b : vector<4xi32>
    ->  (NEON)
        %r = llvm.call_intrinsic "llvm.sadd.sat.v4i32"(%a, %b)
    ->  (elsewhere)
        %sum = arith.addi %a, %b
        %overflow = llvm.icmp "slt" (%a ^ %sum) & (%b ^ %sum), 0
        %end = arith.addi (%a >> 31), 2147483647
        %r = llvm.select %overflow, %end, %sum
    """

    target: Target

    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: simd.AddSatOp, rewriter: PatternRewriter) -> None:
        """Rewrite one operation."""
        type_, a, b = op.result.type, op.a, op.b
        assert isinstance(type_, VectorType)
        assert isinstance(type_.element_type, IntegerType)
        if self.target.has("neon"):
            name = f"llvm.sadd.sat.{intrinsic_suffix(type_)}"
            rewriter.replace(op, call_intrinsic(name, [a, b], type_))
            return
        bits = type_.element_type.width.data
        zero, sign_bit, most = (
            arith.ConstantOp(DenseIntOrFPElementsAttr.from_list(type_, [number]))
            for number in (0, bits - 1, (1 << (bits - 1)) - 1)
        )
        total = arith.AddiOp(a, b)
        signs = [arith.XOrIOp(value, total.result) for value in (a, b)]
        changed = arith.AndIOp(signs[0].result, signs[1].result)
        less = IntegerAttr(llvm.ICmpPredicateFlag("slt").to_int(), i64)
        overflow = llvm.ICmpOp(changed.result, zero.result, less)
        negative = arith.ShRUIOp(a, sign_bit.result)
        end = arith.AddiOp(most.result, negative.result)
        clipped = llvm_ops.SelectOp(overflow.results[0], end.result, total.result)
        rewriter.replace(
            op,
            (zero, sign_bit, most, total, *signs, changed, overflow, negative, end, clipped),
        )
