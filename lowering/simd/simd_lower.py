"""`simd-lower`: the simd dialect in terms of arith, math, memref, vector and LLVM operations.

Every operation has one expansion that is right everywhere; where the target has something
better, and it is in the table of intrinsics, the pattern takes that.
"""

from __future__ import annotations

from dataclasses import dataclass

from xdsl.context import Context
from xdsl.dialects import arith, llvm, math, memref, vector
from xdsl.dialects.builtin import (
    DenseArrayBase,
    DenseIntOrFPElementsAttr,
    IntegerAttr,
    IntegerType,
    ModuleOp,
    VectorType,
    i64,
)
from xdsl.ir import Operation, SSAValue
from xdsl.passes import ModulePass
from xdsl.pattern_rewriter import (
    GreedyRewritePatternApplier,
    PatternRewriter,
    PatternRewriteWalker,
    RewritePattern,
    op_type_rewrite_pattern,
)

from lowbit_dialect import llvmx, simd
from lowering.simd.intrinsics import INTRINSICS
from lowering.simd.lower_bit_fields import LowerBitFields
from lowering.simd.lower_dot import LowerDotAcc
from lowering.simd.lower_lookup import LowerLookup
from lowering.targets import Target, get_target


class LowerPopcountAcc(RewritePattern):
    """Combine, count, accumulate; LLVM's `ctpop` is the best sequence of each target.

        %r = simd.popcount_acc and %acc, %a, %b : vector<16xi32>
    ->
        %0 = arith.andi %a, %b : vector<16xi32>
        %1 = math.ctpop %0 : vector<16xi32>
        %r = arith.addi %acc, %1 : vector<16xi32>
    """

    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: simd.PopcountAccOp, rewriter: PatternRewriter) -> None:
        """Rewrite one operation."""
        combine = arith.AndIOp if op.combine.data is simd.Combine.AND else arith.XOrIOp
        accumulate = arith.SubiOp if op.subtract else arith.AddiOp
        combined = combine(op.a, op.b)
        count = math.CtPopOp(combined.result)
        rewriter.replace(op, (combined, count, accumulate(op.acc, count.result)))


class LowerExtUI(RewritePattern):
    """`simd.extui` -> `llvm.zext`."""

    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: simd.ExtUIOp, rewriter: PatternRewriter) -> None:
        """Rewrite one operation."""
        rewriter.replace(op, llvm.ZExtOp(op.source, op.result.type))


class LowerExtSI(RewritePattern):
    """`simd.extsi` -> `llvm.sext`."""

    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: simd.ExtSIOp, rewriter: PatternRewriter) -> None:
        """Rewrite one operation."""
        rewriter.replace(op, llvm.SExtOp(op.source, op.result.type))


class LowerTruncI(RewritePattern):
    """`simd.trunci` -> `llvm.trunc`."""

    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: simd.TruncIOp, rewriter: PatternRewriter) -> None:
        """Rewrite one operation."""
        rewriter.replace(op, llvm.TruncOp(op.source, op.result.type))


class LowerSIToFP(RewritePattern):
    """`simd.sitofp` -> `llvm.sitofp`."""

    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: simd.SIToFPOp, rewriter: PatternRewriter) -> None:
        """Rewrite one operation."""
        rewriter.replace(op, llvm.SIToFPOp(op.source, op.result.type))


class LowerFPToSI(RewritePattern):
    """`simd.fptosi` -> `llvmx.cast fptosi`."""

    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: simd.FPToSIOp, rewriter: PatternRewriter) -> None:
        """Rewrite one operation."""
        rewriter.replace(op, llvmx.CastOp(llvmx.Cast.FPTOSI, op.source, op.result.type))


class LowerCmpI(RewritePattern):
    """`simd.cmpi slt` -> `llvm.icmp "slt"`."""

    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: simd.CmpIOp, rewriter: PatternRewriter) -> None:
        """Rewrite one operation."""
        predicate = llvm.ICmpPredicateFlag(op.predicate.data.value).to_int()
        rewriter.replace(op, llvm.ICmpOp(op.a, op.b, IntegerAttr(predicate, i64)))


class LowerSelect(RewritePattern):
    """`simd.select` -> `llvmx.select`."""

    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: simd.SelectOp, rewriter: PatternRewriter) -> None:
        """Rewrite one operation."""
        rewriter.replace(op, llvmx.SelectOp(op.mask, op.a, op.b))


@dataclass(frozen=True)
class LowerPackBits(RewritePattern):
    """A mask as a word is a bit cast, except where that is slow.

        %w = simd.pack_bits %mask : vector<16xi1> to i16
    ->
        %w = llvm.bitcast %mask : vector<16xi1> to i16

    ARMv7 has no instruction for it and LLVM moves lane by lane. There, eight lanes at a time
    become their bits' weights (1, 2, 4, ..., 128), which three pairwise sums add up.
    """

    target: Target

    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: simd.PackBitsOp, rewriter: PatternRewriter) -> None:
        """Rewrite one operation."""
        if not INTRINSICS["arm.neon.vpadd.v8i8"].available(self.target):
            rewriter.replace(op, llvm.BitcastOp(op.mask, op.result.type))
            return
        rewriter.replace(op, self._by_pairwise_sums(op))

    def _by_pairwise_sums(self, op: simd.PackBitsOp) -> list[Operation]:
        pairwise = INTRINSICS["arm.neon.vpadd.v8i8"]
        byte, mask_type = IntegerType(8), op.mask.type
        assert isinstance(mask_type, VectorType)
        lanes = mask_type.get_shape()[0]
        bytes_type, eight = VectorType(byte, [lanes]), VectorType(byte, [8])
        weights = arith.ConstantOp(
            DenseIntOrFPElementsAttr.from_list(
                bytes_type, [1 << (lane % 8) for lane in range(lanes)]
            )
        )
        zero = arith.ConstantOp(DenseIntOrFPElementsAttr.from_list(bytes_type, [0]))
        weighted = llvmx.SelectOp(op.mask, weights.result, zero.result)
        ops: list[Operation] = [weights, zero, weighted]

        groups: list[SSAValue] = []
        for first in range(0, lanes, 8):
            group = weighted.result
            if lanes > 8:
                lanes_of_group = DenseArrayBase.from_list(i64, range(first, first + 8))
                shuffle = vector.ShuffleOp(group, group, lanes_of_group, result_type=eight)
                ops.append(shuffle)
                group = shuffle.result
            groups.append(group)
        # Each round halves the lanes of a group and joins two groups, until a byte is left of each.
        for _ in range(3):
            pairs = [
                (groups[k], groups[min(k + 1, len(groups) - 1)]) for k in range(0, len(groups), 2)
            ]
            calls = [pairwise.call(self.target, pair) for pair in pairs]
            ops.extend(calls)
            groups = [call.results[0] for call in calls]
        # With fewer than eight groups the low bytes are the word and the rest repeats them.
        word = llvm.BitcastOp(groups[0], IntegerType(64))
        ops.append(word)
        if lanes < 64:
            ops.append(llvm.TruncOp(word.result, op.result.type))
        return ops


class LowerReduceAdd(RewritePattern):
    """`simd.reduce_add` -> `vector.reduction <add>`."""

    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: simd.ReduceAddOp, rewriter: PatternRewriter) -> None:
        """Rewrite one operation."""
        kind = vector.CombiningKindAttr(vector.CombiningKindFlag.ADD)
        rewriter.replace(
            op,
            # The constructor of ReductionOp gives the result the type of the vector.
            vector.ReductionOp.build(
                operands=[op.source, None],
                result_types=[op.result.type],
                properties={"kind": kind},
            ),
        )


class LowerBroadcastLoad(RewritePattern):
    """A scalar load that is splat; x86 and ARM fold the two into one instruction.

        %v = simd.broadcast_load %m[%i] : memref<8xi32> to vector<16xi32>
    ->
        %0 = memref.load %m[%i] : memref<8xi32>
        %v = vector.broadcast %0 : i32 to vector<16xi32>
    """

    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: simd.BroadcastLoadOp, rewriter: PatternRewriter) -> None:
        """Rewrite one operation."""
        load = memref.LoadOp.get(op.base, op.indices)
        assert isinstance(op.result.type, VectorType)
        rewriter.replace(op, (load, vector.BroadcastOp(load.res, op.result.type)))


@dataclass(frozen=True)
class SimdLowerPass(ModulePass):
    """Replace every simd operation by what `target` does best.

    Raises:
        ValueError: if there is no such target.
    """

    name = "simd-lower"

    target: str = "host"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        """Rewrite the module."""
        target = get_target(self.target)
        patterns: list[RewritePattern] = [
            LowerPopcountAcc(),
            LowerDotAcc(target),
            LowerBitFields(target),
            LowerLookup(target),
            LowerBroadcastLoad(),
            LowerExtUI(),
            LowerExtSI(),
            LowerTruncI(),
            LowerSIToFP(),
            LowerFPToSI(),
            LowerCmpI(),
            LowerSelect(),
            LowerPackBits(target),
            LowerReduceAdd(),
        ]
        PatternRewriteWalker(
            GreedyRewritePatternApplier(patterns), apply_recursively=False
        ).rewrite_module(op)
