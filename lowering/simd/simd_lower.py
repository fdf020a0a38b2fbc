"""`simd-lower`: the simd dialect in terms of arith, math, memref, vector and LLVM operations.

Every operation has one expansion that is right everywhere; where the target has something
better, and it is in the table of intrinsics, the pattern takes that.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from xdsl.context import Context
from xdsl.dialects import arith, llvm, memref, vector
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

from lowbit_dialect import arith_ops, llvm_casts, llvm_ops, simd
from lowering.llvm.intrinsics import INTRINSICS
from lowering.simd.lower_add_sat import LowerAddSat
from lowering.simd.lower_dot import LowerDotAcc
from lowering.simd.lower_floor import LowerFPToSI
from lowering.simd.lower_lookup import LowerLookup
from lowering.simd.lower_mul import LowerMulAcc, LowerRoundShiftAcc
from lowering.simd.lower_narrow import LowerNarrow
from lowering.simd.lower_pack import LowerPackBits, LowerPackMasks
from lowering.simd.lower_popcount import LowerPopcountAcc
from lowering.support.single_walk import rewrite_each
from lowering.targets import Target, get_target

_NO_FLAGS = IntegerAttr(0, 32)


def _converted(to: type[Operation], op: simd.CastOp, **properties: Attribute) -> Operation:
    return to.create(
        operands=op.operands, result_types=[op.result.type], properties=dict(properties)
    )


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
        rewriter.replace(op, _converted(llvm_casts.TruncOp, op, overflowFlags=_NO_FLAGS))


class LowerSIToFP(RewritePattern):
    """`simd.sitofp` -> `llvm.sitofp`."""

    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: simd.SIToFPOp, rewriter: PatternRewriter) -> None:
        """Rewrite one operation."""
        rewriter.replace(op, _converted(llvm.SIToFPOp, op))


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


class LowerCmpF(RewritePattern):
    """`simd.cmpf olt` -> `llvm.fcmp "olt"`."""

    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: simd.CmpFOp, rewriter: PatternRewriter) -> None:
        """Rewrite one operation."""
        rewriter.replace(op, llvm_ops.FCmpOp(op.a, op.b, op.predicate.data.value))


class LowerSelect(RewritePattern):
    """`simd.select` -> `llvm.select`."""

    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: simd.SelectOp, rewriter: PatternRewriter) -> None:
        """Rewrite one operation."""
        chosen = llvm_ops.SelectOp.create(
            operands=op.operands,
            result_types=[op.result.type],
            properties={"fastmathFlags": llvm_ops.NO_FAST_MATH},
        )
        rewriter.replace(op, chosen)


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
        bytes_ = VectorType(IntegerType(8), [lanes])
        repeats_scalars = INTRINSICS["arm.neon.vpadd.v8i8"].available(self.target)
        ops = self._by_byte(op.word) if repeats_scalars else self._by_shuffle(op.word)
        weights = [1 << lane % 8 for lane in range(lanes)]
        signed = [weight - 256 if weight > 127 else weight for weight in weights]
        bits = arith.ConstantOp(DenseIntOrFPElementsAttr.from_list(bytes_, signed))
        tested = arith.AndIOp(ops[-1].results[0], bits.result)
        equal = IntegerAttr(llvm.ICmpPredicateFlag("eq").to_int(), i64)
        mask = llvm.ICmpOp(tested.result, bits.result, equal)
        rewriter.replace(op, (*ops, bits, tested, mask))

    def _by_shuffle(self, word: SSAValue) -> list[Operation]:
        """Every byte of a word eight times, the last one's result."""
        assert isinstance(word.type, IntegerType)
        lanes = word.type.width.data
        words, bytes_ = VectorType(word.type, [8]), VectorType(IntegerType(8), [lanes])
        splat = vector.BroadcastOp(word, words)
        source = llvm.BitcastOp(splat.vector, bytes_)
        order = DenseArrayBase.from_list(i64, [lane // 8 for lane in range(lanes)])
        repeated = vector.ShuffleOp(source.result, source.result, order, result_type=bytes_)
        return [splat, source, repeated]

    def _by_byte(self, word: SSAValue) -> list[Operation]:
        """The same from bytes in scalar registers: ARMv7 has no shuffle for it."""
        assert isinstance(word.type, IntegerType)
        byte, ops = IntegerType(8), list[Operation]()
        parts: list[SSAValue] = []
        for start in range(0, word.type.width.data, 8):
            part = word
            if start:
                amount = arith.ConstantOp.from_int_and_width(start, word.type)
                shifted = arith.ShRUIOp(word, amount.result)
                ops += [amount, shifted]
                part = shifted.result
            if word.type != byte:
                ops.append(arith_ops.TruncIOp(part, byte))
                part = ops[-1].results[0]
            splat = vector.BroadcastOp(part, VectorType(byte, [8]))
            ops.append(splat)
            parts.append(splat.vector)
        while len(parts) > 1:
            assert isinstance(parts[0].type, VectorType)
            lanes = 2 * parts[0].type.get_shape()[0]
            order = DenseArrayBase.from_list(i64, range(lanes))
            type_ = VectorType(byte, [lanes])
            joined = [
                vector.ShuffleOp(low, high, order, result_type=type_)
                for low, high in zip(parts[::2], parts[1::2], strict=True)
            ]
            ops += joined
            parts = [shuffle.results[0] for shuffle in joined]
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
                simd.AddSatOp: LowerAddSat(target),
                simd.PopcountAccOp: LowerPopcountAcc(target),
                simd.DotAccOp: LowerDotAcc(target),
                simd.MulAccOp: LowerMulAcc(target),
                simd.RoundShiftAccOp: LowerRoundShiftAcc(target),
                simd.UnpackBitsOp: LowerUnpackBits(target),
                simd.LookupOp: LowerLookup(target),
                simd.BroadcastLoadOp: LowerBroadcastLoad(),
                simd.ExtUIOp: LowerExtUI(),
                simd.ExtSIOp: LowerExtSI(),
                simd.TruncIOp: LowerTruncI(),
                simd.NarrowOp: LowerNarrow(target),
                simd.SIToFPOp: LowerSIToFP(),
                simd.FPToSIOp: LowerFPToSI(target),
                simd.CmpFOp: LowerCmpF(),
                simd.CmpIOp: LowerCmpI(),
                simd.SelectOp: LowerSelect(),
                simd.PackBitsOp: LowerPackBits(target),
                simd.PackMasksOp: LowerPackMasks(target),
                simd.ReduceAddOp: LowerReduceAdd(),
            },
        )
