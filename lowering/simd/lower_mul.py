"""The part of `simd-lower` for multiply-accumulates of narrow lanes."""

from __future__ import annotations

from dataclasses import dataclass

from xdsl.dialects import arith, llvm
from xdsl.dialects.builtin import DenseIntOrFPElementsAttr, VectorType
from xdsl.ir import Operation, SSAValue
from xdsl.pattern_rewriter import PatternRewriter, RewritePattern, op_type_rewrite_pattern

from lowbit_dialect import simd
from lowering.llvm.intrinsics import Intrinsic, first_available
from lowering.targets import Target

WIDENING_PRODUCTS = {
    simd.Sign.SIGNED: ("aarch64.neon.smull.v8i16", "arm.neon.vmulls.v8i16"),
    simd.Sign.UNSIGNED: ("aarch64.neon.umull.v8i16", "arm.neon.vmullu.v8i16"),
}
ROUNDING_SHIFTS = ("aarch64.neon.srshl.v8i16", "arm.neon.vrshifts.v8i16")


@dataclass(frozen=True)
class LowerMulAcc(RewritePattern):
    """A widening multiplication, which LLVM makes one instruction of together with the addition.

        %r = simd.mul_acc signed %acc, %a, %b : vector<8xi8> to vector<8xi16>
    ->  (NEON)
        %0 = llvm.call_intrinsic "llvm.aarch64.neon.smull.v8i16"(%a, %b)
        %r = arith.addi %acc, %0
    ->  (elsewhere)
        %0 = llvm.sext %a : vector<8xi8> to vector<8xi16>
        %1 = llvm.sext %b : vector<8xi8> to vector<8xi16>
        %2 = arith.muli %0, %1
        %r = arith.addi %acc, %2

    NEON has the extensions folded into the multiplication also without the intrinsic, but LLVM
    extends a number that is the same in all lanes before it is copied into them.
    """

    target: Target

    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: simd.MulAccOp, rewriter: PatternRewriter) -> None:
        """Rewrite one operation."""
        type_ = op.acc.type
        if op.a.type == type_:
            product = arith.MuliOp(op.a, op.b)
            rewriter.replace(op, (product, arith.AddiOp(op.acc, product)))
            return
        intrinsic = first_available(WIDENING_PRODUCTS[op.sign.data], type_, self.target)
        ops: list[Operation] = []
        if intrinsic is not None:
            ops.append(intrinsic.call(self.target, (op.a, op.b)))
        else:
            extension = llvm.SExtOp if op.sign.data is simd.Sign.SIGNED else llvm.ZExtOp
            wide = [extension.create(operands=[v], result_types=[type_]) for v in (op.a, op.b)]
            ops += [*wide, arith.MuliOp(wide[0].results[0], wide[1].results[0])]
        ops.append(arith.AddiOp(op.acc, ops[-1].results[0]))
        rewriter.replace(op, ops)


@dataclass(frozen=True)
class LowerRoundShiftAcc(RewritePattern):
    """A rounding shift, which LLVM makes one instruction of together with the addition.

        %r = simd.round_shift_acc %acc, %v by 8 : vector<8xi16>
    ->  (NEON)
        %0 = llvm.call_intrinsic "llvm.aarch64.neon.srshl.v8i16"(%v, dense<-8>)
        %r = arith.addi %acc, %0
    ->  (elsewhere)
        %0 = arith.shrsi %v, 8
        %1 = arith.andi (arith.shrui %v, 7), 1
        %r = arith.addi (arith.addi %acc, %0), %1
    """

    target: Target

    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: simd.RoundShiftAccOp, rewriter: PatternRewriter) -> None:
        """Rewrite one operation."""
        type_, bits = op.acc.type, op.bits.value.data
        assert isinstance(type_, VectorType)
        ops: list[Operation] = []

        def add(operation: Operation) -> SSAValue:
            ops.append(operation)
            return operation.results[0]

        def splat(number: int) -> SSAValue:
            attr = DenseIntOrFPElementsAttr.from_list(type_, [number])  # pyright: ignore
            return add(arith.ConstantOp(attr))

        intrinsic: Intrinsic | None = first_available(ROUNDING_SHIFTS, type_, self.target)
        if intrinsic is not None:
            shifted = add(intrinsic.call(self.target, (op.source, splat(-bits))))
            add(arith.AddiOp(op.acc, shifted))
        else:
            floor = add(arith.ShRSIOp(op.source, splat(bits)))
            below = add(arith.ShRUIOp(op.source, splat(bits - 1)))
            half = add(arith.AndIOp(below, splat(1)))
            total = add(arith.AddiOp(op.acc, floor))
            add(arith.AddiOp(total, half))
        rewriter.replace(op, ops)
