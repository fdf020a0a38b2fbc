"""`simd-lower`: the simd dialect in terms of arith, math, memref, vector and LLVM operations.

Every operation has one expansion that is right everywhere; where the target has something
better, and it is in the table of intrinsics, the pattern takes that.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

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
from xdsl.ir import Attribute, Operation, SSAValue
from xdsl.passes import ModulePass
from xdsl.pattern_rewriter import PatternRewriter, RewritePattern, op_type_rewrite_pattern
from xdsl.rewriter import InsertPoint

from lowbit_dialect import llvmx, simd
from lowering.simd.intrinsics import INTRINSICS, Intrinsic
from lowering.simd.lower_dot import LowerDotAcc
from lowering.simd.lower_lookup import LowerLookup
from lowering.simd.lower_narrow import LowerNarrow
from lowering.single_walk import rewrite_each
from lowering.targets import Target, get_target


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


def _converted(to: type[Operation], op: simd.CastOp) -> Operation:
    return to.create(operands=op.operands, result_types=[op.result.type])


@cache
def _predicate(predicate: simd.Predicate) -> IntegerAttr:
    return IntegerAttr(llvm.ICmpPredicateFlag(predicate.value).to_int(), i64)


class LowerExtUI(RewritePattern):
    """`simd.extui` -> `llvm.zext`."""

    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: simd.ExtUIOp, rewriter: PatternRewriter) -> None:
        """Rewrite one operation."""
        rewriter.replace(op, _converted(llvm.ZExtOp, op))


class LowerExtSI(RewritePattern):
    """`simd.extsi` -> `llvm.sext`."""

    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: simd.ExtSIOp, rewriter: PatternRewriter) -> None:
        """Rewrite one operation."""
        rewriter.replace(op, _converted(llvm.SExtOp, op))


class LowerTruncI(RewritePattern):
    """`simd.trunci` -> `llvm.trunc`."""

    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: simd.TruncIOp, rewriter: PatternRewriter) -> None:
        """Rewrite one operation."""
        rewriter.replace(op, _converted(llvm.TruncOp, op))


class LowerSIToFP(RewritePattern):
    """`simd.sitofp` -> `llvm.sitofp`."""

    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: simd.SIToFPOp, rewriter: PatternRewriter) -> None:
        """Rewrite one operation."""
        rewriter.replace(op, _converted(llvm.SIToFPOp, op))


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
        compared = llvm.ICmpOp.create(
            operands=op.operands,
            result_types=[op.result.type],
            properties={"predicate": _predicate(op.predicate.data)},
        )
        rewriter.replace(op, compared)


class LowerSelect(RewritePattern):
    """`simd.select` -> `llvmx.select`."""

    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: simd.SelectOp, rewriter: PatternRewriter) -> None:
        """Rewrite one operation."""
        chosen = llvmx.SelectOp.create(operands=op.operands, result_types=[op.result.type])
        rewriter.replace(op, chosen)


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


@dataclass(frozen=True)
class LowerUnpackBits(RewritePattern):
    """A word as a mask is a bit cast where masks have registers of their own.

        %mask = simd.unpack_bits %w : i32 to vector<32xi1>
    ->
        %mask = llvm.bitcast %w : i32 to vector<32xi1>

    Elsewhere LLVM takes the bits one by one. There, each byte of a splat of the word is repeated
    eight times, and tested for one bit in each.
    """

    target: Target

    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: simd.UnpackBitsOp, rewriter: PatternRewriter) -> None:
        """Rewrite one operation."""
        if self.target.has("avx512bw"):
            rewriter.replace(op, llvm.BitcastOp(op.word, op.result.type))
            return
        assert isinstance(op.word.type, IntegerType)
        lanes = op.word.type.width.data
        words, bytes_ = VectorType(op.word.type, [8]), VectorType(IntegerType(8), [lanes])
        splat = vector.BroadcastOp(op.word, words)
        source = llvm.BitcastOp(splat.vector, bytes_)
        order = DenseArrayBase.from_list(i64, [lane // 8 for lane in range(lanes)])
        repeated = vector.ShuffleOp(source.result, source.result, order, result_type=bytes_)
        weights = [1 << lane % 8 for lane in range(lanes)]
        signed = [weight - 256 if weight > 127 else weight for weight in weights]
        bits = arith.ConstantOp(DenseIntOrFPElementsAttr.from_list(bytes_, signed))
        tested = arith.AndIOp(repeated.result, bits.result)
        equal = IntegerAttr(llvm.ICmpPredicateFlag("eq").to_int(), i64)
        mask = llvm.ICmpOp(tested.result, bits.result, equal)
        rewriter.replace(op, (splat, source, repeated, bits, tested, mask))


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
        type_ = op.result.type
        assert isinstance(type_, VectorType)
        load = memref.LoadOp.create(operands=op.operands, result_types=[type_.element_type])
        splat = vector.BroadcastOp.create(operands=load.results, result_types=[type_])
        rewriter.replace(op, (load, splat))


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
        rewrite_each(
            op,
            {
                simd.PopcountAccOp: LowerPopcountAcc(target),
                simd.DotAccOp: LowerDotAcc(target),
                simd.UnpackBitsOp: LowerUnpackBits(target),
                simd.LookupOp: LowerLookup(target),
                simd.BroadcastLoadOp: LowerBroadcastLoad(),
                simd.ExtUIOp: LowerExtUI(),
                simd.ExtSIOp: LowerExtSI(),
                simd.TruncIOp: LowerTruncI(),
                simd.NarrowOp: LowerNarrow(target),
                simd.SIToFPOp: LowerSIToFP(),
                simd.FPToSIOp: LowerFPToSI(),
                simd.CmpIOp: LowerCmpI(),
                simd.SelectOp: LowerSelect(),
                simd.PackBitsOp: LowerPackBits(target),
                simd.ReduceAddOp: LowerReduceAdd(),
            },
        )
