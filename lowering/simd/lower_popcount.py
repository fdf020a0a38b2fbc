"""The part of `simd-lower` for `simd.popcount_acc`."""

from __future__ import annotations

from dataclasses import dataclass

from xdsl.dialects import arith, llvm, math
from xdsl.ir import Attribute, Operation
from xdsl.pattern_rewriter import PatternRewriter, RewritePattern, op_type_rewrite_pattern
from xdsl.rewriter import InsertPoint

from lowbit_dialect import simd
from lowering.llvm.intrinsics import INTRINSICS, Intrinsic
from lowering.targets import Target

PAIRWISE_SUMS = (
    "aarch64.neon.uaddlp.v8i16.v16i8",
    "arm.neon.vpadalu.v8i16.v16i8",
)
"""Intrinsics that sum pairs of bytes, or add these sums to their first operand. LLVM makes `uadalp`
of the first one and an addition."""


@dataclass(frozen=True)
class LowerPopcountAcc(RewritePattern):
    """Combine, count, accumulate; LLVM's `ctpop` is the best sequence of each target.

        %r = simd.popcount_acc and %acc, %a, %b : vector<16xi32>
    ->
        %0 = arith.andi %a, %b : vector<16xi32>
        %1 = math.ctpop %0 : vector<16xi32>
        %r = arith.addi %acc, %1 : vector<16xi32>

    ARM counts the bits of bytes, and sums pairs of bytes onto lanes of 16 bits:

        %0 = arith.andi %a, %b : vector<8xi16>
        %1 = llvm.bitcast %0 : vector<8xi16> to vector<16xi8>
        %2 = math.ctpop %1 : vector<16xi8>
        %r = llvm.call_intrinsic "llvm.arm.neon.vpadalu.v8i16.v16i8"(%acc, %2)

    There, operations in a row that have a word in common take these steps together, for processors
    that work in order and would wait for each result.
    """

    target: Target

    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: simd.PopcountAccOp, rewriter: PatternRewriter) -> None:
        """Rewrite one operation."""
        combine = arith.AndIOp if op.combine.data is simd.Combine.AND else arith.XOrIOp
        acc, a, b = op.operands
        types = [acc.type]
        combined = combine.create(operands=[a, b], result_types=types)
        pairs = self._pairwise_sum(acc.type)
        if pairs is not None and op.subtract is None:
            self._count_by_pairs(op, combined, pairs, rewriter)
            return
        accumulate = arith.SubiOp if op.subtract else arith.AddiOp
        count = math.CtPopOp.create(operands=combined.results, result_types=types)
        total = accumulate.create(operands=[acc, count.results[0]], result_types=types)
        rewriter.replace(op, (combined, count, total))

    def _pairwise_sum(self, acc: Attribute) -> Intrinsic | None:
        """The target's intrinsic for accumulators of a type."""
        for name in PAIRWISE_SUMS:
            if INTRINSICS[name].available(self.target) and INTRINSICS[name].result == acc:
                return INTRINSICS[name]
        return None

    def _count_by_pairs(
        self,
        op: simd.PopcountAccOp,
        combined: Operation,
        pairs: Intrinsic,
        rewriter: PatternRewriter,
    ) -> None:
        bytes_ = pairs.operands[-1]
        cast = llvm.BitcastOp(combined.results[0], bytes_)
        count = math.CtPopOp.create(operands=cast.results, result_types=[bytes_])
        before = _counted_before(op)
        if before is None:
            rewriter.insert((combined, cast, count), InsertPoint.before(op))
        else:
            rewriter.insert((combined, cast), InsertPoint.after(before[0]))
            rewriter.insert(count, InsertPoint.after(before[1]))
        operands = (op.acc, count.results[0])[-len(pairs.operands) :]
        total = pairs.call(self.target, operands)
        if len(operands) > 1:
            rewriter.replace(op, total)
        else:
            rewriter.replace(op, (total, arith.AddiOp(op.acc, total.results[0])))


def _counted_before(op: simd.PopcountAccOp) -> tuple[Operation, Operation] | None:
    """The bytes and the count of the operation before, where that has the same first word."""
    total = op.prev_op
    if isinstance(total, arith.AddiOp):
        total = total.prev_op
    if not isinstance(total, llvm.CallIntrinsicOp):
        return None
    count = total.operands[-1].owner
    if not isinstance(count, math.CtPopOp) or not isinstance(count.operand.owner, llvm.BitcastOp):
        return None
    cast = count.operand.owner
    combined = cast.arg.owner
    assert isinstance(combined, Operation)
    return (cast, count) if combined.operands[0] is op.a else None
